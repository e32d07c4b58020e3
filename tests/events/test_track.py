import pytest

from flameup.api.ids import uuid7_moment
from tests.api.calls import TRACK, TRACK_PATHS, an_event, bad_fields, post

each_path = pytest.mark.parametrize("path", TRACK_PATHS)


@each_path
def test_event_is_stored_and_answered(api_client, stored, workspace, clock, path):
    answer = post(
        api_client,
        path,
        {
            "external_id": "user_123",
            "event": "purchase_completed",
            "parameters": {"amount": 99.99},
            "timestamp": "2024-01-15T10:29:00Z",
        },
    )
    event = stored()
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "event_id": f"evt_{event.id.hex}",
        "message": "Event tracked successfully",
    }
    assert (event.person.external_id, event.event) == ("user_123", "purchase_completed")
    assert (event.parameters.value, event.context.value) == ({"amount": 99.99}, {})
    assert event.created_at == clock()
    assert event.timestamp == clock().replace(minute=29)
    assert event.source == "api"


@each_path
def test_event_can_be_read_at_once(api_client, base_url, path):
    event_id = post(api_client, path, an_event()).json()["event_id"]
    assert api_client.get(f"{base_url}/events/{event_id}").json()["id"] == event_id


@each_path
def test_bad_event_is_refused_and_nothing_is_stored(api_client, count_events, path):
    assert bad_fields(post(api_client, path, {"event": "x"})) == ["external_id"]
    assert count_events() == 0


@pytest.mark.parametrize(
    ("body", "external_id"),
    [
        ({"external_id": "a", "user_id": "b", "userId": "c"}, "a"),
        ({"userId": "c", "user_id": "b"}, "b"),
        ({"userId": "c"}, "c"),
        ({"external_id": None, "user_id": None, "userId": "c"}, "c"),
    ],
)
def test_first_alias_of_external_id_wins(api_client, stored, body, external_id):
    post(api_client, TRACK, {"event": "x", **body})
    assert stored().person.external_id == external_id


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"event": "a", "event_name": "b"}, "a"),
        ({"event_name": "b"}, "b"),
        ({"event": None, "event_name": "b"}, "b"),
    ],
)
def test_first_alias_of_event_wins(api_client, stored, body, name):
    post(api_client, TRACK, {"external_id": "u", **body})
    assert stored().event == name


@pytest.mark.parametrize(
    ("body", "parameters"),
    [
        ({"parameters": {"a": 1}}, {"a": 1}),
        ({"properties": {"a": 1}}, {"a": 1}),
        ({"parameters": {"a": 1, "b": {"x": 1}}, "properties": {"b": {"y": 2}, "c": 3}},
         {"a": 1, "b": {"x": 1}, "c": 3}),
        ({"parameters": None, "properties": {"a": 1}}, {"a": 1}),
        ({"parameters": {"a": None}, "properties": {"a": 1}}, {"a": None}),
        ({"parameters": None, "properties": None}, {}),
        ({}, {}),
    ],
)  # fmt: skip
def test_parameters_and_properties_merge(track, stored, body, parameters):
    assert track(**body).status_code == 200
    assert stored().parameters.value == parameters


@pytest.mark.parametrize("value", [[], "x", "{}", 5, 1.5, True, False, 0, ""])
def test_payload_that_is_no_object_is_refused_naming_the_field(track, value):
    for name in ("parameters", "properties", "context"):
        assert bad_fields(track(**{name: value})) == [name]


@pytest.mark.parametrize(
    "name", ["parameters", "properties", "context", "timestamp", "message_id", "ip", "ua"]
)
def test_null_means_absent(track, stored, name):
    assert track(**{name: None}).json().keys() == {"success", "event_id", "message"}
    assert (stored().parameters.value, stored().context.value) == ({}, {})


@pytest.mark.parametrize("name", ["external_id", "event"])
def test_null_in_a_required_field_is_refused(track, name):
    assert bad_fields(track(**{name: None})) == [name]


def test_id_of_an_event_without_a_time_is_of_the_time_of_receipt(track, stored, clock):
    track()
    assert stored().timestamp == stored().created_at == clock()
    assert uuid7_moment(stored().id) == clock()
