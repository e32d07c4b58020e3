"""Times as the API reads and writes them: RFC 3339 / ISO 8601 in, UTC with `Z` out."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

_TIME = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ](?P<hour>\d{2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?P<offset>[Zz]|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)
_EPOCH = re.compile(r"[+-]?\d{1,20}(?:\.\d+)?", re.ASCII)
_BARE_OFFSET = re.compile(r"\d{2}(?::?\d{2})?", re.ASCII)
_LEAP_SECOND = 60
_USUAL_LENGTHS = {len(f"2024-01-15T10:30:00{fraction}Z") for fraction in ("", ".123", ".123456")}


def parse_time(text: str) -> datetime:
    """Return the moment in UTC; a time without an offset is UTC.

    A leap second (`:60`) is the last microsecond before it; digits after the
    sixth of a fraction are dropped. Raises ValueError with a message for the client.
    """
    if (usual := parse_usual(text)) is not None:
        return usual
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(_why_not(text))
    try:
        return _from_match(match).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("no such date or time; years 1 to 9999 are known.") from None


def parse_usual(text: str) -> datetime | None:
    """Read what nearly all clients send, five times as fast: `2024-01-15T10:30:00[.123[456]]Z`."""
    is_usual = (
        len(text) in _USUAL_LENGTHS
        and text[10] == "T"
        and text[4] == text[7] == "-"
        and text[13] == ":"
        and text[-1] == "Z"
    )
    try:
        return datetime.fromisoformat(text) if is_usual else None
    except ValueError:
        return None


def parse_query_time(text: str) -> datetime:
    """Read a time out of a query string, where an unescaped `+` arrives as a space."""
    head, _, tail = text.strip().rpartition(" ")
    is_offset = ":" in head and _BARE_OFFSET.fullmatch(tail)
    return parse_time(f"{head}+{tail}" if is_offset else text)


def format_time(moment: datetime) -> str:
    """Return the moment in UTC, with microseconds only where there are any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _from_match(match: re.Match[str]) -> datetime:
    day = date.fromisoformat(match["date"])
    second = int(match["second"] or 0)
    microsecond = int((match["fraction"] or "")[:6].ljust(6, "0"))
    if second == _LEAP_SECOND:
        second, microsecond = 59, 999_999
    clock = time(int(match["hour"] or 0), int(match["minute"] or 0), second, microsecond)
    return datetime.combine(day, clock, _offset(match["offset"]))


def _offset(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if minutes > 59:  # noqa: PLR2004 - minutes of an hour
        raise ValueError("no such offset")
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if text[0] == "-" else delta)


def _why_not(text: str) -> str:
    if _EPOCH.fullmatch(text.strip()):
        return "Unix epoch numbers are not accepted; send RFC 3339, e.g. 2024-01-15T10:30:00Z."
    return "not a time; send RFC 3339, e.g. 2024-01-15T10:30:00Z."
