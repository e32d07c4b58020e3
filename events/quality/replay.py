"""Making events of items that were refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, transaction
from django.utils import timezone

from events import ingest
from events.ingest.bodies import read_event
from events.ingest.decode import Envelope, decode_item
from events.ingest.items import Item, Refused, Stored
from events.models import RejectedItem
from flameup.api.answers import to_api_error
from flameup.api.errors import APIError, InvalidField, PayloadTooLarge
from flameup.api.ids import format_event_id
from workspaces.audit import Actor, record


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of an item: the event, or why there is still none."""

    item_id: UUID
    event_id: UUID | None = None
    error: APIError | None = None


@transaction.atomic
def replay_rejected_item(
    *, workspace_id: int, item_id: UUID, by: Actor, correction: str | bytes | None = None
) -> UUID:
    """Make an event of a refused item, or of the JSON that corrects it; return the event's id.

    It is decoded as it would have been when it came, and stored once: whoever replays
    it again gets the same id, and an item whose message id is known by now gets that of
    the first event. Raises InvalidField or APIError where it is still bad, and
    RejectedItem.DoesNotExist; then nothing is changed. What was refused as a whole batch
    takes a correction, which is one event.
    """
    # Locked, so that the second of two who replay it sees what the first has made.
    items = RejectedItem.objects.in_workspace(workspace_id).select_for_update()
    rejected: RejectedItem = items.get(id=item_id)
    if rejected.event_id is not None:
        return rejected.event_id
    stored = _store(_decode(rejected, correction))
    rejected.event_id, rejected.replayed_at = stored.event_id, timezone.now()
    rejected.save(update_fields=["event_id", "replayed_at"])
    _write_down(rejected, stored, by, is_corrected=correction is not None)
    return stored.event_id


def replay_rejected_items(
    *, workspace_id: int, item_ids: Iterable[UUID], by: Actor
) -> list[Replayed]:
    """Make events of refused items, each on its own; return what became of each, in their order."""
    return [_replay(workspace_id, item_id, by) for item_id in item_ids]


def _replay(workspace_id: int, item_id: UUID, by: Actor) -> Replayed:
    try:
        event_id = replay_rejected_item(workspace_id=workspace_id, item_id=item_id, by=by)
    except (APIError, InvalidField, ObjectDoesNotExist, DatabaseError) as error:
        return Replayed(item_id, error=to_api_error(error))
    return Replayed(item_id, event_id)


def _decode(rejected: RejectedItem, correction: str | bytes | None) -> Item:
    """Return the item as the API reads it; raises InvalidField and APIError."""
    if correction is None and rejected.is_cut:
        raise PayloadTooLarge("The item was too large to be kept whole: replay a correction of it.")
    body = bytes(rejected.raw) if correction is None else correction
    # Encoded even if it holds a lone surrogate, which is then refused as no UTF-8.
    body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    envelope = Envelope(
        rejected.workspace_id,
        rejected.received_at,
        rejected.source,
        rejected.idempotency_key or None,
    )
    return decode_item(read_event(body), envelope)


def _store(item: Item) -> Stored:
    [outcome] = ingest.submit([item])
    if isinstance(outcome, Refused):
        raise outcome.as_error()
    return outcome


def _write_down(rejected: RejectedItem, stored: Stored, by: Actor, *, is_corrected: bool) -> None:
    record(
        by=by,
        workspace_id=rejected.workspace_id,
        action="rejected_item.replayed",
        target=rejected.id,
        before={"code": rejected.code, "field": rejected.field},
        after={
            "event": format_event_id(stored.event_id),
            "is_duplicate": stored.is_duplicate,
            "is_corrected": is_corrected,
        },
    )
