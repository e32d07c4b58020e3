"""A group of known people and new message ids is stored in two messages; any other as before."""

import pytest
from django.db import DatabaseError, connection

from events import counts
from events.ingest import usual
from events.ingest.items import Stored
from events.ingest.store import store
from events.ingest.usual import store_usual
from events.models import Event, Receipt
from people.known import known_people
from people.models import Person
from people.services import delete_person
from tests.factories import make_item
from workspaces.models import Workspace


@pytest.fixture(autouse=True)
def known(workspace, django_capture_on_commit_callbacks):
    """Have `jane` and `joe` known; return the id of jane."""
    known_people.clear()
    items = [make_item(workspace, external_id=name) for name in ("jane", "joe")]
    with django_capture_on_commit_callbacks(execute=True):
        store(items, connection)
    return Event.objects.in_workspace(workspace.id).with_id(items[0].event_id).get().person_id


def events_of(workspace):
    return Event.objects.in_workspace(workspace.id)


def claimed(workspace):
    return set(Receipt.objects.filter(workspace_id=workspace.id).values_list("event_id", flat=True))


def test_known_people_and_new_ids_are_stored_without_asking(
    workspace, known, django_assert_num_queries
):
    names = ["m\\1", 'm"2', "m'3", "{m,4}", "NULL", "m\n5", "m😀"]
    items = [make_item(workspace, external_id="jane", message_id=name) for name in names]
    items.append(make_item(workspace, external_id="joe"))
    # One beside the savepoint, which outside of a test is a part of it.
    with django_assert_num_queries(3):
        assert store(items, connection) == [Stored(item.event_id) for item in items]
    assert events_of(workspace).count() == counts.total(workspace.id, (), None, None) == 10
    assert events_of(workspace).with_id(items[0].event_id).get().person_id == known
    receipts = Receipt.objects.filter(workspace_id=workspace.id).order_by("message_id")
    assert sorted(names) == sorted(receipts.values_list("message_id", flat=True))
    assert claimed(workspace) == {item.event_id for item in items[:-1]}


def test_fingerprint_and_time_of_a_receipt_are_those_of_the_item(workspace):
    item = make_item(workspace, external_id="jane", message_id="m", fingerprint=b"\0\\'\xff")
    assert store_usual([item], connection)
    receipt = Receipt.objects.get(workspace_id=workspace.id, message_id="m")
    assert (bytes(receipt.fingerprint), receipt.created_at) == (b"\0\\'\xff", item.received_at)


def test_id_that_was_used_makes_it_unusual_and_nothing_is_doubled(workspace):
    first = make_item(workspace, external_id="jane", message_id="m")
    store([first], connection)
    again = make_item(workspace, external_id="jane", message_id="m")
    other = make_item(workspace, external_id="joe", message_id="n")
    assert not store_usual([again, other], connection)
    assert claimed(workspace) == {first.event_id}
    assert store([again, other], connection) == [
        Stored(first.event_id, is_duplicate=True),
        Stored(other.event_id),
    ]
    assert events_of(workspace).count() == counts.total(workspace.id, (), None, None) == 4


def test_id_twice_in_a_group_is_unusual(workspace):
    items = [make_item(workspace, external_id="jane", message_id="m") for _ in range(2)]
    assert not store_usual(items, connection)
    assert store(items, connection)[1] == Stored(items[0].event_id, is_duplicate=True)


def test_stranger_is_unusual(workspace):
    items = [make_item(workspace, external_id=name) for name in ("jane", "stranger")]
    assert not store_usual(items, connection)
    assert events_of(workspace).count() == 2


def test_person_deleted_since_is_unusual_though_remembered(workspace, known):
    delete_person(workspace_id=workspace.id, person_id=known)
    item = make_item(workspace, external_id="jane")
    assert not store_usual([item], connection)
    store([item], connection)
    jane = Person.objects.in_workspace(workspace.id).get(external_id="jane")
    assert events_of(workspace).with_id(item.event_id).get().person_id == jane.id != known


def test_one_workspace_that_has_changed_makes_the_group_unusual(workspace, other_workspace):
    items = [make_item(each, external_id="jane") for each in (workspace, other_workspace)]
    known_people.note_versions({workspace.id: 0, other_workspace.id: 0})
    known_people.put((other_workspace.id, 0, "jane"), items[1].event_id)
    Workspace.objects.filter(id=other_workspace.id).update(people_version=1)
    assert not store_usual(items, connection)
    assert not events_of(other_workspace).exists()


def test_new_version_is_what_is_known_from_then_on(
    workspace, known, django_capture_on_commit_callbacks
):
    Workspace.objects.filter(id=workspace.id).update(people_version=7)
    with django_capture_on_commit_callbacks(execute=True):
        store([make_item(workspace, external_id="jane")], connection)
    assert known_people.versions[workspace.id] == 7
    assert store_usual([make_item(workspace, external_id="jane")], connection)


@pytest.mark.parametrize("parameters", ["{", '{"a": "\\u0000"}', ""])
def test_row_that_is_refused_leaves_nothing_behind(workspace, parameters):
    good, bad = (make_item(workspace, external_id="jane", message_id=name) for name in "ab")
    bad.parameters = parameters
    with pytest.raises(DatabaseError):
        store_usual([good, bad], connection)
    assert not claimed(workspace)
    assert events_of(workspace).count() == counts.total(workspace.id, (), None, None) == 2
    assert store_usual([good], connection)


def test_failure_while_packing_leaves_nothing_behind(workspace, monkeypatch):
    item = make_item(workspace, external_id="jane", message_id="m")
    whole = usual.copy_events
    monkeypatch.setattr(
        usual, "copy_events", lambda *given, **named: whole(*given[:2], {}, **named)
    )
    with pytest.raises(KeyError):
        store_usual([item], connection)
    monkeypatch.undo()
    assert not claimed(workspace)
    assert store_usual([item], connection)
