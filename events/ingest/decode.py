"""From the JSON of one event to an Item: aliases, rules, repairs."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

from events.ingest.items import Item, fingerprint
from flameup.api import exact_json
from flameup.api.errors import InvalidField
from flameup.api.ids import EPOCH
from flameup.api.payload import (
    PAYLOAD_DEPTH,
    Payload,
    PayloadCleaner,
    RepairWarning,
    clean_payload,
)
from flameup.api.text import clean_identity, clean_name, first_alias
from flameup.api.times import format_time, parse_time
from people.identities import IDENTITY_FIELDS, Identity

EVENT_FIELDS = ("event", "event_name")
MESSAGE_ID_FIELDS = ("message_id", "messageId")
SENT_AT_FIELDS = ("sent_at", "sentAt")
MAX_AHEAD = timedelta(hours=24)
# What a request may take on its way before its client's clock is thought to be wrong.
MAX_SKEW = timedelta(minutes=1)
MAX_USER_AGENT_BYTES = 1024


class Envelope(NamedTuple):
    """What the items of one request share."""

    workspace_id: int
    received_at: datetime
    source: str
    idempotency_key: str | None = None

    def of_item(self, index: int) -> "Envelope":
        """Return the envelope of an item of a batch: the header counts as `<header>:<index>`."""
        if self.idempotency_key is None:
            return self
        return self._replace(idempotency_key=f"{self.idempotency_key}:{index}")


def decode_item(fields: Any, envelope: Envelope) -> Item:
    """Return the item that a decoded JSON value describes; raises InvalidField."""
    if not isinstance(fields, dict):
        raise InvalidField("", "An event must be a JSON object.")
    warnings: list[RepairWarning] = []
    identity = clean_identity(*first_alias(fields, IDENTITY_FIELDS))
    event = clean_name(*first_alias(fields, EVENT_FIELDS))
    parameters = _parameters(fields, warnings)
    context, context_text = _object(fields, "context", warnings)
    added = _client(fields, context, warnings)
    timestamp = _timestamp(fields, envelope, added, warnings)
    item = Item(
        Identity(envelope.workspace_id, identity),
        event,
        timestamp,
        envelope.received_at,
        envelope.source,
        parameters,
        exact_json.dumps({**context, **added}) if added else context_text,
        warnings,
    )
    identify(item, _message_id(fields), envelope)
    return item


def _parameters(fields: Payload, warnings: list[RepairWarning]) -> str:
    """Return the JSON text of the parameters, which win over the properties beside them."""
    properties, properties_text = _object(fields, "properties", warnings)
    parameters, text = _object(fields, "parameters", warnings)
    if not properties:
        return text
    return exact_json.dumps({**properties, **parameters}) if parameters else properties_text


def _object(fields: Payload, name: str, warnings: list[RepairWarning]) -> tuple[Payload, str]:
    value = fields.get(name)
    if value is None:
        return {}, "{}"
    if not isinstance(value, dict):
        raise InvalidField(name, "must be an object.")
    return clean_payload(value, name, warnings)


def _client(fields: Payload, context: Payload, warnings: list[RepairWarning]) -> Payload:
    """Return what is new in the context: `ip` and `ua` fill it, and both are checked."""
    members = {}
    for alias, name, clean in _CLIENT:
        value, field = context.get(name), f"context.{name}"
        if value is None and (value := fields.get(alias)) is not None:
            value, field = PayloadCleaner(warnings).clean(value, alias, PAYLOAD_DEPTH), alias
        if value is not None and (cleaned := clean(value, field, warnings)) != context.get(name):
            members[name] = cleaned
    return members


def _ip(value: Any, field: str, warnings: list[RepairWarning]) -> str:
    try:
        return canonical_address(value.strip())
    except (AttributeError, ValueError):
        raise InvalidField(field, "must be an IP address.") from None


@lru_cache(maxsize=4096)
def canonical_address(text: str) -> str:
    """Return an IP address as it is stored; raises ValueError."""
    return str(ip_address(text))


def _user_agent(value: Any, field: str, warnings: list[RepairWarning]) -> str:
    if not isinstance(value, str):
        raise InvalidField(field, "must be a string.")
    data = value.encode()
    if len(data) <= MAX_USER_AGENT_BYTES:
        return value
    message = f"longer than {MAX_USER_AGENT_BYTES:,} bytes, the rest was cut off."
    warnings.append(RepairWarning(field, "truncated", message))
    return data[:MAX_USER_AGENT_BYTES].decode(errors="ignore")


# What the client is, and the fields that tell it beside the context.
_CLIENT = (("ip", "ip", _ip), ("ua", "user_agent", _user_agent))


def _timestamp(
    fields: Payload, envelope: Envelope, context: Payload, warnings: list[RepairWarning]
) -> datetime:
    """Return when it happened; a clock that is wrong or far off must not lose the event.

    `sent_at` is what the client's clock showed when it sent the event: by as much
    as that is wrong, the timestamp is.
    """
    skew = _skew(fields, envelope)
    given = fields.get("timestamp")
    if given is None:
        return envelope.received_at
    sent = read_time(given, "timestamp")
    moment = _within_range(sent, skew, envelope)
    if moment == sent:
        return sent
    context["original_timestamp"] = format_time(sent)
    if moment is None:
        message = "before 1970 or more than 24 hours ahead; stored at the time of receipt."
        warnings.append(RepairWarning("timestamp", "timestamp_out_of_range", message))
        return envelope.received_at
    message = f"moved by {skew.total_seconds():+,.0f} s, because sent_at is off by that much."
    warnings.append(RepairWarning("timestamp", "clock_skew", message))
    return moment


def _skew(fields: Payload, envelope: Envelope) -> timedelta:
    """Return how far the client's clock is behind; nothing if the event's way may have taken it."""
    for name in SENT_AT_FIELDS:
        if (value := fields.get(name)) is not None:
            skew = envelope.received_at - read_time(value, name)
            return skew if abs(skew) > MAX_SKEW else timedelta()
    return timedelta()


def _within_range(moment: datetime, skew: timedelta, envelope: Envelope) -> datetime | None:
    """Return the moment as a right clock would have told it, None if that cannot be."""
    try:
        moved = moment + skew
    except OverflowError:
        return None
    return moved if EPOCH <= moved <= envelope.received_at + MAX_AHEAD else None


def read_time(value: Any, field: str) -> datetime:
    """Return the time in a JSON value; raises InvalidField."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidField(field, "must be a string in RFC 3339.")
    try:
        return parse_time(str(value)).astimezone(UTC)
    except ValueError as error:
        raise InvalidField(field, str(error)) from None


def identify(item: Item, message_id: str | None, envelope: Envelope) -> None:
    """Give the item the message id it came with, or that of its request."""
    if message_id is not None:
        item.message_id = message_id
    elif envelope.idempotency_key is not None:
        item.message_id, item.must_match = envelope.idempotency_key, True
    else:
        return
    parameters = exact_json.dump_sorted(exact_json.loads(item.parameters))
    item.fingerprint = fingerprint(item.person.value, item.event, parameters)


def _message_id(fields: Payload) -> str | None:
    for name in MESSAGE_ID_FIELDS:
        if fields.get(name) is not None:
            return clean_name(fields[name], name)
    return None
