from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from events.models import QualityCount, RejectedItem
from events.quality import retention
from events.quality.reasons import reason_of
from events.quality.tables import write
from events.quality.tally import Tally
from events.services import quality_counts
from events.tasks import forget_old_rejected_items
from tests.events.quality.conftest import REFUSED
from workspaces.models import new_uuid

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def count_at(workspace, moment):
    tally = Tally()
    tally.count(workspace.id, new_uuid(), moment, [reason_of(REFUSED)])
    write(tally, connection)


def test_items_go_after_seven_days(rejected, workspace, other_workspace, monkeypatch):
    monkeypatch.setattr(retention, "_PIECE", 2)
    for hours in (1, 167, 169, 200, 500, 900, 1000):
        for where in (workspace, other_workspace):
            rejected(b"{}", where=where, at=NOW - timedelta(hours=hours))
    assert forget_old_rejected_items() == 10
    for where in (workspace, other_workspace):
        left = RejectedItem.objects.in_workspace(where.id)
        assert {(NOW - item.received_at) // timedelta(hours=1) for item in left} == {1, 167}


def test_counts_go_after_ninety_days(workspace, other_workspace):
    for days in (0, 90, 91, 400):
        for where in (workspace, other_workspace):
            count_at(where, NOW - timedelta(days=days))
    forget_old_rejected_items()
    for where in (workspace, other_workspace):
        left = QualityCount.objects.in_workspace(where.id)
        assert {(NOW.date() - row.day).days for row in left} == {0, 90}


def test_counts_are_read_since_a_day_and_newest_first(workspace, other_workspace):
    for days in (0, 1, 2):
        count_at(workspace, NOW - timedelta(days=days))
    count_at(other_workspace, NOW)
    since = NOW.date() - timedelta(days=1)
    rows = quality_counts(workspace.id, since)
    assert [row.day for row in rows] == [NOW.date(), since]
    assert {row.workspace_id for row in rows} == {workspace.id}


def test_workspace_that_is_deleted_takes_all_along(rejected, workspace):
    rejected(b"{}")
    count_at(workspace, NOW)
    workspace_id = workspace.id
    workspace.delete()
    assert not RejectedItem.objects.in_workspace(workspace_id).exists()
    assert not QualityCount.objects.in_workspace(workspace_id).exists()
