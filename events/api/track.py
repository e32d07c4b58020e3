"""What the tracking endpoints do between the body and the answer."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.conf import settings

from events import ingest
from events.api.notes import Received, note_outcomes
from events.ingest.bodies import too_large
from events.ingest.decode import Envelope, decode_item
from events.ingest.items import Item, Outcome, Refused, Stored
from events.ingest.split import TOO_DEEP, RawItem, split_batch
from events.models import Event
from flameup.api.access import Access
from flameup.api.body import decode_text, invalid_json, parse_json
from flameup.api.errors import (
    BatchEmpty,
    BatchTooLarge,
    Detail,
    InvalidField,
    PayloadTooLarge,
    ValidationFailed,
    error_object,
)
from flameup.api.exact_json import JSONSyntaxError
from flameup.api.ids import format_event_id
from flameup.api.payload import MAX_DEPTH
from flameup.api.text import clean_name

MAX_BATCH = 100

_SOURCE = Event.Source.API.value

Answer = dict[str, Any]

# Django's own asks its settings first, which takes as long as looking at the clock five times.
now = partial(datetime.now, UTC)


def new_envelope(workspace_id: int, idempotency_key: str | None) -> Envelope:
    """Return what the items of a request share; raises InvalidField for a bad header."""
    if idempotency_key is not None:
        idempotency_key = clean_name(idempotency_key, "Idempotency-Key")
    return Envelope(workspace_id, now(), _SOURCE, idempotency_key)


def read_batch(body: bytes) -> list[RawItem]:
    """Return the elements of the batch that a body is; raises APIError."""
    text = decode_text(body)
    if not text.lstrip(" \t\r\n").startswith("{"):
        parse_json(text)
        raise ValidationFailed(details=[Detail("", "The body must be a JSON object.")])
    try:
        elements = split_batch(text)
    except JSONSyntaxError as error:
        raise invalid_json(error) from None
    if elements is None:
        raise ValidationFailed(details=[Detail("events", "must be a list of events.")])
    if not elements:
        raise BatchEmpty(details=[Detail("events", "must have at least one event.")])
    if len(elements) > MAX_BATCH:
        message = f"must have at most {MAX_BATCH} events, has {len(elements)}."
        raise BatchTooLarge(details=[Detail("events", message)])
    return elements


def raw_items(elements: list[RawItem]) -> list[bytes]:
    """Return the text of each element."""
    return [element.raw for element in elements]


def decode_batch(elements: list[RawItem], envelope: Envelope) -> list[Item | Refused]:
    """Decode each element on its own; what is wrong with one is kept in its place."""
    max_bytes = settings.API_MAX_EVENT_BYTES
    return [_decode(element, envelope.of_item(i), max_bytes) for i, element in enumerate(elements)]


def store_items(items: list[Item], access: Access) -> list[Outcome]:
    """Store the items; those of a test key are only said to be."""
    if access.is_test:
        return [Stored(item.event_id, warnings=item.warnings) for item in items]
    return ingest.submit(items) if items else []


def track_members(outcome: Outcome, received: Received) -> Answer:
    """Return the members of the answer to a single event; raises APIError if it was not stored.

    What was refused or repaired is noted, here and in `batch_members`.
    """
    note_outcomes([outcome], received)
    if isinstance(outcome, Refused):
        raise outcome.as_error()
    return {**_result_members(outcome), "message": "Event tracked successfully"}


def batch_members(outcomes: Sequence[Outcome], received: Received) -> Answer:
    """Return the members of the answer to a batch; raises APIError if nothing was stored."""
    note_outcomes(outcomes, received)
    results = [{"index": i, **_result_members(outcome)} for i, outcome in enumerate(outcomes)]
    rejected = sum(isinstance(outcome, Refused) for outcome in outcomes)
    members = {
        "success": rejected == 0,
        "accepted": len(outcomes) - rejected,
        "rejected": rejected,
        "event_ids": [result.get("event_id") for result in results],
        "results": results,
    }
    if rejected == len(outcomes):
        raise ValidationFailed("No event of the batch was accepted.", extra=members)
    return members


def _result_members(outcome: Outcome) -> Answer:
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


def _decode(element: RawItem, envelope: Envelope, max_bytes: int) -> Item | Refused:
    if element.size > max_bytes:
        return Refused(PayloadTooLarge.code, too_large(element.size))
    if element.value is TOO_DEEP:
        return Refused(
            "validation_error", f"An event must not be nested more than {MAX_DEPTH} deep."
        )
    try:
        return decode_item(element.value, envelope)
    except InvalidField as error:
        detail = error.detail_of_field
        return Refused("validation_error", str(detail), [detail])
