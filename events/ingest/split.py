"""Taking the body of a batch apart, so that a bad item costs its neighbours nothing."""

import re
from typing import Any, Final, NamedTuple

import msgspec

from flameup.api import exact_json
from flameup.api.exact_json import DOUBTS, JSONSyntaxError, NotPlain, load_plain

_SPACE = re.compile(r"[ \t\r\n]*")
# A text without its end is one token up to the end of all, so that no place is read twice.
_NESTING = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]+|[\]}]+', re.DOTALL)


class _TooDeep:
    """Stands for a value that is nested too deep to be decoded."""


TOO_DEEP: Final = _TooDeep()


class RawItem(NamedTuple):
    """An element of the list: its decoded value, and its text as received."""

    value: Any
    raw: bytes

    @property
    def size(self) -> int:
        """The number of its bytes."""
        return len(self.raw)


def split_batch(text: str) -> list[RawItem] | None:
    """Return the elements of the list `events` in the object that the text is.

    None if there is no such list; the last one counts if there are several.
    Raises JSONSyntaxError.
    """
    try:
        return [RawItem(load_plain(element), element) for element in split_plain(text)]
    except NotPlain:
        return _Reader(text).batch()


class _Batch(msgspec.Struct):
    events: list[msgspec.Raw]


_decoder = msgspec.json.Decoder(_Batch)


def split_plain(body: str | bytes) -> list[bytes]:
    """Return the texts of the elements, some ten times as fast; raises NotPlain in doubt."""
    try:
        return [bytes(element) for element in _decoder.decode(body).events]
    except DOUBTS as error:
        raise NotPlain from error


class _Reader:
    """Walks the outer two levels itself and leaves each value to the JSON decoder."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._skip_space()

    def batch(self) -> list[RawItem] | None:
        events: list[RawItem] | None = None
        self._expect("{")
        more = not self._accept("}")
        while more:
            key = self._key()
            if key == "events":
                events = self._list_or_none()
            else:
                self._value()
            more = self._accept(",") or not self._expect("}")
        if self.position != len(self.text):
            raise JSONSyntaxError("Extra data", self.position)
        return events

    def _list_or_none(self) -> list[RawItem] | None:
        if not self._accept("["):
            self._value()
            return None
        elements: list[RawItem] = []
        more = not self._accept("]")
        while more:
            elements.append(self._value())
            more = self._accept(",") or not self._expect("]")
        return elements

    def _key(self) -> str:
        if not self.text.startswith('"', self.position):
            raise JSONSyntaxError("Expecting a property name in double quotes", self.position)
        key = self._value().value
        self._expect(":")
        return str(key)

    def _value(self) -> RawItem:
        start = self.position
        try:
            value, self.position = exact_json.scan(self.text, start)
        except RecursionError:
            value, self.position = TOO_DEEP, self._end_of_nesting(start)
        raw = self.text[start : self.position].encode("utf-8", "surrogatepass")
        self._skip_space()
        return RawItem(value, raw)

    def _end_of_nesting(self, start: int) -> int:
        depth = 0
        for token in _NESTING.finditer(self.text, start):
            opening = token[0][0]
            if opening in "[{":
                depth += len(token[0])
            elif opening in "]}":
                depth -= len(token[0])
                if depth <= 0:
                    # A run of brackets may close more than was opened here.
                    return token.end() + depth
        raise JSONSyntaxError("Unclosed bracket", start)

    def _accept(self, character: str) -> bool:
        if not self.text.startswith(character, self.position):
            return False
        self.position += 1
        self._skip_space()
        return True

    def _expect(self, character: str) -> bool:
        if not self._accept(character):
            raise JSONSyntaxError(f"Expecting {character!r}", self.position)
        return True

    def _skip_space(self) -> None:
        match = _SPACE.match(self.text, self.position)
        self.position = match.end() if match else self.position
