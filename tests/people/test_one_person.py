import pytest

from people.models import Person, PersonIdentifier
from tests.api.calls import TRACK, an_event, patch, post
from tests.factories import EventFactory, PersonFactory

NOBODY = "6f2c1c1e-58a4-4d0b-9f6a-3c1c8f0f6a11"


@pytest.mark.parametrize("name", ["external_id", "id", "email", "EMAIL"])
def test_person_is_got_by_external_id_id_and_email(api_client, base_url, workspace, clock, name):
    jane = PersonFactory(workspace=workspace, jane=True)
    text = jane.email.upper() if name == "EMAIL" else getattr(jane, name)
    answer = api_client.get(f"{base_url}/people/{text}")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(jane.id),
        "workspace_id": workspace.public_id,
        "external_id": "jane",
        "email": "jane@example.com",
        "traits": {"email": "jane@example.com", "first_name": "Jane"},
        "created_at": "2024-01-15T10:30:00Z",
        "updated_at": "2024-01-15T10:30:00Z",
        "first_seen_at": None,
        "last_seen_at": None,
    }


@pytest.mark.parametrize(
    "name",
    [
        "nobody",
        "%00",
        "{%s}",
        "urn:uuid:%s",
        "x" * 10_000,
        "a@b.io",
        "6f2c1c1e-58a4-4d0b-9f6a-3c1c8f0f6a11",
        "%ed%a0%80",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_unknown_person_is_not_found(api_client, base_url, jane, method, name):
    path = f"{base_url}/people/{name.replace('%s', str(jane.id))}"
    answer = api_client.generic(method, path, "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_update_merges_traits(api_client, base_url, jane):
    answer = patch(api_client, f"{base_url}/people/{jane.id}", {"traits": {"plan": "pro"}})
    assert answer.status_code == 200
    assert set(answer.json()) == {"success", "person"}
    assert answer.json()["person"] == api_client.get(f"{base_url}/people/jane").json()
    assert answer.json()["person"]["traits"]["plan"] == "pro"


def test_first_and_last_seen_are_the_times_of_the_oldest_and_newest_event(
    api_client, base_url, workspace, clock
):
    for days in (3, 1, 2):
        moment = clock().replace(day=days)
        EventFactory(workspace=workspace, external_id="jane", timestamp=moment)
    person = api_client.get(f"{base_url}/people/jane").json()
    assert person["first_seen_at"] == "2024-01-01T10:30:00Z"
    assert person["last_seen_at"] == "2024-01-03T10:30:00Z"


def test_deleted_person_is_gone_with_their_events(api_client, base_url, workspace, count_events):
    EventFactory(workspace=workspace, external_id="jane")
    EventFactory(workspace=workspace, external_id="joe")
    answer = api_client.delete(f"{base_url}/people/jane")
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert count_events() == 1
    assert not PersonIdentifier.objects.filter(workspace_id=workspace.id, value="jane").exists()


@pytest.mark.parametrize("path", ["people/jane", "people/jane/events"])
def test_deleted_person_is_not_found(api_client, base_url, jane, path):
    api_client.delete(f"{base_url}/people/jane")
    assert api_client.get(f"{base_url}/{path}").status_code == 404
    assert api_client.delete(f"{base_url}/people/jane").status_code == 404


def test_event_under_the_id_of_a_deleted_person_makes_a_new_one(api_client, base_url, jane):
    api_client.delete(f"{base_url}/people/jane")
    post(api_client, TRACK, an_event(external_id="jane"))
    person = api_client.get(f"{base_url}/people/jane").json()
    assert person["id"] != str(jane.id)
    assert person["traits"] == {}


def test_event_under_the_uuid_of_a_deleted_person_does_not_bring_them_back(
    api_client, base_url, jane, workspace
):
    api_client.delete(f"{base_url}/people/jane")
    post(api_client, TRACK, an_event(external_id=str(jane.id)))
    assert Person.objects.in_workspace(workspace.id).get().id != jane.id
