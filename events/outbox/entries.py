"""Appending to the outbox, in the transaction that stores the events."""

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from django.utils import timezone

from events.models import OutboxEntry
from events.outbox.consumers import consumer_names

_APPEND = (
    "INSERT INTO events_outboxentry"
    " (id, workspace_id, consumer, event_ids, attempts, due_at, created_at) VALUES "
)


def announcing(events: Iterable[tuple[int, UUID]]) -> str:
    """Return the statement that tells every consumer of these events; empty if there is none.

    Each event is a workspace and an id; there is a row for each workspace and consumer.
    It belongs into the transaction that writes the events, and waits for nobody.
    """
    names = consumer_names()
    if not names:
        return ""
    moment = timezone.now().isoformat()
    rows = [
        # Names are checked when they are registered, and hold nothing to be escaped.
        f"('{uuid4()}',{workspace_id},'{name}','{{{ids}}}',0,'{moment}','{moment}')"
        for workspace_id, ids in _ids_by_workspace(events).items()
        for name in names
    ]
    return _APPEND + ",".join(rows)


def append(consumer: str, workspace_id: int, event_ids: Sequence[UUID]) -> None:
    """Have the consumer told again of these events alone, within the caller's transaction."""
    OutboxEntry.objects.create(
        consumer=consumer,
        workspace_id=workspace_id,
        event_ids=list(event_ids),
        # What was tried before is not mixed with others.
        attempts=1,
    )


def _ids_by_workspace(events: Iterable[tuple[int, UUID]]) -> dict[int, str]:
    ids: dict[int, list[str]] = {}
    for workspace_id, event_id in events:
        ids.setdefault(workspace_id, []).append(event_id.hex)
    return {workspace_id: ",".join(found) for workspace_id, found in ids.items()}
