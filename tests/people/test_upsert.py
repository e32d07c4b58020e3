import pytest

from people.models import Person
from tests.api.calls import bad_fields, post
from tests.factories import EventFactory, PersonFactory


@pytest.fixture
def identify(api_client, base_url):
    """Posts a person."""
    return lambda **body: post(api_client, f"{base_url}/people", body)


def test_new_person_is_created(identify, workspace, clock):
    answer = identify(userId="user_123", email="jane@example.com", traits={"first_name": "Jane"})
    person = Person.objects.in_workspace(workspace.id).get()
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "created": True,
        "person": {
            "id": str(person.id),
            "workspace_id": workspace.public_id,
            "external_id": "user_123",
            "email": "jane@example.com",
            "traits": {"email": "jane@example.com", "first_name": "Jane"},
            "created_at": "2024-01-15T10:30:00Z",
            "updated_at": "2024-01-15T10:30:00Z",
            "first_seen_at": None,
            "last_seen_at": None,
        },
    }


def test_known_person_is_updated(identify, workspace, clock):
    first = identify(external_id="user_123", traits={"plan": "free"}).json()
    clock.advance(hours=1)
    second = identify(external_id="user_123", traits={"plan": "pro"}).json()
    assert (first["created"], second["created"]) == (True, False)
    assert second["person"] == first["person"] | {
        "traits": {"plan": "pro"},
        "updated_at": "2024-01-15T11:30:00Z",
    }
    assert Person.objects.in_workspace(workspace.id).count() == 1


@pytest.mark.parametrize("name", ["id", "email"])
def test_person_is_known_by_id_and_email_too(identify, jane, name):
    answer = identify(external_id=str(getattr(jane, name)), traits={"plan": "pro"}).json()
    assert (answer["created"], answer["person"]["id"]) == (False, str(jane.id))
    assert answer["person"]["external_id"] == "jane"


def test_person_whom_an_event_made_is_known(identify, workspace):
    event = EventFactory(workspace=workspace, external_id="user_123")
    answer = identify(external_id="user_123").json()
    assert (answer["created"], answer["person"]["id"]) == (False, str(event.person_id))


def test_same_external_id_in_two_workspaces_is_two_people(identify, other_workspace):
    other = PersonFactory(workspace=other_workspace, external_id="user_123")
    answer = identify(external_id="user_123").json()
    assert answer["created"]
    assert answer["person"]["id"] != str(other.id)


@pytest.mark.parametrize(
    ("body", "external_id"),
    [
        ({"external_id": "a", "user_id": "b", "userId": "c"}, "a"),
        ({"external_id": None, "user_id": "b", "userId": "c"}, "b"),
        ({"userId": "c"}, "c"),
        ({"external_id": 5}, "5"),
        ({"external_id": 2**70}, str(2**70)),
        ({"external_id": "  a b \n"}, "a b"),
        ({"external_id": "x" * 255}, "x" * 255),
    ],
)
def test_external_id_is_read(identify, body, external_id):
    assert identify(**body).json()["person"]["external_id"] == external_id


@pytest.mark.parametrize(
    "value", ["", " ", "x" * 256, "a\x00", "a\tb", "\ud800", True, 1.5, [], {}]
)
@pytest.mark.parametrize("name", ["external_id", "user_id", "userId"])
def test_bad_external_id_is_refused_naming_the_field(identify, workspace, name, value):
    assert bad_fields(identify(**{name: value})) == [name]
    assert not Person.objects.in_workspace(workspace.id).exists()


def test_external_id_is_required(identify):
    assert bad_fields(identify(traits={"a": 1})) == ["external_id"]


def test_email_shaped_external_id_fills_the_email(identify):
    person = identify(external_id="Jane@Example.com").json()["person"]
    assert person["email"] == "Jane@Example.com"
    assert person["traits"] == {"email": "Jane@Example.com"}


def test_given_email_overrules_the_email_shaped_external_id(identify):
    person = identify(external_id="jane@example.com", email="jane@work.com").json()["person"]
    assert (person["external_id"], person["email"]) == ("jane@example.com", "jane@work.com")


def test_lone_surrogate_in_an_email_is_no_server_error(api_client, base_url):
    body = '{"external_id": "u", "email": "a@\\ud800.com"}'
    answer = api_client.post(f"{base_url}/people", body, content_type="application/json")
    assert answer.status_code in (200, 400)
