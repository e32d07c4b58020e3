"""Names and identifiers: strict, because people search for them and paths carry them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from flameup.api.errors import InvalidField

MAX_NAME_LENGTH = 255

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# White space but for control characters, which are an error wherever they stand.
_WHITE_SPACE = " \t\r\n" + "".join(
    map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)
_INVISIBLE = {"Cf", "Zs", "Zl", "Zp"}


def first_alias(body: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, str]:
    """Return the first of these fields that is there and not null, and its name.

    Raises InvalidField, for the first name, if none is.
    """
    for name in names:
        if body.get(name) is not None:
            return body[name], name
    raise InvalidField(names[0], "this field is required.")


def clean_name(value: Any, field: str, *, maximum: int = MAX_NAME_LENGTH) -> str:
    """Return the name without outer white space.

    Raises InvalidField if it is no text, empty, longer than `maximum` characters,
    or has a control character, a lone surrogate or nothing visible in it.
    """
    if not isinstance(value, str):
        raise InvalidField(field, "must be a string.")
    name = strip_name(value)
    if _FORBIDDEN.search(name):
        raise InvalidField(field, "must not contain control characters or lone surrogates.")
    if not name:
        raise InvalidField(field, "must not be empty.")
    if len(name) > maximum:
        raise InvalidField(field, f"must have at most {maximum} characters, has {len(name)}.")
    if not _is_visible(name):
        raise InvalidField(field, "must contain a visible character.")
    return name


def strip_name(text: str) -> str:
    """Return the text without outer white space."""
    return text.strip(_WHITE_SPACE)


def clean_identity(value: Any, field: str) -> str:
    """Return a person's identifier: a name, or a whole number as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidField(field, "must be a string or a whole number.")
    return clean_name(value, field)


def is_storable_name(text: str) -> bool:
    """Say whether something could be stored under this name, and be looked up by it."""
    return 0 < len(text) <= MAX_NAME_LENGTH and not _FORBIDDEN.search(text)


def _is_visible(name: str) -> bool:
    return name.isascii() or any(unicodedata.category(char) not in _INVISIBLE for char in name)
