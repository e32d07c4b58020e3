import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flameup.api import exact_json
from flameup.api.exact_json import (
    CannotEncode,
    JSONSyntaxError,
    NotPlain,
    UnstorableNumber,
    dumps,
    load_plain,
    loads,
)

digits = st.text("0123456789", min_size=1, max_size=140)
integers = st.integers().map(str)
numbers = st.one_of(
    integers,
    st.builds("{}.{}".format, integers, digits),
    st.builds("{}e{}".format, integers, st.integers(-100, 100)),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


@settings(max_examples=200)
@given(numbers)
def test_number_keeps_its_value(text):
    assert Decimal(dumps(loads(text))) == Decimal(text)


@pytest.mark.parametrize("text", ["9" * 300, "-" + "9" * 300, "0." + "1" * 299, "1e299"])
def test_number_of_300_digits_is_kept(text):
    assert Decimal(dumps(loads(text))) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["9" * 301, "9" * 5_000, "1e400", "-1e400", "1E999999999", "1e-400", "0." + "1" * 301]
)
def test_number_of_more_digits_is_marked(text):
    assert isinstance(loads(text), UnstorableNumber)


@pytest.mark.parametrize(
    "text", ["1E9999999999999999999", "-1E9999999999999999999", "1E-9999999999999999999"]
)
def test_number_whose_exponent_is_huge_is_marked(text):
    assert isinstance(loads(text), UnstorableNumber)


@pytest.mark.parametrize("text", ["0e400", "-0.0", "0"])
def test_zero_is_zero_in_every_spelling(text):
    assert loads(text) == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=50)
@given(json_values)
def test_document_is_read_back(value):
    assert loads(dumps(value)) == value == json.loads(dumps(value))


@settings(max_examples=100)
@given(st.text('{}[]":,0123456789.eE+-truefalsn\\u \n'))
def test_other_text_is_a_syntax_error_and_nothing_else(text):
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(JSONSyntaxError):
            loads(text)
    else:
        assert loads(text) == expected or "N" in text or "I" in text


# Escapes, lone surrogates among them, and numbers of every length, in all that surrounds them.
marks = ["{", "}", "[", "]", ",", ":", '"', '"a"', "1", "-", ".", "e9", "0", "null", "NaN", " "]
escapes = [r"\u0000", r"\ud83d", r"\ude00", r"\u0041", r"\n", r"\x"]
characters = ["\t", "\x00", "\x7f", "é", "\ufeff"]
pieces = st.sampled_from([*marks, *escapes, *characters])
json_like = st.lists(pieces, max_size=20).map("".join)
long_numbers = st.builds("[{}, {}]".format, digits, st.sampled_from("09").map(lambda d: d * 400))


@settings(deadline=None, max_examples=500)
@given(json_like | json_like.map('"{}"'.format) | numbers | long_numbers)
def test_quick_decoder_agrees_or_declines(text):
    try:
        quick = load_plain(text)
    except NotPlain:
        return
    assert repr(quick) == repr(exact_json._load_any(text))


@pytest.mark.parametrize("text", ["9" * 301, "[1, " + "9" * 301, '{"a":"' + "x" * 500 + '"}'])
def test_quick_decoder_declines_long_numbers_only(text):
    if text.endswith("9"):
        with pytest.raises(NotPlain):
            load_plain(text)
    else:
        assert load_plain(text) == json.loads(text)


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, UnstorableNumber(301)])
def test_what_has_no_text_cannot_be_encoded(value):
    with pytest.raises(CannotEncode):
        dumps([value])
