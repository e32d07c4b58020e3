"""What the tracking endpoints do between the body and the answer."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request

from events import ingest
from events.ingest.decode import Envelope, decode_item
from events.ingest.items import Item, Outcome, Refused, Stored
from events.ingest.split import TOO_DEEP, RawItem
from events.models import Event
from flameup.api.access import Access, access_of
from flameup.api.errors import InvalidField, PayloadTooLarge, error_object
from flameup.api.ids import format_event_id
from flameup.api.payload import MAX_DEPTH
from flameup.api.text import clean_name

Answer = dict[str, Any]


def read_envelope(request: Request) -> Envelope:
    """Return what the items of this request share; raises InvalidField for a bad header."""
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    return Envelope(
        workspace_id=access_of(request).workspace_id,
        received_at=timezone.now(),
        source=Event.Source.API,
        idempotency_key=None if key is None else clean_name(key, "Idempotency-Key"),
    )


def decode_batch(elements: list[RawItem], envelope: Envelope) -> list[Item | Refused]:
    """Decode each element on its own; what is wrong with one is kept in its place."""
    return [_decode(element, _envelope_of(envelope, i)) for i, element in enumerate(elements)]


def store_items(items: list[Item], access: Access) -> list[Outcome]:
    """Store the items; those of a test key are only said to be."""
    if access.is_test:
        return [Stored(item.event_id, warnings=item.warnings) for item in items]
    return ingest.submit(items) if items else []


def require_size(size: int) -> None:
    """Raise PayloadTooLarge for an event of more bytes than one may have."""
    if size > settings.API_MAX_EVENT_BYTES:
        raise PayloadTooLarge(_too_large(size))


def result_members(outcome: Outcome) -> Answer:
    """Return the members that say what became of one item."""
    if isinstance(outcome, Refused):
        error = error_object(outcome.code, outcome.message, outcome.details)
        return {"success": False, "error": error}
    members: Answer = {"success": True, "event_id": format_event_id(outcome.event_id)}
    if outcome.is_duplicate:
        members["duplicate"] = True
    if outcome.warnings:
        members["warnings"] = [warning.as_dict() for warning in outcome.warnings]
    return members


def batch_members(outcomes: list[Outcome]) -> Answer:
    """Return the members of the answer to a batch."""
    results = [{"index": i, **result_members(outcome)} for i, outcome in enumerate(outcomes)]
    rejected = sum(isinstance(outcome, Refused) for outcome in outcomes)
    return {
        "success": rejected == 0,
        "accepted": len(outcomes) - rejected,
        "rejected": rejected,
        "event_ids": [result.get("event_id") for result in results],
        "results": results,
    }


def _envelope_of(envelope: Envelope, index: int) -> Envelope:
    if envelope.idempotency_key is None:
        return envelope
    key = f"{envelope.idempotency_key}:{index}"
    return Envelope(envelope.workspace_id, envelope.received_at, envelope.source, key)


def _decode(element: RawItem, envelope: Envelope) -> Item | Refused:
    if element.size > settings.API_MAX_EVENT_BYTES:
        return Refused(PayloadTooLarge.code, _too_large(element.size))
    if element.value is TOO_DEEP:
        return Refused(
            "validation_error", f"An event must not be nested more than {MAX_DEPTH} deep."
        )
    try:
        return decode_item(element.value, envelope)
    except InvalidField as error:
        detail = error.detail_of_field
        return Refused("validation_error", str(detail), [detail])


def _too_large(size: int) -> str:
    limit = settings.API_MAX_EVENT_BYTES
    return f"The event has {size:,} bytes; the limit of one event is {limit:,} bytes."
