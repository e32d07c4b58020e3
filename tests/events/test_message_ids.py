import pytest

from events.models import Receipt
from tests.api.calls import BATCH, TRACK, TRACK_PATHS, an_event, bad_fields, error_code, post


@pytest.fixture
def send(api_client):
    """Tracks an event, `key` going as Idempotency-Key."""

    def call(key=None, **fields):
        headers = {} if key is None else {"idempotency-key": key}
        return post(api_client, TRACK, an_event(**fields), headers=headers)

    return call


@pytest.mark.parametrize("path", TRACK_PATHS)
def test_repeated_event_is_stored_once_and_answered_as_before(api_client, count_events, path):
    body = an_event(message_id="m1", parameters={"a": 1})
    first, second = (post(api_client, path, body) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json() | {"duplicate": True}
    assert "duplicate" not in first.json()
    assert count_events() == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"message_id": "m"}, {"messageId": "m"}),
        ({"message_id": "m"}, {"key": "m"}),
        ({"key": "m"}, {"messageId": "m"}),
        ({"message_id": "m", "messageId": "x"}, {"message_id": "m"}),
        ({"message_id": None, "messageId": "m"}, {"message_id": "m"}),
        ({"messageId": "m", "key": "x"}, {"message_id": "m"}),
        ({"message_id": " m "}, {"message_id": "m"}),
        ({"message_id": "x" * 255}, {"key": "x" * 255}),
        ({"message_id": "m", "external_id": "a"}, {"message_id": "m", "external_id": "b"}),
    ],
)
def test_same_message_id_is_the_same_event(send, count_events, first, second):
    assert send(**first).json()["event_id"] == send(**second).json()["event_id"]
    assert count_events() == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({"message_id": "a"}, {"message_id": "b"}),
        ({"message_id": "a"}, {"message_id": "A"}),
        ({"message_id": "m", "messageId": "x"}, {"messageId": "x"}),
        ({"message_id": "m", "key": "x"}, {"key": "x"}),
        ({"message_id": None}, {"message_id": None}),
    ],
)
def test_other_message_id_is_another_event(send, count_events, first, second):
    assert send(**first).json()["event_id"] != send(**second).json()["event_id"]
    assert count_events() == 2


@pytest.mark.parametrize("value", ["", " ", "x" * 256, "a\x00", "a\nb", "\ud800", 5, True, [], {}])
def test_bad_message_id_is_refused_naming_the_field(send, count_events, value):
    assert bad_fields(send(message_id=value)) == ["message_id"]
    assert bad_fields(send(messageId=value)) == ["messageId"]
    assert count_events() == 0


@pytest.mark.parametrize("value", ["", " ", "x" * 256, "a\x00b", "a\x01b"])
def test_bad_idempotency_key_is_refused_naming_it(send, api_client, count_events, value):
    assert bad_fields(send(key=value)) == ["Idempotency-Key"]
    headers = {"idempotency-key": value}
    answer = post(api_client, BATCH, {"events": [an_event()]}, headers=headers)
    assert bad_fields(answer) == ["Idempotency-Key"]
    assert count_events() == 0


def test_message_id_of_another_workspace_is_another_one(send, make_client, other_workspace):
    elsewhere = make_client(workspace=other_workspace)
    answers = [send(message_id="m"), post(elsewhere, TRACK, an_event(message_id="m"))]
    assert not any("duplicate" in answer.json() for answer in answers)


def test_receipt_counts_for_seven_days(send, count_events, clock):
    first = send(message_id="m").json()
    clock.advance(days=7, microseconds=-1)
    assert send(message_id="m").json()["event_id"] == first["event_id"]
    clock.advance(microseconds=2)
    later = send(message_id="m").json()
    assert "duplicate" not in later
    assert later["event_id"] != first["event_id"]
    assert count_events() == 2


def test_receipt_that_was_taken_over_counts_for_seven_more_days(send, workspace, clock):
    send(message_id="m")
    clock.advance(days=8)
    second = send(message_id="m").json()
    clock.advance(days=6)
    assert send(message_id="m").json() == second | {"duplicate": True}
    assert Receipt.objects.filter(workspace_id=workspace.id).count() == 1


@pytest.mark.parametrize(
    "change", [{"external_id": "other"}, {"event": "other"}, {"parameters": {"a": 2}}]
)
def test_same_key_with_another_event_is_a_conflict(send, count_events, change):
    send(key="k", parameters={"a": 1})
    answer = send(key="k", **{"parameters": {"a": 1}, **change})
    assert (answer.status_code, error_code(answer)) == (409, "idempotency_conflict")
    assert count_events() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2020-01-01"},
        {"context": {"retry": 1}},
        {"parameters": {"b": 2, "a": 1}},
        {"parameters": None, "properties": {"a": 1, "b": 2}},
        {"external_id": None, "user_id": "user_123"},
    ],
)
def test_same_key_with_the_same_event_is_a_duplicate(send, change):
    first = send(key="k", parameters={"a": 1, "b": 2}).json()
    answer = send(key="k", **{"parameters": {"a": 1, "b": 2}, **change})
    assert answer.json() == first | {"duplicate": True}


def test_same_key_naming_the_same_person_otherwise_is_a_duplicate(send, jane):
    send(key="k", external_id="jane")
    assert send(key="k", external_id="jane@example.com").json()["duplicate"]


def test_message_id_in_the_body_is_never_a_conflict(send):
    send(message_id="m", parameters={"a": 1})
    assert send(message_id="m", key="m", parameters={"a": 2}).json()["duplicate"]


def test_refused_event_does_not_use_up_its_message_id(send):
    send(message_id="m", timestamp="nonsense")
    assert "duplicate" not in send(message_id="m").json()
