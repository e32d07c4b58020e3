"""Payloads (parameters, context, traits): forgiving, because browsers cut emoji in two."""

import re
from dataclasses import dataclass, field
from typing import Any

from flameup.api.errors import InvalidField
from flameup.api.exact_json import MAX_NUMBER_DIGITS, UnstorableNumber

MAX_DEPTH = 32
MAX_WARNINGS = 20
MAX_SPELT = 200

# The name of a member, or the way to what it is in and the key or index there.
Path = str | tuple["Path", str | int]

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class RepairWarning:
    """Something that was repaired, or that will surprise, in a request that succeeded."""

    field: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"field": self.field, "code": self.code, "message": self.message}


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
