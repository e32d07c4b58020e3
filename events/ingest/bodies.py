"""Reading the body of a single event, which is also how it is read again when it is replayed."""

from typing import Any

from django.conf import settings

from flameup.api.body import decode_text, parse_json
from flameup.api.errors import PayloadTooLarge


def read_event(body: bytes) -> Any:
    """Return the JSON value that the body of a single event is; raises APIError."""
    if len(body) > settings.API_MAX_EVENT_BYTES:
        raise PayloadTooLarge(too_large(len(body)))
    return parse_json(decode_text(body))


def too_large(size: int) -> str:
    """Return what is said of an event of so many bytes."""
    limit = settings.API_MAX_EVENT_BYTES
    return f"The event has {size:,} bytes; the limit of one event is {limit:,} bytes."
