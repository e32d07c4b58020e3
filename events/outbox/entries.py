"""Appending to the outbox, in the transaction that stores the events."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from django.utils import timezone

from events.ingest.items import Item
from events.models import OutboxEntry
from events.outbox.consumers import consumer_names

_APPEND = (
    "INSERT INTO events_outboxentry"
    " (id, workspace_id, consumer, event_ids, attempts, due_at, created_at) VALUES "
)


def announcing(items: Sequence[Item]) -> str:
    """Return the statement that tells every consumer of these events; empty if there is none.

    A row for each workspace and consumer. It belongs into the transaction that
    writes the events, and waits for nobody.
    """
    names = consumer_names()
    if not names:
        return ""
    moment = timezone.now().isoformat()
    rows = [
        # Names are checked when they are registered, and hold nothing to be escaped.
        f"('{uuid4()}',{workspace_id},'{name}','{{{ids}}}',0,'{moment}','{moment}')"
        for workspace_id, ids in _ids_by_workspace(items).items()
        for name in names
    ]
    return _APPEND + ",".join(rows)


def append(consumer: str, workspace_id: int, event_ids: Sequence[UUID]) -> OutboxEntry:
    """Have the consumer told of these events (again), within the caller's transaction."""
    entry: OutboxEntry = OutboxEntry.objects.create(
        consumer=consumer, workspace_id=workspace_id, event_ids=list(event_ids)
    )
    return entry


def _ids_by_workspace(items: Sequence[Item]) -> dict[int, str]:
    ids: dict[int, list[str]] = {}
    for item in items:
        ids.setdefault(item.person[0], []).append(item.event_id.hex)
    return {workspace_id: ",".join(found) for workspace_id, found in ids.items()}
