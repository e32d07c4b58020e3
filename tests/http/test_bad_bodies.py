"""Bodies that no client should send, and what each gets: a row of the table is a test."""

import gzip
import json

import pytest

GOOD = {"external_id": "user_123", "event": "signed_up"}


def event(**fields):
    return json.dumps({**GOOD, **fields}).encode()


def raw(member):
    """Return an event with a member written by hand."""
    return b'{"external_id": "user_123", "event": "signed_up", %s}' % member


def parameter(value):
    return raw(b'"parameters": {"x": %s}' % value)


REFUSED = [
    ("empty body", b"", 400, "invalid_json"),
    ("null", b"null", 400, "validation_error"),
    ("a string", b'"x"', 400, "validation_error"),
    ("a number", b"5", 400, "validation_error"),
    ("a list", b"[1]", 400, "validation_error"),
    ("trailing comma", b'{"external_id": "a", "event": "e",}', 400, "invalid_json"),
    ("garbage behind", event() + b"x", 400, "invalid_json"),
    ("a comment", b"{/* hello */}", 400, "invalid_json"),
    ("NaN", parameter(b"NaN"), 400, "invalid_json"),
    ("Infinity", parameter(b"-Infinity"), 400, "invalid_json"),
    ("1e400", parameter(b"1e400"), 400, "validation_error"),
    ("1E999999999", parameter(b"1E999999999"), 400, "validation_error"),
    ("exponent of 20 digits", parameter(b"1E99999999999999999999"), 400, "validation_error"),
    ("5,000-digit integer", parameter(b"9" * 5000), 400, "validation_error"),
    ("301-digit integer", parameter(b"9" * 301), 400, "validation_error"),
    ("5,000-digit fraction", parameter(b"0." + b"1" * 5000), 400, "validation_error"),
    ("33 levels", parameter(b"[" * 31 + b"]" * 31), 400, "validation_error"),
    ("1,100 levels", parameter(b"[" * 1100 + b"]" * 1100), 400, "validation_error"),
    ("10,000 levels", parameter(b"[" * 10_000 + b"]" * 10_000), 400, "validation_error"),
    ("event of 33 KiB", event(parameters={"x": "y" * 33_000}), 413, "payload_too_large"),
    ("body of 5 MB", b" " * 5_000_000, 413, "payload_too_large"),
    ("NUL in event", event(event="a\x00b"), 400, "validation_error"),
    ("NUL in external_id", event(external_id="a\x00b"), 400, "validation_error"),
    ("lone surrogate in event", raw(b'"event": "\\ud800"'), 400, "validation_error"),
    ("byte FF", b'{"external_id": "\xff", "event": "e"}', 400, "invalid_json"),
    ("external_id missing", b'{"event": "e"}', 400, "validation_error"),
    ("external_id null", event(external_id=None), 400, "validation_error"),
    ("external_id empty", event(external_id=""), 400, "validation_error"),
    ("external_id of spaces", event(external_id="   "), 400, "validation_error"),
    ("external_id true", event(external_id=True), 400, "validation_error"),
    ("external_id 1.5", event(external_id=1.5), 400, "validation_error"),
    ("external_id a list", event(external_id=["a"]), 400, "validation_error"),
    ("external_id an object", event(external_id={"a": 1}), 400, "validation_error"),
    ("external_id of 10 KB", event(external_id="x" * 10_000), 400, "validation_error"),
    ("external_id of zero width", event(external_id="\u200b\u200f"), 400, "validation_error"),
    ("event missing", b'{"external_id": "a"}', 400, "validation_error"),
    ("event a number", event(event=5), 400, "validation_error"),
    ("event of 256 characters", event(event="x" * 256), 400, "validation_error"),
    ("event with a line break", event(event="a\r\nb"), 400, "validation_error"),
    ("event with a tab", event(event="a\tb"), 400, "validation_error"),
    ("event with an escape", event(event="a\x1b[31mb"), 400, "validation_error"),
    ("parameters a list", event(parameters=[1]), 400, "validation_error"),
    ("parameters a string", event(parameters="x"), 400, "validation_error"),
    ("parameters a number", event(parameters=1), 400, "validation_error"),
    ("properties a list", event(properties=[1]), 400, "validation_error"),
    ("context a list", event(context=[1]), 400, "validation_error"),
    ("ip no address", event(ip="1.2.3"), 400, "validation_error"),
    ("30 February", event(timestamp="2024-02-30T00:00:00Z"), 400, "validation_error"),
    ("now", event(timestamp="now"), 400, "validation_error"),
    ("empty time", event(timestamp=""), 400, "validation_error"),
    ("year 0", event(timestamp="0000-01-01T00:00:00Z"), 400, "validation_error"),
    ("year 10000", event(timestamp="10000-01-01T00:00:00Z"), 400, "validation_error"),
    ("epoch seconds", event(timestamp=1700000000), 400, "validation_error"),
    ("epoch milliseconds as text", event(timestamp="1700000000000"), 400, "validation_error"),
    ("before year 1", event(timestamp="0001-01-01T00:00:00+14:00"), 400, "validation_error"),
    ("after year 9999", event(timestamp="9999-12-31T23:59:59-12:00"), 400, "validation_error"),
    ("message_id of 256", event(message_id="x" * 256), 400, "validation_error"),
    ("message_id empty", event(message_id=""), 400, "validation_error"),
    ("message_id with NUL", event(message_id="\x00"), 400, "validation_error"),
    ("message_id a number", event(message_id=5), 400, "validation_error"),
]


@pytest.mark.parametrize(
    ("body", "status", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_bad_body_is_refused(call, body, status, code):
    answer = call("POST", "/api/v1/track", body)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["success"] is False
    assert answer.json()["message"] == answer.message != ""
    assert answer.headers["x-request-id"]


STORED = [
    ("repeated key", raw(b'"parameters": {"a": 1, "a": 2}'), {"a": 2}),
    ("2^64+1", parameter(b"18446744073709551617"), {"x": 18446744073709551617}),
    ("2^63", parameter(b"9223372036854775808"), {"x": 9223372036854775808}),
    ("300 digits", parameter(b"9" * 300), {"x": int("9" * 300)}),
    ("-0.0", parameter(b"-0.0"), {"x": 0}),
    ("1e2", parameter(b"1e2"), {"x": 100}),
    ("1.0", parameter(b"1.0"), {"x": 1}),
    ("largest double", parameter(b"1.7976931348623157e308"), {"x": 17976931348623157 * 10**292}),
    ("NUL in a value", parameter(b'"a\\u0000b"'), {"x": "a\ufffdb"}),
    ("NUL in a key", raw(b'"parameters": {"a\\u0000": 1}'), {"a\ufffd": 1}),
    ("lone surrogate in a value", parameter(b'"\\ud83d"'), {"x": "\ufffd"}),
    ("byte order mark", b"\xef\xbb\xbf" + event(), {}),
    ("parameters null", event(parameters=None), {}),
    ("both names", event(parameters={"a": 1}, properties={"a": 2, "b": 3}), {"a": 1, "b": 3}),
    ("32 levels", parameter(b"[" * 30 + b"]" * 30), None),
    ("markup", event(event="<script>alert(1)</script>"), {}),
    ("template", event(event='"><img onerror=alert(1)>{{7*7}}{% x %}'), {}),
    ("formula", event(parameters={"x": "=1+1"}), {"x": "=1+1"}),
    ("integer id", event(external_id=5), {}),
    ("leap second", event(timestamp="2016-12-31T23:59:60Z"), {}),
    ("nine digits", event(timestamp="2024-01-15T10:30:00.123456789Z"), {}),
]


@pytest.mark.parametrize(
    ("body", "parameters"), [row[1:] for row in STORED], ids=[row[0] for row in STORED]
)
def test_an_odd_body_is_stored(call, workspace, body, parameters):
    answer = call("POST", "/api/v1/track", body)
    assert answer.status == 200, answer.body
    path = f"/api/v1/workspaces/{workspace.public_id}/events/{answer.json()['event_id']}"
    stored = call("GET", path).json()
    assert parameters in (None, stored["parameters"])


def test_ten_years_ahead_is_stored_at_the_time_of_receipt(call):
    answer = call("POST", "/api/v1/track", event(timestamp="2099-01-01T00:00:00Z"))
    [warning] = answer.json()["warnings"]
    assert (answer.status, warning["field"]) == (200, "timestamp")


def test_a_user_agent_of_a_megabyte_does_not_fit_an_event(call):
    assert call("POST", "/api/v1/track", event(ua="x" * 1_000_000)).status == 413
    answer = call("POST", "/api/v1/track", event(ua="x" * 10_000))
    assert (answer.status, answer.json()["warnings"][0]["field"]) == (200, "ua")


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=utf-16",
        None,
    ],
)
def test_another_media_type_is_unsupported(call, media_type):
    answer = call("POST", "/api/v1/track", event(), Content_Type=media_type)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert "application/json" in answer.message


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"'],
)
def test_json_is_supported_however_it_is_spelt(call, media_type):
    assert call("POST", "/api/v1/track", event(), Content_Type=media_type).status == 200


def test_a_chunked_body_is_read(call):
    data = event()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
    answer = call("POST", "/api/v1/track", chunked, length=False, Transfer_Encoding="chunked")
    assert answer.status == 200


def test_a_compressed_body_is_read_and_a_bomb_refused(call):
    packed = gzip.compress(event())
    assert call("POST", "/api/v1/track", packed, Content_Encoding="gzip").status == 200
    bomb = gzip.compress(b" " * 200_000_000, compresslevel=1)
    assert call("POST", "/api/v1/track", bomb, Content_Encoding="gzip").status == 413


BATCHES = [
    ("no list", b"{}", "validation_error"),
    ("an object", b'{"events": {}}', "validation_error"),
    ("an empty list", b'{"events": []}', "batch_empty"),
    ("101 events", json.dumps({"events": [GOOD] * 101}).encode(), "batch_too_large"),
    ("only bad ones", b'{"events": [{}, 5, null]}', "validation_error"),
    ("cut off", b'{"events": [{"external_id": "a"', "invalid_json"),
]


@pytest.mark.parametrize(
    ("body", "code"), [row[1:] for row in BATCHES], ids=[row[0] for row in BATCHES]
)
def test_a_bad_batch_is_refused(call, workspace, body, code):
    answer = call("POST", "/api/v1/track/batch", body)
    assert (answer.status, answer.code) == (400, code)
    events = call("GET", f"/api/v1/workspaces/{workspace.public_id}/events").json()
    assert events["total"] == 0


BAD_ITEMS = {
    "33 KiB": event(parameters={"x": "y" * 33_000}),
    "100,000 levels": parameter(b"[" * 100_000 + b"]" * 100_000),
    "5,000 digits": parameter(b"9" * 5000),
    "NUL in a name": event(event="\x00"),
    "no object": b"5",
    "lone surrogate in a name": raw(b'"event": "\\udc00"'),
}


@pytest.mark.parametrize("item", BAD_ITEMS.values(), ids=BAD_ITEMS)
def test_a_bad_item_costs_its_neighbours_nothing(call, item):
    body = b'{"events": [%s, %s, %s]}' % (event(), item, event())
    answer = call("POST", "/api/v1/track/batch", body)
    results = [result["success"] for result in answer.json()["results"]]
    assert (answer.status, results) == (200, [True, False, True])
