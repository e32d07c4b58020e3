import pytest

from people.models import Person
from tests.api.endpoints import each_naming_a_workspace, names_in
from tests.factories import EventFactory, PersonFactory


@each_naming_a_workspace
def test_other_workspace_in_the_path_is_refused(api_client, other_workspace, endpoint):
    PersonFactory(workspace=other_workspace, jane=True)
    answer = endpoint.call(api_client, **names_in(other_workspace))
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "wrong_workspace"
    assert Person.objects.in_workspace(other_workspace.id).get().traits.value == {
        "email": "jane@example.com",
        "first_name": "Jane",
    }


@pytest.mark.parametrize("name", ["ws_zzzzzzz", "ws_0", "abc", "%00", "WS_ABC123", "{}", "ws_é"])
def test_answer_does_not_tell_whether_the_workspace_exists(api_client, other_workspace, name):
    absent = api_client.get(f"/api/v1/workspaces/{name}/events")
    existing = api_client.get(f"/api/v1/workspaces/{other_workspace.public_id}/events")
    assert absent.status_code == existing.status_code == 403
    assert absent.content == existing.content


@pytest.mark.parametrize("path", ["events", "people", "people/search?q=jane"])
def test_lists_hold_only_the_own_workspace(api_client, base_url, other_workspace, path):
    PersonFactory(workspace=other_workspace, jane=True)
    EventFactory(workspace=other_workspace, external_id="jane")
    assert api_client.get(f"{base_url}/{path}").json()["total"] == 0


def test_event_of_another_workspace_is_unknown(api_client, base_url, other_workspace):
    event = EventFactory(workspace=other_workspace)
    assert api_client.get(f"{base_url}/events/{event.id.hex}").status_code == 404


@pytest.mark.parametrize("name", ["jane", "jane@example.com", "id"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_person_of_another_workspace_is_unknown(
    api_client, base_url, other_workspace, method, name
):
    person = PersonFactory(workspace=other_workspace, jane=True)
    path = f"{base_url}/people/{person.id if name == 'id' else name}"
    answer = api_client.generic(method, path, "{}", content_type="application/json")
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["jane", "jane@example.com", "id"])
def test_events_of_a_person_of_another_workspace_are_unknown(api_client, other_workspace, name):
    event = EventFactory(workspace=other_workspace, external_id="jane")
    name = event.person_id if name == "id" else name
    assert api_client.get(f"/api/v1/people/{name}/events").status_code == 404
