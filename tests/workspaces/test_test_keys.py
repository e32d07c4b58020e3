import pytest

from events.models import Receipt
from people.models import Person
from tests.api.calls import BATCH, TRACK, an_event, patch, post
from tests.factories import EventFactory


@pytest.fixture
def test_mode_client(make_client):
    return make_client(mode="test")


def test_tracked_event_is_answered_and_not_stored(test_mode_client, count_events, workspace):
    answer = post(test_mode_client, TRACK, an_event(message_id="m1"))
    body = answer.json()
    assert answer.status_code == 200
    assert body == {
        "success": True,
        "event_id": body["event_id"],
        "message": "Event tracked successfully",
        "test": True,
    }
    assert count_events() == 0
    assert not Person.objects.in_workspace(workspace.id).exists()
    assert not Receipt.objects.filter(workspace_id=workspace.id).exists()


def test_each_answer_has_a_fresh_id(test_mode_client):
    answers = [post(test_mode_client, TRACK, an_event(message_id="m1")).json() for _ in range(2)]
    assert answers[0]["event_id"] != answers[1]["event_id"]


def test_batch_is_answered_and_not_stored(test_mode_client, count_events):
    body = post(test_mode_client, BATCH, {"events": [an_event(), {}]}).json()
    assert (body["test"], body["accepted"], body["rejected"]) == (True, 1, 1)
    assert count_events() == 0


def test_event_is_checked_in_full(test_mode_client):
    assert post(test_mode_client, TRACK, an_event(event=5)).status_code == 400
    assert post(test_mode_client, BATCH, {"events": []}).status_code == 400


def test_person_is_answered_and_not_stored(test_mode_client, base_url, workspace):
    answer = post(
        test_mode_client, f"{base_url}/people", {"external_id": "x", "traits": {"a": 1}}
    ).json()
    assert (answer["test"], answer["created"]) == (True, True)
    assert answer["person"]["traits"] == {"a": 1}
    assert not Person.objects.in_workspace(workspace.id).exists()


def test_update_of_a_person_is_answered_and_not_stored(test_mode_client, base_url, jane):
    answer = patch(test_mode_client, f"{base_url}/people/jane", {"traits": {"first_name": "Ann"}})
    assert answer.json()["test"] is True
    assert answer.json()["person"]["traits"]["first_name"] == "Ann"
    jane.refresh_from_db()
    assert jane.traits.value["first_name"] == "Jane"


def test_deletion_of_a_person_is_answered_and_not_done(test_mode_client, base_url, jane):
    answer = test_mode_client.delete(f"{base_url}/people/jane")
    assert (answer.status_code, answer.json()["test"]) == (200, True)
    assert test_mode_client.get(f"{base_url}/people/jane").status_code == 200


def test_deletion_of_an_unknown_person_is_refused(test_mode_client, base_url):
    assert test_mode_client.delete(f"{base_url}/people/nobody").status_code == 404


def test_person_whose_traits_are_too_large_is_refused(test_mode_client, base_url):
    body = {"external_id": "x", "traits": {"a": "x" * 65_536}}
    assert post(test_mode_client, f"{base_url}/people", body).status_code == 400


@pytest.mark.parametrize("path", ["events", "people", "people/jane", "people/jane/events"])
def test_reads_are_those_of_a_live_key(
    test_mode_client, api_client, base_url, workspace, jane, path
):
    EventFactory(workspace=workspace, external_id="jane")
    answer = test_mode_client.get(f"{base_url}/{path}")
    assert answer.status_code == 200
    assert answer.json() == api_client.get(f"{base_url}/{path}").json()
