"""From the JSON of one event to an Item: aliases, rules, repairs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from events.ingest.items import Item, fingerprint
from flameup.api import exact_json
from flameup.api.errors import InvalidField
from flameup.api.ids import EPOCH
from flameup.api.payload import PayloadCleaner, RepairWarning
from flameup.api.text import clean_identity, clean_name, first_alias
from flameup.api.times import format_time, parse_time
from people.identities import IDENTITY_FIELDS, Identity

EVENT_FIELDS = ("event", "event_name")
MESSAGE_ID_FIELDS = ("message_id", "messageId")
MAX_AHEAD = timedelta(hours=24)
MAX_USER_AGENT_BYTES = 1024

# The event object is level 1, so what stands in it begins at level 2.
_PAYLOAD_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the items of one request share."""

    workspace_id: int
    received_at: datetime
    source: str
    idempotency_key: str | None = None


def decode_item(fields: Any, envelope: Envelope) -> Item:
    """Return the item that a decoded JSON value describes; raises InvalidField."""
    if not isinstance(fields, dict):
        raise InvalidField("", "An event must be a JSON object.")
    cleaner = PayloadCleaner()
    identity = clean_identity(*first_alias(fields, IDENTITY_FIELDS))
    event = clean_name(*first_alias(fields, EVENT_FIELDS))
    parameters = _parameters(fields, cleaner)
    context = _context(fields, cleaner)
    timestamp = _timestamp(fields, envelope, context, cleaner.warnings)
    item = Item(
        person=Identity(envelope.workspace_id, identity),
        event=event,
        timestamp=timestamp,
        received_at=envelope.received_at,
        source=envelope.source,
        parameters=exact_json.dumps(parameters),
        context=exact_json.dumps(context),
        warnings=cleaner.warnings,
    )
    _identify(item, fields, envelope, parameters)
    return item


def _parameters(fields: Mapping[str, Any], cleaner: PayloadCleaner) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name in ("properties", "parameters"):
        merged |= _object(fields, name, cleaner)
    return merged


def _object(fields: Mapping[str, Any], name: str, cleaner: PayloadCleaner) -> dict[str, Any]:
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidField(name, "must be an object.")
    cleaned: dict[str, Any] = cleaner.clean(value, name, _PAYLOAD_DEPTH)
    return cleaned


def _context(fields: Mapping[str, Any], cleaner: PayloadCleaner) -> dict[str, Any]:
    context = _object(fields, "context", cleaner)
    for alias, name in (("ip", "ip"), ("ua", "user_agent")):
        field = f"context.{name}"
        if context.get(name) is None and fields.get(alias) is not None:
            context[name], field = cleaner.clean(fields[alias], alias, _PAYLOAD_DEPTH), alias
        if context.get(name) is not None:
            clean = _ip if name == "ip" else _user_agent
            context[name] = clean(context[name], field, cleaner.warnings)
    return context


def _ip(value: Any, field: str, warnings: list[RepairWarning]) -> str:
    try:
        return str(ip_address(value.strip()))
    except (AttributeError, ValueError):
        raise InvalidField(field, "must be an IP address.") from None


def _user_agent(value: Any, field: str, warnings: list[RepairWarning]) -> str:
    if not isinstance(value, str):
        raise InvalidField(field, "must be a string.")
    data = value.encode()
    if len(data) <= MAX_USER_AGENT_BYTES:
        return value
    message = f"longer than {MAX_USER_AGENT_BYTES:,} bytes, the rest was cut off."
    warnings.append(RepairWarning(field, "truncated", message))
    return data[:MAX_USER_AGENT_BYTES].decode(errors="ignore")


def _timestamp(
    fields: Mapping[str, Any],
    envelope: Envelope,
    context: dict[str, Any],
    warnings: list[RepairWarning],
) -> datetime:
    """Return when it happened; a clock that is far off must not lose the event."""
    sent = fields.get("timestamp")
    if sent is None:
        return envelope.received_at
    moment = read_time(sent, "timestamp")
    if EPOCH <= moment <= envelope.received_at + MAX_AHEAD:
        return moment
    context["original_timestamp"] = format_time(moment)
    message = "before 1970 or more than 24 hours ahead; stored at the time of receipt."
    warnings.append(RepairWarning("timestamp", "timestamp_out_of_range", message))
    return envelope.received_at


def read_time(value: Any, field: str) -> datetime:
    """Return the time in a JSON value; raises InvalidField."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidField(field, "must be a string in RFC 3339.")
    try:
        return parse_time(str(value)).astimezone(UTC)
    except ValueError as error:
        raise InvalidField(field, str(error)) from None


def _identify(
    item: Item, fields: Mapping[str, Any], envelope: Envelope, parameters: dict[str, Any]
) -> None:
    own = next((name for name in MESSAGE_ID_FIELDS if fields.get(name) is not None), None)
    if own is not None:
        item.message_id = clean_name(fields[own], own)
    elif envelope.idempotency_key is not None:
        item.message_id, item.must_match = envelope.idempotency_key, True
    if item.message_id is not None:
        text = exact_json.dump_sorted(parameters)
        item.fingerprint = fingerprint(item.person.value, item.event, text)
