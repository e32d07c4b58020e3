import json
from datetime import timedelta

import pytest
from django.utils import timezone

from events.ingest.decode import Envelope
from events.ingest.items import Refused
from events.models import QualityCount, RejectedItem
from events.quality.reasons import reason_of
from events.quality.recorder import Recorder
from events.quality.tally import Tally, new_item
from events.services import quality_counts
from flameup.api.errors import Detail
from tests.api.fixtures import limiter, seconds
from tests.events.threads import PATIENCE
from workspaces.models import new_uuid

__all__ = ["limiter", "seconds"]

REFUSED = Refused("validation_error", "event: must not be empty.", [Detail("event", "bad")])


@pytest.fixture
def counts():
    """Returns how often each reason was met in a workspace."""

    def read(workspace):
        yesterday = timezone.now().date() - timedelta(days=1)
        return {
            (row.outcome, row.code, row.field): row.count
            for row in quality_counts(workspace.id, yesterday)
        }

    return read


@pytest.fixture
def kept():
    """Returns the refused items of a workspace, the oldest first."""

    def read(workspace):
        return list(RejectedItem.objects.in_workspace(workspace.id).newest_first())[::-1]

    return read


@pytest.fixture
def rejected(workspace):
    """Makes a refused item of what is to be sent: fields, or the text as it came."""

    def make(raw, *, where=workspace, at=None, source="api", key=None):
        body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
        item = new_item(
            reason_of(REFUSED), "bad", body, envelope_of(where, at, source, key), new_uuid()
        )
        item.save()
        return item

    return make


def envelope_of(workspace, at=None, source="api", key=None):
    return Envelope(workspace.id, at or timezone.now(), source, key)


def a_tally(workspace, *, items=1, raw=b"{}", api_key_id=None, refused=REFUSED):
    """Return a tally of refused items of a workspace."""
    tally, envelope = Tally(), envelope_of(workspace)
    api_key_id, reason = api_key_id or new_uuid(), reason_of(refused)
    for _ in range(items):
        tally.count(workspace.id, api_key_id, envelope.received_at, [reason])
        tally.items.append(new_item(reason, refused.message, raw, envelope, api_key_id))
    return tally


@pytest.fixture
def make_recorder():
    """Makes recorders, which are stopped in the end."""
    recorders = []

    def make():
        recorders.append(Recorder())
        return recorders[-1]

    yield make
    for made in recorders:
        made.drain(PATIENCE)


def total(workspace):
    """Return how many items of a workspace are counted."""
    rows = QualityCount.objects.in_workspace(workspace.id)
    return sum(rows.values_list("count", flat=True))
