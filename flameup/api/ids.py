"""Identifiers as clients see them, and the UUIDs behind them."""

import os
import random
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, SafeUUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
_LAST_MILLISECOND = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MILLISECOND

# Version 7 and variant 2 of RFC 9562, and the 74 bits they leave to chance.
_VERSION_7 = 0x7 << 76 | 0x2 << 62
_RANDOM = (1 << 80) - 1 & ~(0xF << 76 | 0x3 << 62)

# Ids must differ, and need not be hard to guess: an id alone opens nothing. Asking the system for
# each would let go of the interpreter's lock, twice a request, in the middle of its work.
_generator = random.Random()  # noqa: S311
random_bits = _generator.getrandbits
os.register_at_fork(after_in_child=_generator.seed)

# A UUID lets nobody set its two members but like this.
_set = object.__setattr__
# Reading a member of an enumeration takes as long as all the rest.
_IS_SAFE = SafeUUID.unknown

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EVENT_ID = re.compile(r"(?:evt_)?([0-9a-f]{32})", re.IGNORECASE)
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def uuid7(moment: datetime) -> UUID:
    """Mint a UUIDv7 (RFC 9562, 5.7) whose time is `moment`, to the millisecond.

    Raises OverflowError for a moment before 1970.
    """
    passed = moment - EPOCH
    milliseconds = (passed.days * 86_400 + passed.seconds) * 1_000 + passed.microseconds // 1_000
    if milliseconds < 0:
        raise OverflowError("A UUIDv7 cannot name a time before 1970.")
    return _uuid(milliseconds << 80 | random_bits(80) & _RANDOM | _VERSION_7)


def _uuid(number: int) -> UUID:
    """Make a UUID in a third of the time that its own checks of many kinds of input take."""
    identifier = UUID.__new__(UUID)
    _set(identifier, "int", number)
    _set(identifier, "is_safe", _IS_SAFE)
    return identifier


def uuid7_moment(identifier: UUID) -> datetime | None:
    """Return the millisecond at which a UUIDv7 was minted; None if it cannot be a moment.

    The last millisecond that there is counts as none: it has no end.
    """
    milliseconds = identifier.int >> 80
    return EPOCH + milliseconds * MILLISECOND if milliseconds < _LAST_MILLISECOND else None


def parse_uuid(text: str) -> UUID | None:
    """Return the UUID in its canonical spelling, and None for every other text.

    `UUID()` alone would also take braces and `urn:uuid:`.
    """
    return UUID(text) if _UUID.fullmatch(text) else None


def format_event_id(identifier: UUID) -> str:
    """Return `evt_` and 32 hexadecimal digits."""
    return f"evt_{identifier.hex}"


def parse_event_id(text: str) -> UUID | None:
    """Return the UUID of an event id, with or without its `evt_`."""
    match = _EVENT_ID.fullmatch(text)
    return UUID(match[1]) if match else parse_uuid(text)


def to_base36(number: int) -> str:
    """Return a positive number in the digits 0-9a-z."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits
