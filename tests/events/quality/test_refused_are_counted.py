"""What was refused, by the views and by the edge: each item once, with its reason and its text."""

import gzip
import json

import pytest

from tests.api.calls import BATCH, TRACK, an_event, post
from tests.conftest import client_of
from tests.events.quality.conftest import total
from tests.factories import APIKeyFactory
from tests.twins import ask_edge
from workspaces.authentication import find_api_key

REJECTED, REPAIRED = "rejected", "repaired"
INVALID, TOO_LARGE, CONFLICT = "validation_error", "payload_too_large", "idempotency_conflict"

SINGLE = {
    "nothing": (b" ", "invalid_json", ""),
    "no JSON": (b'{"event": ', "invalid_json", ""),
    "no UTF-8": (b"\xff", "invalid_json", ""),
    "no object": (b"[1]", INVALID, ""),
    "too deep": (b"[" * 10_000, INVALID, ""),
    "no person": ({"event": "e"}, INVALID, "external_id"),
    "no event": ({"external_id": "u"}, INVALID, "event"),
    "alias": ({"userId": [], "event": "e"}, INVALID, "userId"),
    "parameters": (an_event(parameters=[]), INVALID, "parameters"),
    "inside": (an_event(parameters={"a.b": {"n": int("9" * 301)}}), INVALID, "parameters"),
    "context": (an_event(context={"ip": "x"}), INVALID, "context"),
    "ip": (an_event(ip="x"), INVALID, "ip"),
    "timestamp": (an_event(timestamp="now"), INVALID, "timestamp"),
    "message id": (an_event(message_id=""), INVALID, "message_id"),
    "33 KiB": (an_event(parameters={"a": "x" * 33_000}), TOO_LARGE, ""),
    "5 MB": (b" " * 4_500_000, TOO_LARGE, ""),
}
WHOLE_BATCH = {
    "no JSON": (b"{", "invalid_json", ""),
    "no list": ({"events": 5}, INVALID, "events"),
    "no object": ([], INVALID, ""),
    "empty": ({"events": []}, "batch_empty", "events"),
    "101": ({"events": [an_event()] * 101}, "batch_too_large", "events"),
    "no number": (b'{"events": [{"external_id": "u", "event": NaN}]}', "invalid_json", ""),
}


def rows(table):
    return pytest.mark.parametrize("row", table.values(), ids=table)


def text_of(body):
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def ask(workspace):
    """Asks the edge alone; the answer is None where it hands the request over."""
    api_key = APIKeyFactory(workspace=workspace)

    def send(path, body, **headers):
        usual = {"host": "localhost", "content-type": "application/json", **headers}
        usual["authorization"] = f"Bearer {api_key.token}"
        lines = [(name.replace("_", "-").encode(), text.encode()) for name, text in usual.items()]
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b""}
        find_api_key(api_key.token)
        return ask_edge({**scope, "headers": lines}, text_of(body))

    return send


@rows(SINGLE)
def test_single_event(api_client, workspace, counts, kept, row):
    body, code, field = row
    assert post(api_client, TRACK, body).status_code in (400, 413)
    assert counts(workspace) == {(REJECTED, code, field): 1}
    [item] = kept(workspace)
    assert bytes(item.raw) == text_of(body)[:32_768]
    assert (item.code, item.field, item.event_id) == (code, field, None)
    assert item.is_cut == (len(text_of(body)) > 32_768)


@rows(WHOLE_BATCH)
def test_whole_batch_counts_as_one_item(api_client, workspace, counts, kept, row):
    body, code, field = row
    assert post(api_client, BATCH, body).status_code == 400
    assert counts(workspace) == {(REJECTED, code, field): 1}
    assert [bytes(item.raw) for item in kept(workspace)] == [text_of(body)[:32_768]]


def test_each_refused_item_of_a_batch_counts(api_client, workspace, counts, kept):
    large, bad = an_event(parameters={"a": "x" * 33_000}), an_event(event="")
    items = [an_event(), bad, 5, large, bad, an_event()]
    assert post(api_client, BATCH, {"events": items}).json()["accepted"] == 2
    assert counts(workspace) == {
        (REJECTED, INVALID, "event"): 2,
        (REJECTED, INVALID, ""): 1,
        (REJECTED, TOO_LARGE, ""): 1,
    }
    texts = {bytes(item.raw) for item in kept(workspace)}
    assert texts == {text_of(bad), b"5", text_of(large)[:32_768]}


def test_batch_of_bad_items_alone_is_not_counted_as_a_whole_too(api_client, workspace, counts):
    assert post(api_client, BATCH, {"events": [{}, {}]}).status_code == 400
    assert counts(workspace) == {(REJECTED, INVALID, "external_id"): 2}


def test_item_is_kept_as_it_came(api_client, workspace, kept):
    raw = '{ "external_id":"u", "a": 1.0, "event" :"" ,"é": "\\u0000"}'
    post(api_client, BATCH, f'{{"events": [ {raw} , 5]}}'.encode())
    post(api_client, BATCH, f'{{"events": [ {raw} , "\\ud800"]}}'.encode())
    texts = sorted(bytes(item.raw).decode() for item in kept(workspace))
    assert texts == sorted([raw, raw, "5", '"\\ud800"'])


def test_compressed_body_is_kept_inflated(api_client, workspace, kept):
    body = text_of(an_event(event=""))
    post(api_client, TRACK, gzip.compress(body), headers={"content-encoding": "gzip"})
    post(api_client, TRACK, b"no gzip", headers={"content-encoding": "gzip"})
    assert [bytes(item.raw) for item in kept(workspace)] == [body, b"no gzip"]


def test_bad_header_is_counted_and_not_kept(api_client, workspace, counts, kept):
    post(api_client, TRACK, an_event(), headers={"idempotency-key": "x" * 256})
    assert counts(workspace) == {(REJECTED, INVALID, "Idempotency-Key"): 1}
    assert [item.idempotency_key for item in kept(workspace)] == [""]


def test_header_is_kept_with_the_item(api_client, workspace, kept):
    headers = {"idempotency-key": "k"}
    post(api_client, TRACK, an_event(event=""), headers=headers)
    post(api_client, BATCH, {"events": [an_event(), an_event(event="")]}, headers=headers)
    assert [item.idempotency_key for item in kept(workspace)] == ["k", "k:1"]


def test_conflict_of_the_views(api_client, workspace, counts, kept):
    for event in ("first", "second"):
        post(api_client, TRACK, an_event(event=event), headers={"idempotency-key": "k"})
    assert counts(workspace) == {(REJECTED, CONFLICT, ""): 1}
    [item] = kept(workspace)
    assert (json.loads(bytes(item.raw))["event"], item.idempotency_key) == ("second", "k")


def test_conflict_of_the_edge(ask, workspace, counts, kept):
    statuses = [
        ask(TRACK, an_event(event=event), idempotency_key="k").status
        for event in ("first", "second")
    ]
    assert statuses == [200, 409]
    assert counts(workspace) == {(REJECTED, CONFLICT, ""): 1}
    assert json.loads(bytes(kept(workspace)[0].raw))["event"] == "second"


def test_conflict_in_a_batch_of_the_edge(ask, workspace, counts, kept):
    for event in ("first", "second"):
        batch = {"events": [an_event(), an_event(event=event)]}
        assert ask(BATCH, batch, idempotency_key="k").status == 200
    assert counts(workspace) == {(REJECTED, CONFLICT, ""): 1}
    [item] = kept(workspace)
    assert (json.loads(bytes(item.raw))["event"], item.idempotency_key) == ("second", "k:1")


def test_request_that_the_edge_hands_over_is_not_counted_there(ask, workspace):
    assert ask(TRACK, an_event(event="")) is None
    assert ask(BATCH, {"events": [an_event(), {}]}) is None
    assert total(workspace) == 0


REPAIRS = {
    "character": (
        {"parameters": {"a": "\0", "b": {"c": "\0"}}},
        ("character_replaced", "parameters"),
    ),
    "clock": ({"timestamp": "1969-01-01"}, ("timestamp_out_of_range", "timestamp")),
    "skew": (
        {"timestamp": "2024-01-01", "sent_at": "2024-01-01"},
        ("clock_skew", "timestamp"),
    ),
    "user agent": ({"ua": "x" * 2000}, ("truncated", "ua")),
}


@rows(REPAIRS)
@pytest.mark.parametrize("way", ["view", "edge"])
def test_repaired_item_counts_once_for_each_reason(request, workspace, counts, kept, row, way):
    fields, (code, field) = row
    if way == "edge":
        assert request.getfixturevalue("ask")(TRACK, an_event(**fields)).status == 200
    else:
        assert request.getfixturevalue("track")(**fields).status_code == 200
    assert counts(workspace) == {(REPAIRED, code, field): 1}
    assert kept(workspace) == []


@pytest.mark.parametrize("way", ["view", "edge"])
def test_repaired_items_of_a_batch(request, workspace, counts, way):
    bad = an_event(parameters={"a": "\0"}, ua="x" * 2000)
    batch = {"events": [bad, an_event(), bad]}
    if way == "edge":
        assert request.getfixturevalue("ask")(BATCH, batch).status == 200
    else:
        assert post(request.getfixturevalue("api_client"), BATCH, batch).status_code == 200
    assert counts(workspace) == {
        (REPAIRED, "character_replaced", "parameters"): 2,
        (REPAIRED, "truncated", "ua"): 2,
    }


def test_duplicate_is_not_repaired_again(track, workspace, counts):
    for _ in range(2):
        track(message_id="m", parameters={"a": "\0"})
    assert counts(workspace) == {(REPAIRED, "character_replaced", "parameters"): 1}


def test_counts_are_by_key_and_workspace(workspace, other_workspace, counts):
    for where in (workspace, workspace, other_workspace):
        post(client_of(APIKeyFactory(workspace=where)), TRACK, {})
    reason = (REJECTED, INVALID, "external_id")
    assert (total(workspace), counts(workspace)) == (2, {reason: 1})
    assert (total(other_workspace), counts(other_workspace)) == (1, {reason: 1})


def test_test_keys_leave_nothing(make_client, workspace, kept):
    client = make_client(mode="test")
    post(client, TRACK, {})
    post(client, TRACK, b"{")
    post(client, TRACK, an_event(parameters={"a": "\0"}))
    post(client, BATCH, {"events": [{}, an_event()]})
    assert (total(workspace), kept(workspace)) == (0, [])


def test_good_events_leave_nothing(track, api_client, workspace, kept):
    track()
    post(api_client, BATCH, {"events": [an_event()]})
    assert (total(workspace), kept(workspace)) == (0, [])


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda make: post(make(headers={"authorization": "x"}), TRACK, b"{"), 401),
        (lambda make: post(make(scopes=["events:read"]), TRACK, b"{"), 403),
        (lambda make: make().put(TRACK, b"{", content_type="application/json"), 405),
        (lambda make: make().post(TRACK, b"{", content_type="text/plain"), 415),
        (lambda make: post(make(), f"{TRACK}/x", b"{"), 404),
    ],
)
def test_what_is_no_fault_of_an_item_is_not_counted(make_client, workspace, send, status):
    assert send(lambda **kwargs: with_headers(make_client, **kwargs)).status_code == status
    assert total(workspace) == 0


def with_headers(make_client, headers=None, **kwargs):
    client = make_client(**kwargs)
    for name, value in (headers or {}).items():
        client.defaults[f"HTTP_{name.upper()}"] = value
    return client


def test_rate_limited_request_is_not_counted(make_client, workspace, limiter):
    client = make_client(rate_limit=1)
    assert [post(client, TRACK, b"{").status_code for _ in range(2)] == [400, 429]
    assert total(workspace) == 1


def test_crash_of_our_own_is_counted_with_its_item(
    api_client, workspace, counts, kept, monkeypatch
):
    monkeypatch.setattr("events.api.views.decode_item", lambda *args: 1 / 0)
    # The edge, which hides behind its own name of it, hands over what is in doubt.
    answer = post(api_client, TRACK, an_event(message_id=""))
    assert answer.status_code == 500
    assert counts(workspace) == {(REJECTED, "internal_error", ""): 1}
    assert len(kept(workspace)) == 1
