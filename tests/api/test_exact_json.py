import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flameup.api.exact_json import JSONSyntaxError, UnstorableNumber, dumps, loads

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
