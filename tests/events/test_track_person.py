import pytest

from people.models import Person
from tests.factories import PersonFactory

NOBODY = "6f2c1c1e-58a4-4d0b-9f6a-3c1c8f0f6a11"


@pytest.mark.parametrize("name", ["external_id", "id", "email"])
def test_event_is_about_the_person_of_that_name(track, stored, jane, name):
    track(external_id=str(getattr(jane, name)))
    assert stored().person_id == jane.id


def test_email_is_found_in_any_case(track, stored, jane):
    track(external_id="JANE@Example.com")
    assert stored().person_id == jane.id


def test_oldest_of_those_who_share_an_email_is_taken(track, stored, workspace, clock):
    older = PersonFactory(workspace=workspace, external_id="older", traits={"email": "a@x.io"})
    clock.advance(hours=1)
    PersonFactory(workspace=workspace, external_id="younger", traits={"email": "a@x.io"})
    track(external_id="a@x.io")
    assert stored().person_id == older.id


def test_external_id_comes_before_email(track, stored, workspace):
    PersonFactory(workspace=workspace, external_id="older", traits={"email": "a@x.io"})
    named = PersonFactory(workspace=workspace, external_id="ann")
    track(external_id="ann")
    assert stored().person_id == named.id


@pytest.mark.parametrize("external_id", ["user_123", "not@an@email", "a@b", NOBODY])
def test_unknown_person_is_created(track, workspace, clock, external_id):
    track(external_id=external_id)
    person = Person.objects.in_workspace(workspace.id).get()
    assert (person.external_id, person.email, person.traits.value) == (external_id, None, {})
    assert person.created_at == person.updated_at == clock()


def test_unknown_email_fills_email_and_traits(track, workspace):
    track(external_id="Ann@Example.com")
    person = Person.objects.in_workspace(workspace.id).get()
    assert (person.external_id, person.email) == ("Ann@Example.com", "Ann@Example.com")
    assert person.traits.value == {"email": "Ann@Example.com"}


def test_same_name_is_one_person(track, workspace):
    for _ in range(2):
        track(external_id="user_123")
    assert Person.objects.in_workspace(workspace.id).count() == 1


def test_person_of_another_workspace_is_somebody_else(track, stored, other_workspace):
    other = PersonFactory(workspace=other_workspace, jane=True)
    track(external_id=str(other.id))
    assert stored().person_id != other.id


def test_refused_event_creates_nobody(track, workspace):
    track(external_id="new", timestamp="nonsense")
    assert not Person.objects.in_workspace(workspace.id).exists()
