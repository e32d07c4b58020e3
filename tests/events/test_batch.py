from time import perf_counter

import pytest

from events.models import Event
from tests.api.calls import BATCH, TRACK, an_event, bad_fields, error_code, post

BAD = {"external_id": "u"}


@pytest.fixture
def batch(api_client):
    """Posts a batch of these items, `key` going as Idempotency-Key."""

    def call(*events, key=None):
        headers = {} if key is None else {"idempotency-key": key}
        return post(api_client, BATCH, {"events": events}, headers=headers)

    return call


def names(workspace):
    return sorted(Event.objects.in_workspace(workspace.id).values_list("event", flat=True))


def test_good_items_are_stored_in_their_order(batch, workspace):
    answer = batch(an_event(event="a"), an_event(event="b"))
    ids = answer.json()["event_ids"]
    stored = {e.event: f"evt_{e.id.hex}" for e in Event.objects.in_workspace(workspace.id)}
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "accepted": 2,
        "rejected": 0,
        "event_ids": [stored["a"], stored["b"]],
        "results": [
            {"index": 0, "success": True, "event_id": ids[0]},
            {"index": 1, "success": True, "event_id": ids[1]},
        ],
    }


def test_good_items_are_stored_and_bad_ones_reported(batch, workspace):
    answer = batch(an_event(event="a"), BAD, an_event(event="b"))
    body = answer.json()
    first, refused, last = body.pop("results")
    assert answer.status_code == 200
    assert body == {
        "success": False,
        "accepted": 2,
        "rejected": 1,
        "event_ids": [first["event_id"], None, last["event_id"]],
    }
    assert refused == {
        "index": 1,
        "success": False,
        "error": {
            "code": "validation_error",
            "message": "event: this field is required.",
            "details": [{"field": "event", "message": "this field is required."}],
        },
    }
    assert names(workspace) == ["a", "b"]


def test_batch_of_bad_items_is_refused_with_the_results(batch, count_events):
    answer = batch(BAD, 5)
    body = answer.json()
    assert (answer.status_code, error_code(answer)) == (400, "validation_error")
    assert (body["success"], body["accepted"], body["rejected"]) == (False, 0, 2)
    assert body["event_ids"] == [None, None]
    assert [result["index"] for result in body["results"]] == [0, 1]
    assert body["message"] == body["error"]["message"]
    assert count_events() == 0


@pytest.mark.parametrize(
    "item",
    [
        None,
        5,
        "x",
        [],
        True,
        {},
        an_event(external_id=""),
        an_event(event="\x00"),
        an_event(timestamp=1705314600),
        an_event(ip="nowhere"),
        an_event(message_id="x" * 256),
        an_event(parameters={"n": int("9" * 301)}),
        an_event(parameters=[]),
        an_event(external_id="\ud800"),
    ],
)
def test_bad_item_costs_its_neighbours_nothing(batch, workspace, item):
    answer = batch(an_event(event="a"), item, an_event(event="b"))
    assert (answer.status_code, answer.json()["rejected"]) == (200, 1)
    assert answer.json()["results"][1]["error"]["code"] == "validation_error"
    assert names(workspace) == ["a", "b"]


@pytest.mark.parametrize("depth", [31, 500, 900, 990, 1_000, 1_100, 10_000, 16_000])
def test_item_that_is_too_deep_costs_its_neighbours_nothing(api_client, workspace, depth):
    deep = '{"external_id": "u", "event": "x", "parameters": {"a": %s}}'
    texts = [
        '{"external_id": "u", "event": "a", "parameters": {"a": "]]}}[{\\""}}',
        deep % ("[" * depth + "]" * depth),
        '{"external_id": "u", "event": "b"}',
    ]
    answer = post(api_client, BATCH, '{"events": [%s]}' % ", ".join(texts))  # noqa: UP031
    assert (answer.status_code, answer.json()["rejected"]) == (200, 1)
    assert answer.json()["results"][1]["error"]["code"] == "validation_error"
    assert names(workspace) == ["a", "b"]


@pytest.mark.parametrize(
    "inside", ['"]"', '"\\\\"', '"\\"]]"', '{"a": "[{"}, []', '"{", {"b": [1, "\\u005d"]}']
)
def test_end_of_a_deep_item_is_found_behind_any_text(api_client, workspace, inside):
    deep = "[" * 1_100 + inside + "]" * 1_100
    text = '{"events": [{"external_id": "u", "event": "x", "a": %s}, %s], "z": 1}'
    answer = post(api_client, BATCH, text % (deep, '{"external_id": "u", "event": "b"}'))
    assert [result["success"] for result in answer.json()["results"]] == [False, True]
    assert names(workspace) == ["b"]


@pytest.mark.parametrize("quotes", ['"', '\\"', '"\\"'])
def test_deep_batch_is_refused_in_a_time_that_grows_with_its_length(api_client, quotes):
    # A scanner that begins anew at each quotation mark takes half a minute over this.
    text = '{"events": [' + "[" * 1_100 + '"' + quotes * 30_000
    start = perf_counter()
    assert post(api_client, BATCH, text).status_code == 400
    assert perf_counter() - start < 3


@pytest.mark.parametrize("size", [32_769, 200_000])
def test_item_over_32_kib_costs_its_neighbours_nothing(batch, workspace, size):
    answer = batch(an_event(event="a"), an_event(parameters={"a": "x" * size}), an_event(event="b"))
    refused = answer.json()["results"][1]["error"]
    assert (answer.status_code, refused["code"]) == (200, "payload_too_large")
    assert "32,768" in refused["message"]
    assert names(workspace) == ["a", "b"]


def test_item_of_32_kib_is_accepted(api_client):
    empty = '{"external_id": "u", "event": "x", "parameters": {"a": ""}}'
    for size, accepted in ((32_768, 1), (32_769, 0)):
        item = empty.replace('""', f'"{"x" * (size - len(empty))}"')
        answer = post(api_client, BATCH, f'{{"events": [ {item} ]}}')
        assert answer.json()["accepted"] == accepted


def test_number_that_is_no_json_spoils_the_whole_body(api_client, count_events):
    text = '{"events": [{"external_id": "u", "event": "a"}, {"parameters": {"n": NaN}}]}'
    answer = post(api_client, BATCH, text)
    assert (answer.status_code, error_code(answer)) == (400, "invalid_json")
    assert count_events() == 0


@pytest.mark.parametrize(
    "body", [{}, {"events": {}}, {"events": "x"}, {"events": 5}, {"event": []}]
)
def test_batch_without_a_list_is_refused(api_client, body):
    answer = post(api_client, BATCH, body)
    assert (bad_fields(answer), error_code(answer)) == (["events"], "validation_error")


@pytest.mark.parametrize("body", [{"events": None}, [an_event()], an_event()])
def test_body_without_events_is_refused(api_client, count_events, body):
    answer = post(api_client, BATCH, body)
    assert (answer.status_code, error_code(answer)) == (400, "validation_error")
    assert count_events() == 0


def test_empty_batch_is_refused(batch):
    answer = batch()
    assert (bad_fields(answer), error_code(answer)) == (["events"], "batch_empty")


def test_batch_of_101_is_refused_and_nothing_stored(batch, count_events):
    answer = batch(*[an_event()] * 101)
    assert (answer.status_code, error_code(answer)) == (400, "batch_too_large")
    assert "100" in answer.json()["message"]
    assert count_events() == 0


def test_batch_of_100_is_accepted(batch, count_events):
    assert batch(*[an_event()] * 100).json()["accepted"] == 100
    assert count_events() == 100


def test_last_of_a_repeated_list_counts(api_client, workspace):
    text = '{"events": [{"external_id": "u", "event": "a"}], "events": [%s]}'
    post(api_client, BATCH, text % '{"external_id": "u", "event": "b"}')
    assert names(workspace) == ["b"]


def test_repeated_item_is_stored_once_and_counts_as_accepted(batch, count_events):
    body = batch(an_event(message_id="m"), an_event(message_id="m")).json()
    assert (body["success"], body["accepted"]) == (True, 2)
    assert body["event_ids"][0] == body["event_ids"][1]
    assert body["results"][1] == body["results"][0] | {"index": 1, "duplicate": True}
    assert "duplicate" not in body["results"][0]
    assert count_events() == 1


def test_item_that_was_tracked_before_is_a_duplicate(batch, track, count_events):
    event_id = track(message_id="m").json()["event_id"]
    result = batch(an_event(message_id="m")).json()["results"][0]
    assert result == {"index": 0, "success": True, "event_id": event_id, "duplicate": True}


@pytest.mark.parametrize("key", ["k", "x" * 255])
def test_header_counts_per_index(batch, count_events, key):
    items = [an_event(event="a"), an_event(event="b", message_id="own"), an_event(event="c")]
    first, second = (batch(*items, key=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["event_ids"] == second.json()["event_ids"]
    assert all(result["duplicate"] for result in second.json()["results"])
    assert count_events() == 3


def test_header_of_a_batch_is_written_with_its_index(batch, track, api_client):
    event_id = batch(an_event(), an_event(), key="k").json()["event_ids"][1]
    assert track(message_id="k:1").json()["event_id"] == event_id


def test_changed_item_under_the_same_header_is_a_conflict_of_its_own(batch, workspace):
    batch(an_event(event="a"), an_event(event="b"), key="k")
    answer = batch(an_event(event="a"), an_event(event="c"), key="k")
    assert answer.status_code == 200
    assert answer.json()["results"][0]["duplicate"]
    assert answer.json()["results"][1]["error"]["code"] == "idempotency_conflict"
    assert names(workspace) == ["a", "b"]


def test_warnings_stand_with_their_item(batch):
    results = batch(an_event(parameters={"a": "\x00"}), an_event()).json()["results"]
    assert results[0]["warnings"][0]["field"] == "parameters.a"
    assert "warnings" not in results[1]


def test_items_of_one_new_person_are_about_one_person(batch, workspace):
    batch(*[an_event(external_id="new")] * 3, an_event(external_id="other"))
    events = Event.objects.in_workspace(workspace.id)
    assert len({event.person_id for event in events}) == 2


def test_batch_path_takes_no_single_event_and_the_other_no_batch(api_client):
    assert post(api_client, BATCH, an_event()).status_code == 400
    assert post(api_client, TRACK, {"events": [an_event()]}).status_code == 400
