"""The people a process remembers, and that memory never outlives what it says."""

import pytest
from django.db import connection, transaction

from events.ingest.store import store
from events.models import Event
from people.known import KnownPeople, known_people, meet
from people.models import Person
from people.services import clean_traits, delete_person, hold_people, merge_traits
from tests.events.threads import PATIENCE, in_background, wait_until_blocked
from tests.factories import PersonFactory, make_item
from workspaces.models import Workspace

committed = pytest.mark.django_db(transaction=True)
PERSON, OTHER = "the person", "the other"


@pytest.fixture(autouse=True)
def nobody_known():
    known_people.clear()


def store_here(workspace, external_id="jane"):
    """Store an event of this person; return whom it is about."""
    [outcome] = store([make_item(workspace, external_id=external_id)], connection)
    events = Event.objects.in_workspace(workspace.id)
    return events.with_id(outcome.event_id).get().person_id


def remembered(workspace, name="jane"):
    version = Workspace.objects.get(id=workspace.id).people_version
    return known_people.get((workspace.id, version, name))


@committed
def test_person_of_an_event_is_remembered_and_not_looked_for(workspace, django_assert_num_queries):
    person_id = store_here(workspace)
    assert remembered(workspace) == person_id
    item = make_item(workspace, external_id="jane")
    with transaction.atomic():
        versions = hold_people(connection, [workspace.id])
        with django_assert_num_queries(0):
            found = meet(connection, [item.person], versions, item.received_at).people
    assert found == {item.person: person_id}


@committed
def test_event_waits_for_the_deletion_of_a_known_person_and_is_about_a_new_one(workspace):
    old_id = store_here(workspace)
    assert remembered(workspace) == old_id
    with in_background(store_here, workspace) as (start, future):
        with transaction.atomic():
            delete_person(workspace_id=workspace.id, person_id=old_id)
            start.set()
            wait_until_blocked(future)
            assert not future.done()
        new_id = future.result(PATIENCE)
    assert new_id != old_id
    assert Person.objects.in_workspace(workspace.id).get().id == new_id
    assert remembered(workspace) == new_id


@committed
def test_deletion_that_is_taken_back_leaves_the_person_known(workspace):
    person_id = store_here(workspace)
    with transaction.atomic():
        delete_person(workspace_id=workspace.id, person_id=person_id)
        transaction.set_rollback(True)
    assert store_here(workspace) == person_id


@committed
def test_deletion_makes_another_workspace_forget_nobody(workspace, other_workspace):
    mine, theirs = store_here(workspace), store_here(other_workspace)
    assert mine != theirs
    delete_person(workspace_id=workspace.id, person_id=mine)
    assert remembered(workspace) is None
    assert remembered(other_workspace) == theirs
    assert store_here(other_workspace) == theirs


@committed
def test_person_that_another_process_deletes_while_it_is_remembered_is_forgotten(workspace):
    # As another process would have it, that holds the name under the version of before.
    old_id = store_here(workspace)
    person = Person.objects.in_workspace(workspace.id).get()
    delete_person(workspace_id=workspace.id, person_id=person.id)
    assert known_people.get((workspace.id, workspace.people_version, "jane")) == old_id
    assert store_here(workspace) != old_id


@committed
@pytest.mark.parametrize("name", ["ann@x.io", "ANN@x.io"])
def test_email_may_pass_to_somebody_else(workspace, name):
    ann = PersonFactory(workspace=workspace, external_id="ann", traits={"email": "ann@x.io"})
    assert store_here(workspace, name) == ann.id
    assert remembered(workspace, name) is None
    bob = PersonFactory(workspace=workspace, external_id="bob")
    for person, email in ((ann, None), (bob, "ann@x.io")):
        changes = clean_traits({"email": email})
        merge_traits(workspace_id=workspace.id, person_id=person.id, changes=changes)
    assert store_here(workspace, name) == bob.id


@committed
def test_what_is_rolled_back_is_not_remembered(workspace):
    with transaction.atomic():
        lost_id = store_here(workspace)
        transaction.set_rollback(True)
    assert remembered(workspace) is None
    assert store_here(workspace) != lost_id


@committed
def test_savepoint_that_is_rolled_back_is_not_remembered(workspace):
    with transaction.atomic():
        with transaction.atomic():
            lost_id = store_here(workspace)
            transaction.set_rollback(True)
        assert remembered(workspace) is None
    assert remembered(workspace) is None
    assert store_here(workspace) != lost_id


@committed
def test_nobody_is_remembered_before_the_commit(workspace):
    with transaction.atomic():
        person_id = store_here(workspace)
        assert remembered(workspace) is None
    assert remembered(workspace) == person_id


def test_other_version_other_workspace_and_other_name_are_unknown():
    known = KnownPeople()
    known.put((1, 1, "jane"), PERSON)
    assert known.get((1, 1, "jane")) == PERSON
    assert [known.get(key) for key in ((1, 2, "jane"), (2, 1, "jane"), (1, 1, "Jane"))] == [
        None
    ] * 3


def test_no_more_are_remembered_than_may_be():
    known = KnownPeople(10)
    for i in range(1000):
        known.put((1, 1, str(i)), PERSON)
        assert len(known._young) + len(known._old) <= 10
    # From the latest back, because looking for one may push out others.
    latest = [known.get((1, 1, str(999 - i))) for i in range(5)]
    assert latest == [PERSON] * 5
    assert known.get((1, 1, "900")) is None


def test_who_is_asked_for_stays_while_others_are_forgotten():
    known = KnownPeople(10)
    known.put((1, 1, "jane"), PERSON)
    known.put((1, 1, "joe"), OTHER)
    for i in range(100):
        known.put((1, 1, str(i)), OTHER)
        assert known.get((1, 1, "jane")) == PERSON
    assert known.get((1, 1, "joe")) is None


def test_versions_of_no_more_workspaces_are_kept_than_may_be(monkeypatch):
    monkeypatch.setattr("people.known.MAX_VERSIONS", 10)
    known = KnownPeople()
    for i in range(100):
        known.note_versions({i: 7})
        assert known.versions[i] == 7
        assert len(known.versions) <= 10
