"""A second, quicker way to read an event that is as nearly all are.

`decode_item` is what defines an event. Here the JSON decoder itself checks most of
what is asked of a plain one, and everything else is left to `decode_item`; where
there is an answer, it is the same.
"""

from datetime import datetime
from typing import Any

import msgspec

from events.ingest.decode import (
    MAX_AHEAD,
    MAX_SKEW,
    MAX_USER_AGENT_BYTES,
    Envelope,
    canonical_address,
    identify,
)
from events.ingest.items import Item
from flameup.api.exact_json import DOUBTS, MAX_NUMBER_DIGITS, may_hold_long_number, read_fraction
from flameup.api.ids import EPOCH
from flameup.api.payload import plain_text
from flameup.api.text import MAX_NAME_LENGTH
from flameup.api.times import parse_usual
from people.identities import Identity

Payload = dict[str, Any]


class _Event(msgspec.Struct):
    """The fields of a plain event; what is `None` only must not be there."""

    external_id: str | None = None
    user_id: str | None = None
    userId: str | None = None  # noqa: N815 (the API's own name)
    event: str | None = None
    event_name: str | None = None
    timestamp: str | None = None
    sent_at: str | None = None
    sentAt: str | None = None  # noqa: N815
    parameters: Payload | None = None
    properties: Payload | None = None
    context: Payload | None = None
    message_id: str | None = None
    messageId: str | None = None  # noqa: N815
    ip: None = None
    ua: None = None


_decoder = msgspec.json.Decoder(_Event, float_hook=read_fraction)


def decode_plain(data: bytes, envelope: Envelope) -> Item | None:
    """Return the item that this JSON describes, or None on the slightest doubt."""
    if len(data) > MAX_NUMBER_DIGITS and may_hold_long_number(data):
        return None
    try:
        fields = _decoder.decode(data)
    except DOUBTS:
        return None
    person = _first(fields.external_id, fields.user_id, fields.userId)
    event = _first(fields.event, fields.event_name)
    message_id = fields.message_id if fields.message_id is not None else fields.messageId
    timestamp = _timestamp(fields.timestamp, envelope)
    parameters = _parameters(fields)
    context = _context(fields.context) if fields.context else "{}"
    if (
        timestamp is None
        or _is_skewed(fields, envelope)
        or parameters is None
        or context is None
        or not _is_plain_name(person)
        or not _is_plain_name(event)
        or not (message_id is None or _is_plain_name(message_id))
    ):
        return None
    workspace_id, received_at, source, _ = envelope
    identity = Identity(workspace_id, person)
    item = Item(identity, event, timestamp, received_at, source, parameters, context)
    identify(item, message_id, envelope)
    return item


def _first(*values: str | None) -> str:
    """Return the first that is there, or the empty text, which is no name."""
    for value in values:
        if value is not None:
            return value
    return ""


def _parameters(fields: _Event) -> str | None:
    if not fields.properties:
        return plain_text(fields.parameters) if fields.parameters else "{}"
    return None if fields.parameters else plain_text(fields.properties)


def _is_plain_name(name: str) -> bool:
    # What is printable is visible, too, and of white space there is only the space.
    return (
        0 < len(name) <= MAX_NAME_LENGTH
        and name.isprintable()
        and name[0] != " "
        and name[-1] != " "
    )


def _timestamp(text: str | None, envelope: Envelope) -> datetime | None:
    if text is None:
        return envelope.received_at
    moment = parse_usual(text)
    if moment is None or not EPOCH <= moment <= envelope.received_at + MAX_AHEAD:
        return None
    return moment


def _is_skewed(fields: _Event, envelope: Envelope) -> bool:
    sent_at = fields.sent_at if fields.sent_at is not None else fields.sentAt
    if sent_at is None:
        return False
    moment = parse_usual(sent_at)
    return moment is None or abs(envelope.received_at - moment) > MAX_SKEW


def _context(context: Payload) -> str | None:
    ip, user_agent = context.get("ip"), context.get("user_agent")
    try:
        if ip is not None and canonical_address(ip) != ip:
            return None
    except (TypeError, ValueError):
        return None
    is_plain = user_agent is None or (
        isinstance(user_agent, str)
        and user_agent.isascii()
        and len(user_agent) <= MAX_USER_AGENT_BYTES
    )
    return plain_text(context) if is_plain else None
