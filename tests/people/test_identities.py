from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from people.identities import Identity, find_or_create_people
from people.models import Person, PersonIdentifier
from people.services import find_person_id
from tests.factories import PersonFactory


@pytest.fixture
def resolve(workspace):
    """Returns the ids of the people of these names, in one go; they are created if unknown."""

    def call(*names):
        wanted = [Identity(workspace.id, name) for name in names]
        people = find_or_create_people(connection, wanted, timezone.now())
        return [people[identity].person_id for identity in wanted]

    return call


def test_external_id_that_is_the_id_of_another_wins(workspace, jane):
    joe = PersonFactory(workspace=workspace, external_id="joe")
    # The API would take this name for jane; a merge may leave it with somebody else.
    PersonIdentifier.objects.create(
        workspace=workspace, kind="external_id", value=str(jane.id), person_id=joe.id
    )
    assert find_person_id(workspace.id, str(jane.id)) == joe.id


def test_external_id_comes_before_email(workspace, jane):
    joe = PersonFactory(workspace=workspace, external_id="joe@x.io")
    PersonFactory(workspace=workspace, external_id="ann", traits={"email": "joe@x.io"})
    assert find_person_id(workspace.id, "joe@x.io") == joe.id


def test_oldest_of_those_who_share_an_email_is_found(workspace, clock):
    for email, hours in (("a@x.io", 2), ("A@x.io", -3), ("a@X.IO", 5)):
        PersonFactory(workspace=workspace, external_id=email * 2, traits={"email": email})
        clock.advance(hours=hours)
    oldest = Person.objects.in_workspace(workspace.id).order_by("created_at")[0]
    assert oldest.email == "a@X.IO"
    assert find_person_id(workspace.id, "a@x.io") == oldest.id
    assert find_person_id(workspace.id, "A@X.io") == oldest.id


def test_person_is_found_by_uuid_in_any_case(workspace, jane):
    assert find_person_id(workspace.id, str(jane.id).upper()) == jane.id


@pytest.mark.parametrize("name", ["", "\x00", "a\ud800", "x" * 256, "nobody"])
def test_nobody_is_found_by_another_name(workspace, jane, name):
    assert find_person_id(workspace.id, name) is None


def test_unknown_people_are_created(resolve, workspace):
    [first, second] = resolve("a", "b")
    assert resolve("b", "a") == [second, first]
    assert Person.objects.in_workspace(workspace.id).count() == 2


def test_unknown_uuid_becomes_an_external_id(resolve, workspace):
    text = "550e8400-e29b-41d4-a716-446655440000"
    [person_id] = resolve(text)
    assert str(person_id) != text
    assert Person.objects.in_workspace(workspace.id).get().external_id == text


def test_two_spellings_of_a_new_email_are_one_person_as_they_are_one_after_another(
    resolve, workspace
):
    [one, other] = resolve("ann@x.io", "Ann@X.io")
    assert one == other
    assert Person.objects.in_workspace(workspace.id).count() == 1


def test_external_ids_are_told_apart_by_case(resolve):
    assert len(set(resolve("user", "User", "\uff55ser"))) == 3


def test_new_person_is_dated_by_the_moment_given(workspace):
    moment = timezone.now() - timedelta(days=1)
    find_or_create_people(connection, [Identity(workspace.id, "a")], moment)
    assert Person.objects.in_workspace(workspace.id).get().created_at == moment


@pytest.mark.parametrize(
    "text", ["it's", 'a"b', "a\\b", "a,b", "{a}", "%s", "a b", "é", "😀" * 255]
)
def test_any_visible_text_is_a_name(resolve, text):
    [person_id] = resolve(text)
    assert resolve(text) == [person_id]
