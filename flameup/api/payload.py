"""Payloads (parameters, context, traits): forgiving, because browsers cut emoji in two."""

import re
from dataclasses import dataclass, field
from typing import Any

from flameup.api.errors import InvalidField
from flameup.api.exact_json import MAX_NUMBER_DIGITS, CannotEncode, UnstorableNumber, dumps

MAX_DEPTH = 32
MAX_WARNINGS = 20
MAX_SPELT = 200

# The name of a member, or the way to what it is in and the key or index there.
Path = str | tuple["Path", str | int]

# The object that a payload is a member of is level 1, so what stands in it begins at level 2.
PAYLOAD_DEPTH = 2
_MAX_BRACKETS = MAX_DEPTH - PAYLOAD_DEPTH + 1

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class RepairWarning:
    """Something that was repaired, or that will surprise, in a request that succeeded."""

    field: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"field": self.field, "code": self.code, "message": self.message}


Payload = dict[str, Any]


def clean_payload(value: Payload, name: str, warnings: list[RepairWarning]) -> tuple[Payload, str]:
    """Return the payload in storable form, and as JSON text; adds to `warnings`.

    Raises InvalidField.
    """
    text = plain_text(value)
    if text is None:
        value = PayloadCleaner(warnings).clean(value, name, PAYLOAD_DEPTH)
        text = dumps(value)
    return value, text


def plain_text(value: Payload) -> str | None:
    """Return the payload as JSON text if that shows that there is nothing to clean.

    What has few brackets is not deep; a NUL would stand there escaped, and the
    rest that cannot be stored cannot be written.
    """
    try:
        text = dumps(value)
    except (CannotEncode, RecursionError):
        return None
    is_plain = "\\u0000" not in text and text.count("{") + text.count("[") <= _MAX_BRACKETS
    return text if is_plain else None


@dataclass(slots=True)
class PayloadCleaner:
    """Makes decoded JSON storable and collects a warning for every text it had to repair."""

    warnings: list[RepairWarning] = field(default_factory=list)

    def clean(self, value: Any, path: Path, depth: int) -> Any:
        """Return the value with NUL and lone surrogates replaced by U+FFFD.

        `path` is the way to it, as nested pairs: a step further costs the same
        however long the keys are. `depth` is its level in the document, the
        outermost being 1. Raises InvalidField below level 32 and for a number of
        over 300 digits.
        """
        if isinstance(value, str):
            return self._clean_text(value, path)
        if isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                top = _spell(path).partition(".")[0]
                raise InvalidField(top, f"must not be nested more than {MAX_DEPTH} deep.")
            return self._clean_container(value, path, depth + 1)
        if isinstance(value, UnstorableNumber):
            message = f"has {value.digits} digits; a number may have {MAX_NUMBER_DIGITS}."
            raise InvalidField(_spell(path), message)
        return value

    def _clean_container(self, value: Any, path: Path, depth: int) -> Any:
        if isinstance(value, list):
            return [self.clean(item, (path, i), depth) for i, item in enumerate(value)]
        cleaned = {}
        for key, item in value.items():
            name = self._clean_text(key, path)
            cleaned[name] = self.clean(item, (path, name), depth)
        return cleaned

    def _clean_text(self, text: str, path: Path) -> str:
        cleaned, count = _UNSTORABLE.subn("\ufffd", text)
        if count:
            self._warn(path)
        return cleaned

    def _warn(self, path: Path) -> None:
        if len(self.warnings) >= MAX_WARNINGS:
            return
        message = "NUL and lone surrogates were replaced by U+FFFD."
        warning = RepairWarning(_spell(path), "character_replaced", message)
        if warning not in self.warnings:
            self.warnings.append(warning)


def _spell(path: Path) -> str:
    """Return the dotted name of a place, cut where it grows too long to read."""
    steps: list[str] = []
    while isinstance(path, tuple):
        path, step = path
        steps.append(str(step)[:MAX_SPELT])
    return ".".join([path, *reversed(steps)])[:MAX_SPELT]
