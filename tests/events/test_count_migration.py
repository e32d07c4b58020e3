from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

from django.apps import apps
from django.db import connection

from events import counts
from events.ingest.store import store
from events.models import DayCount, QuarterCount
from tests.factories import make_item

NOON = datetime(2024, 1, 15, 12, 7, tzinfo=UTC)

migration = import_module("events.migrations.0004_count_events")


def count_events():
    migration.count_events(apps, SimpleNamespace(connection=connection))


def rows_of(workspace):
    return [
        set(model.objects.filter(workspace_id=workspace.id).values_list("event", time, "count"))
        for model, time in ((QuarterCount, "quarter"), (DayCount, "day"))
    ]


def test_events_that_are_there_are_counted_as_folding_would(workspace, other_workspace):
    moments = [NOON, NOON + timedelta(minutes=8), NOON + timedelta(hours=11, minutes=53), NOON]
    for where in (workspace, other_workspace):
        items = [make_item(where, event=name, timestamp=at) for name in "ab" for at in moments]
        store(items, connection)
    counts.fold(connection, workspace.id)
    folded = rows_of(workspace)
    # Over what is there, folded or not, and twice.
    count_events()
    count_events()
    assert rows_of(workspace) == rows_of(other_workspace) == folded
    assert counts.total(other_workspace.id, (), None, None) == 8
