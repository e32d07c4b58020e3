import json

import pytest

from tests.api.calls import TRACK, an_event, bad_fields, error_code, post

LIMIT = 32 * 1024


def event_of(size):
    """Return the text of an event of so many bytes."""
    empty = json.dumps(an_event(parameters={"a": ""}))
    return json.dumps(an_event(parameters={"a": "x" * (size - len(empty))}))


def nested_list(depth):
    return "[" * depth + "]" * depth


def nested_object(depth):
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


def test_event_of_32_kib_is_accepted(api_client):
    assert post(api_client, TRACK, event_of(LIMIT)).status_code == 200


def test_larger_event_is_refused_naming_the_limit(api_client, count_events):
    answer = post(api_client, TRACK, event_of(LIMIT + 1))
    assert (answer.status_code, error_code(answer)) == (413, "payload_too_large")
    assert "32,768" in answer.json()["message"]
    assert count_events() == 0


def test_bytes_count_as_received(api_client):
    text = json.dumps(an_event())
    assert post(api_client, TRACK, text.ljust(LIMIT)).status_code == 200
    assert post(api_client, TRACK, text.ljust(LIMIT + 1)).status_code == 413
    assert post(api_client, TRACK, an_event(parameters={"a": "€" * 11_000})).status_code == 413


@pytest.mark.parametrize("name", ["parameters", "properties", "context"])
@pytest.mark.parametrize("nest", [nested_list, nested_object])
def test_event_may_be_nested_32_deep(api_client, count_events, name, nest):
    # The event is the first level, its payload the second.
    text = '{"external_id": "u", "event": "x", "%s": {"a": %s}}'
    assert post(api_client, TRACK, text % (name, nest(30))).status_code == 200
    answer = post(api_client, TRACK, text % (name, nest(31)))
    assert (bad_fields(answer), count_events()) == ([name], 1)
    assert "32" in answer.json()["message"]


@pytest.mark.parametrize("depth", [200, 900, 1_100, 5_000, 16_000])
def test_deeper_event_is_refused(api_client, count_events, depth):
    for name in ("parameters", "context", "external_id", "event", "timestamp"):
        text = f'{{"external_id": "u", "event": "x", "{name}": {{"a": {nested_list(depth)}}}}}'
        answer = post(api_client, TRACK, text)
        assert (answer.status_code, error_code(answer)) == (400, "validation_error")
    assert count_events() == 0


def test_event_that_is_deep_and_large_is_refused_for_its_size(api_client):
    assert post(api_client, TRACK, nested_list(100_000)).status_code == 413
