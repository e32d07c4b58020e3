"""Payloads (parameters, context, traits): forgiving, because browsers cut emoji in two."""

import re
from dataclasses import dataclass, field
from typing import Any

from flameup.api.errors import InvalidField
from flameup.api.exact_json import MAX_NUMBER_DIGITS, UnstorableNumber

MAX_DEPTH = 32
MAX_WARNINGS = 20

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

    def clean(self, value: Any, path: str, depth: int) -> Any:
        """Return the value with NUL and lone surrogates replaced by U+FFFD.

        `depth` is the level of `value` in its document, the outermost being 1.
        Raises InvalidField below level 32 and for a number of over 300 digits.
        """
        if isinstance(value, str):
            return self._clean_text(value, path)
        if isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise InvalidField(_top(path), f"must not be nested more than {MAX_DEPTH} deep.")
            return self._clean_container(value, path, depth + 1)
        if isinstance(value, UnstorableNumber):
            raise InvalidField(
                path, f"a number has at most {MAX_NUMBER_DIGITS} digits, this one {value.digits}."
            )
        return value

    def _clean_container(self, value: Any, path: str, depth: int) -> Any:
        if isinstance(value, list):
            return [self.clean(item, f"{path}.{i}", depth) for i, item in enumerate(value)]
        cleaned = {}
        for key, item in value.items():
            name = self._clean_text(key, path)
            cleaned[name] = self.clean(item, f"{path}.{name}", depth)
        return cleaned

    def _clean_text(self, text: str, path: str) -> str:
        cleaned, count = _UNSTORABLE.subn("\ufffd", text)
        if count:
            self._warn(path)
        return cleaned

    def _warn(self, path: str) -> None:
        warning = RepairWarning(
            path, "character_replaced", "NUL and lone surrogates were replaced by U+FFFD."
        )
        if len(self.warnings) < MAX_WARNINGS and warning not in self.warnings:
            self.warnings.append(warning)


def _top(path: str) -> str:
    return path.split(".", 1)[0]
