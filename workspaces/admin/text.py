"""What users sent and when, as text that is safe to show."""

from datetime import UTC, datetime

import msgspec
from django.utils.html import format_html
from django.utils.safestring import SafeString

_SHORT = 120


def plain(value: object) -> SafeString:
    """Return a text whose direction of writing leaves its neighbours alone."""
    return format_html("<bdi>{}</bdi>", value)


def short(value: str) -> SafeString:
    """Return the beginning of a text for a column of a list."""
    return plain(value if len(value) <= _SHORT else value[:_SHORT] + "…")


def linked(address: str, value: object) -> SafeString:
    """Return a link to a page of ours."""
    return format_html('<a class="text-link" href="{}"><bdi>{}</bdi></a>', address, value)


def document(json: str) -> SafeString:
    """Return a JSON document, indented, each number spelled as it is."""
    text = msgspec.json.format(json.encode(), indent=2).decode()
    return format_html('<pre class="document" dir="ltr">{}</pre>', text)


def moment(value: datetime | None) -> SafeString | None:
    """Return a time to the millisecond, in UTC."""
    if value is None:
        return None
    text = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)
