"""The quick decoders against any event: they say what the slow ones say, or nothing."""

import json
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.ingest.decode import Envelope, decode_item
from events.ingest.plain import decode_plain
from events.ingest.split import _Reader, split_plain
from flameup.api import exact_json
from flameup.api.body import decode_text, parse_json
from flameup.api.errors import APIError, InvalidField
from flameup.api.exact_json import JSONSyntaxError, NotPlain
from flameup.api.times import format_time
from tests.events import test_decode_anything, test_split_anything
from tests.events.test_decode_anything import name, text, value

MOMENT = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
envelope = st.builds(
    Envelope, st.just(1), st.just(MOMENT), st.just("api"), st.none() | st.just("k")
)

# As the product's clients write them, and nearly so.
time = st.one_of(
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    st.from_regex(
        r"20[12]\d-[01]\d-[0-3]\d[T ][0-2]\d:[0-6]\d(:[0-6]\d(\.\d{1,9})?)?(Z|[+-][01]\d:?[0-3]0|)",
        fullmatch=True,
    ),
)
sent_at = st.integers(-120_000, 120_000).map(
    lambda ms: format_time(MOMENT + timedelta(milliseconds=ms))
)
word = st.from_regex(r"[ a-zA-Z0-9_@.ä-]{0,12}", fullmatch=True)
ip = st.ip_addresses().map(str) | st.sampled_from(["::0001", "1.2.3", "FE80::1", " 1.2.3.4"])
context = st.fixed_dictionaries(
    {}, optional={"ip": ip | value, "user_agent": word | st.just("ä" * 600) | value, "x": value}
)
payload = st.none() | st.dictionaries(text | word, value, max_size=3)
usual = {
    **dict.fromkeys(["external_id", "user_id", "userId", "event", "event_name"], word | name),
    **dict.fromkeys(["parameters", "properties"], payload),
    **dict.fromkeys(["message_id", "messageId"], word | st.none() | text),
    "timestamp": time | st.none(),
    **dict.fromkeys(["sent_at", "sentAt"], sent_at | time | text | st.none()),
    "context": context | st.none(),
    "ip": st.none() | ip,
    "ua": st.none() | word,
    "x": value,
}
must = st.fixed_dictionaries({"external_id": word, "event": word})
near = st.builds(lambda must, more: must | more, must, st.fixed_dictionaries({}, optional=usual))
# Written by hand: what a JSON encoder would not.
odd = st.sampled_from(
    ["-0", "-0.0", "1e2", "1E400", "1e-400", "0.1000", "9" * 300, "9" * 301, "9" * 20, "00", "1.",
     "0." + "1" * 301, "2" * 310 + ".5", "NaN", "true", '"\\u0000"', '"\\ud800"', '"\\u0041"',
     '"\\ud83d\\ude00"', '"\\/"', '"\\x"', '"a\nb"', '"\x7f"', '{"a":1,"a":2}', "\ufeff1",
     "[" * 31 + "]" * 31, "[" * 1100 + "]" * 1100]
)  # fmt: skip
key = st.sampled_from([*usual, "extern\\u0061l_id", "\\u0065vent"])
part = st.one_of(
    odd, st.builds('{{"a": {}}}'.format, odd), near.map(json.dumps), value.map(json.dumps)
)
member = st.builds(
    '"{}"{}:{}{}'.format,
    key,
    st.sampled_from(["", " ", "\t\n", "\v"]),
    part,
    st.sampled_from(["", "\r "]),
)
good_member = st.sampled_from(
    ['"external_id": "a"', '"event":"e"', '"user_id" : "b"', '"event": "f"']
)
by_hand = st.lists(good_member | member, max_size=7).map(",".join).map("{{{}}}".format)
around = st.sampled_from(["{}", " {}\n", "\ufeff{}", "{}x", "{},"])
document = st.one_of(
    near.map(json.dumps),
    near.map(lambda event: json.dumps(event, ensure_ascii=False)),
    test_decode_anything.good.map(json.dumps),
    test_decode_anything.anything.map(json.dumps),
    st.builds(lambda form, body: form.replace("{}", body), around, by_hand),
    test_split_anything.json_like,
)
data = document.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=40)


def members(item):
    return {name: x for name, x in msgspec.structs.asdict(item).items() if name != "event_id"}


def defined(data, envelope):
    """Return what the item is by definition; None if it is refused."""
    try:
        return members(decode_item(parse_json(decode_text(data)), envelope))
    except (InvalidField, APIError):
        return None


@settings(deadline=None, max_examples=1000)
@given(data, envelope)
def test_plain_item_is_what_is_defined(data, envelope):
    item = decode_plain(data, envelope)
    assert item is None or members(item) == defined(data, envelope)


PLAIN = [
    {},
    {"parameters": {"a": 1, "b": [1.5, None, True, {"c": "ä"}], "d": 9223372036854775808}},
    {"properties": {"a": "x" * 1000}},
    {"parameters": {}, "properties": {"a": 1}, "x": [1, 2]},
    {"parameters": None, "ip": None, "ua": None},
    {"timestamp": "2024-01-15T10:30:00Z", "message_id": "m"},
    {"timestamp": "2024-01-15T10:30:00.123456Z", "messageId": "m"},
    {"timestamp": "2024-01-15T10:00:00Z", "sent_at": "2024-01-15T10:29:00Z"},
    {"timestamp": "2024-01-15T10:00:00Z", "sentAt": "2024-01-15T10:31:00.000Z"},
    {"context": {"ip": "192.0.2.7", "user_agent": "Mozilla/5.0", "page": {"url": "/"}}},
    {"external_id": None, "user_id": "ann@x.io"},
    {"event": None, "event_name": "Signed up"},
]


@pytest.mark.parametrize("fields", PLAIN, ids=str)
@pytest.mark.parametrize("idempotency_key", [None, "k"])
def test_usual_event_is_plain(fields, idempotency_key):
    event = json.dumps({"external_id": "user_123", "event": "signed_up", **fields}).encode()
    envelope = Envelope(1, MOMENT, "api", idempotency_key)
    item = decode_plain(event, envelope)
    assert item is not None
    assert members(item) == defined(event, envelope)


batch = st.one_of(
    test_split_anything.batch.map(json.dumps),
    test_split_anything.json_like,
    st.lists(part | by_hand).map(lambda parts: f'{{"events": [{" , ".join(parts)}]}}'),
    st.lists(member | st.just('"events":[1, {}]'), max_size=4).map(",".join).map("{{{}}}".format),
)


def comparable(value):
    # For NaN is not equal to itself, and 1 is to True.
    return re.sub(r"<.*UnstorableNumber.*?>", "unstorable", repr(value))


def read(body):
    """Return the values and sizes of the elements by definition; None if there is no batch."""
    try:
        return _Reader(decode_text(body)).batch()
    except (JSONSyntaxError, APIError):
        return None


@settings(deadline=None, max_examples=500)
@given(batch.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=40))
def test_plain_batch_is_what_is_defined(body):
    try:
        elements = split_plain(body)
    except NotPlain:
        return
    expected = read(body)
    assert expected is not None
    assert [len(element) for element in elements] == [element.size for element in expected]
    for element, item in zip(elements, expected, strict=True):
        if isinstance(item.value, dict):
            assert comparable(exact_json.loads(element.decode())) == comparable(item.value)


def test_usual_batch_is_plain():
    assert split_plain(b' {"x": 1, "events": [{"a": [1 ]} ,5] }\n') == [b'{"a": [1 ]}', b"5"]
