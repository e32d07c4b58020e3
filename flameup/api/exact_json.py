"""JSON whose numbers keep their value, also where a double would round them.

Two decoders read the same language. msgspec's is three times as quick and has no
offsets in its errors, cannot hold a lone surrogate, and tells of no number that
it is long; whatever it does not take, Python's reads again.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

MAX_NUMBER_DIGITS = 300
# Sign, digits on both sides of the point, exponent; what is longer need not be looked at.
_LONGEST_FRACTION = 2 * MAX_NUMBER_DIGITS + 32
_SHORT_FRACTION = 16
_DIGITS_OF_DOUBLE = 309
# As characters of a text and as bytes.
_DIGITS = frozenset("0123456789") | frozenset(b"0123456789")

_encoder = msgspec.json.Encoder(decimal_format="number")
_sorting_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


class JSONSyntaxError(ValueError):
    """The text is no JSON; `offset` is the character at which that was seen."""

    def __init__(self, reason: str, offset: int | None = None) -> None:
        super().__init__(reason if offset is None else f"{reason} at offset {offset}")
        self.offset = offset


class UnstorableNumber:
    """Stands in a decoded document for a number of more than 300 digits.

    Refusing it is left to whoever knows the name of its field. No encoder knows
    how to write one.
    """

    __slots__ = ("digits",)

    def __init__(self, digits: int) -> None:
        self.digits = digits


class NotPlain(ValueError):
    """The quick decoder leaves the document to the other one; `str()` says nothing of use."""


class CannotEncode(ValueError):
    """A value with a lone surrogate or an unstorable number in it has no JSON text."""


def loads(text: str) -> Any:
    """Decode one JSON document; the last of a repeated key counts.

    Numbers become int, float where a double gives the very same decimal back,
    else Decimal, or UnstorableNumber. Raises JSONSyntaxError and, for a document
    nested some hundred levels deep, RecursionError.
    """
    try:
        return load_plain(text)
    except NotPlain:
        return _load_any(text)


def load_plain(text: str | bytes) -> Any:
    """Decode a document as `loads` does, but raise NotPlain on the slightest doubt."""
    if len(text) > MAX_NUMBER_DIGITS and may_hold_long_number(text):
        raise NotPlain
    try:
        return _plain_decoder.decode(text)
    except DOUBTS as error:
        raise NotPlain from error


def _load_any(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise JSONSyntaxError(error.msg, error.pos) from None


def scan(text: str, start: int) -> tuple[Any, int]:
    """Decode the value that begins at `start`; return it and the offset behind it."""
    try:
        return _decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise JSONSyntaxError(error.msg, error.pos) from None


def dumps(value: Any) -> str:
    """Encode a value as compact JSON text; `msgspec.Raw` inside is copied as it is.

    Raises CannotEncode.
    """
    try:
        return _encoder.encode(value).decode()
    except (UnicodeEncodeError, TypeError) as error:
        raise CannotEncode(str(error)) from None


def dump_bytes(value: Any) -> bytes:
    """Encode a value as compact JSON in UTF-8."""
    return _encoder.encode(value)


def dump_sorted(value: Any) -> bytes:
    """Encode a value so that the order of its keys makes no difference."""
    return _sorting_encoder.encode(value)


def decode_utf8(data: bytes) -> str:
    """Decode the bytes of a document, without a byte order mark.

    Raises JSONSyntaxError at the first byte that is no UTF-8.
    """
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise JSONSyntaxError("The text is not UTF-8", error.start) from None


def _read_integer(text: str) -> int | UnstorableNumber:
    digits = len(text.lstrip("-"))
    # A double has up to 309 digits, and comes back from the database written out.
    if digits <= MAX_NUMBER_DIGITS or (digits <= _DIGITS_OF_DOUBLE and _is_double(text)):
        return int(text)
    return UnstorableNumber(digits)


def may_hold_long_number(text: str | bytes) -> bool:
    """Look at every 300th character: a longer run of digits cannot avoid them all."""
    return not _DIGITS.isdisjoint(text[MAX_NUMBER_DIGITS - 1 :: MAX_NUMBER_DIGITS])


def read_fraction(text: str) -> float | Decimal | UnstorableNumber:
    """Return the number that a JSON text with a point or an exponent is."""
    # Fifteen digits and a point survive a double (DBL_DIG of C); an exponent is looked at below.
    if len(text) <= _SHORT_FRACTION and "e" not in text and "E" not in text:
        return float(text)
    if len(text) > _LONGEST_FRACTION:
        return UnstorableNumber(len(text))
    try:
        exact = Decimal(text)
    except InvalidOperation:
        # An exponent of over eighteen digits, beyond what even Decimal can hold.
        return UnstorableNumber(len(text))
    if _is_double(text):
        return float(text)
    digits = _digits_written_out(exact)
    return exact if digits <= MAX_NUMBER_DIGITS else UnstorableNumber(digits)


def _is_double(text: str) -> bool:
    """Say whether a double gives the very same decimal back."""
    return Decimal(repr(float(text))) == Decimal(text)


def _digits_written_out(number: Decimal) -> int:
    """Count the digits of the number in plain notation, as the database keeps it."""
    _, digits, exponent = number.as_tuple()
    power = int(exponent)
    return max(len(digits) + max(power, 0), -power)


def _refuse_constant(name: str) -> None:
    raise JSONSyntaxError(f"{name} is no JSON value")


# What a decoder of msgspec raises at what it does not take, whether it is JSON or not.
DOUBTS = (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError)
_plain_decoder = msgspec.json.Decoder(float_hook=read_fraction)
_decoder = json.JSONDecoder(
    parse_float=read_fraction, parse_int=_read_integer, parse_constant=_refuse_constant
)
