"""The batch reader against any bytes: it agrees with the JSON decoder on what is a batch."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from events.ingest.split import split_batch
from flameup.api import exact_json
from flameup.api.body import decode_text, parse_json
from flameup.api.errors import APIError
from flameup.api.exact_json import JSONSyntaxError

PIECES = ["{", "}", "[", "]", ",", ":", '"events"', '"', "\\", '"a"', "1", "-", "1e9", "null", " "]
json_like = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
batch = st.dictionaries(st.just("events") | st.text(max_size=5), st.lists(value) | value)


def decoded(text):
    """Return what the JSON decoder makes of the text; None if it is no object with a list."""
    document = exact_json.loads(text)
    events = document.get("events") if isinstance(document, dict) else None
    return events if isinstance(events, list) else None


def split(text):
    elements = split_batch(text)
    return None if elements is None else [element.value for element in elements]


@settings(deadline=None, max_examples=100)
@given(batch.map(json.dumps))
def test_a_batch_is_split_into_what_it_holds(text):
    assert split(text) == decoded(text)


@settings(deadline=None, max_examples=200)
@given(json_like.map(lambda text: "{" + text))
def test_what_is_no_json_is_refused_by_both(text):
    try:
        expected = decoded(text)
    except JSONSyntaxError:
        expected = JSONSyntaxError
    try:
        found = split(text)
    except JSONSyntaxError:
        found = JSONSyntaxError
    assert found == expected


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | json_like.map(str.encode))
def test_any_bytes_are_json_or_a_refusal(data):
    try:
        document, status = parse_json(decode_text(data)), 200
    except APIError as error:
        document, status = None, error.status_code
    assert status in (200, 400)
    assert status == 400 or json.loads(data.decode("utf-8-sig")) == document
