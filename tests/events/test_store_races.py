from contextlib import suppress
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import connection, transaction

from events.ingest.items import Stored
from events.ingest.store import store
from events.models import Event
from events.partitions import Partition, create_partition
from people.models import Person, PersonIdentifier
from people.services import delete_person
from tests.api.calls import TRACK, an_event, post
from tests.conftest import client_of
from tests.events.threads import PATIENCE, in_background, in_parallel, wait_until_blocked
from tests.factories import APIKeyFactory, PersonFactory, make_item

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 50


@pytest.fixture
def track_at_once(workspace):
    """Tracks an event in many threads at once, `fields(i)` being what it has in the i-th."""

    def call(fields):
        api_key = APIKeyFactory(workspace=workspace)
        return in_parallel(
            THREADS, lambda i: post(client_of(api_key), TRACK, an_event(**fields(i))).json()
        )

    return call


def people_of(workspace):
    return Person.objects.in_workspace(workspace.id)


def events_of(workspace):
    return Event.objects.in_workspace(workspace.id)


def store_here(items):
    """Store the items over the connection of this thread."""
    return store(items, connection)


def delete_if_there(person):
    # Another thread may have been quicker.
    with suppress(Person.DoesNotExist):
        delete_person(workspace_id=person.workspace_id, person_id=person.id)


def test_parallel_events_of_a_new_person_make_one_person(track_at_once, workspace):
    answers = track_at_once(lambda i: {"external_id": "new"})
    assert all(answer["success"] for answer in answers)
    person = people_of(workspace).get()
    assert PersonIdentifier.objects.filter(workspace_id=workspace.id).count() == 1
    assert events_of(workspace).about([person.id]).count() == THREADS


def test_parallel_events_of_one_message_id_make_one_event(track_at_once, workspace):
    answers = track_at_once(lambda i: {"external_id": f"user_{i}", "message_id": "m"})
    event = events_of(workspace).get()
    assert {answer["event_id"] for answer in answers} == {f"evt_{event.id.hex}"}
    assert sum("duplicate" not in answer for answer in answers) == 1
    assert people_of(workspace).count() == 1


def test_crossing_batches_are_all_stored(workspace):
    def store_some(i):
        names = [f"{kind}{n}" for n in range(20) for kind in "ab"]
        # Half of the threads name everything the other way round.
        ordered = names if i % 2 else names[::-1]
        items = [make_item(workspace, external_id=name, message_id=name) for name in ordered]
        return store_here(items)

    outcomes = in_parallel(8, store_some)
    first = [outcome for batch in outcomes for outcome in batch if not outcome.is_duplicate]
    assert len(first) == events_of(workspace).count() == people_of(workspace).count() == 40


def claim(workspace, name):
    PersonIdentifier.objects.create(
        workspace=workspace, kind="external_id", value=name, person_id=uuid4()
    )


def test_deadlock_is_tried_again(workspace):
    items = [make_item(workspace, external_id=name) for name in "ab"]
    with in_background(store_here, items) as (start, future):
        with transaction.atomic():
            claim(workspace, "b")
            start.set()
            # The store has claimed a and waits for b. It notices the deadlock, as it waits longer.
            wait_until_blocked(future)
            claim(workspace, "a")
        assert future.result(PATIENCE) == [Stored(item.event_id) for item in items]
    assert events_of(workspace).count() == 2


@pytest.mark.parametrize("field", ["message_id", "external_id"])
def test_who_waits_for_one_name_holds_none_that_comes_after_it(workspace, field):
    first, *others = ({field: name} for name in "aba")
    items = [make_item(workspace, **each) for each in others]
    with in_background(store_here, items) as (start, future):
        with transaction.atomic(), connection.cursor() as cursor:
            # Less than it takes the other one to notice a deadlock, and to try again.
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
            store_here([make_item(workspace, **first)])
            start.set()
            wait_until_blocked(future)
            store_here([make_item(workspace, **others[0])])
        future.result(PATIENCE)
    assert events_of(workspace).count() == (2 if field == "message_id" else 4)


def test_event_waits_for_a_deletion_and_is_about_a_new_person(workspace):
    old = PersonFactory(workspace=workspace, external_id="jane")
    with in_background(store_here, [make_item(workspace, external_id="jane")]) as (start, future):
        with transaction.atomic():
            delete_person(workspace_id=workspace.id, person_id=old.id)
            start.set()
            wait_until_blocked(future)
        future.result(PATIENCE)
    assert events_of(workspace).get().person_id == people_of(workspace).get().id != old.id


def test_deletion_waits_for_an_event_and_takes_it_along(workspace):
    old = PersonFactory(workspace=workspace, external_id="jane")
    with in_background(delete_if_there, old) as (start, future):
        with transaction.atomic():
            store_here([make_item(workspace, external_id="jane")])
            start.set()
            wait_until_blocked(future)
        future.result(PATIENCE)
    assert not events_of(workspace).exists()
    assert not people_of(workspace).exists()


def test_no_event_outlives_its_person(workspace):
    def act(i):
        for _ in range(15):
            if i < 4:
                store_here([make_item(workspace, external_id=f"p{i % 2}")])
            else:
                for person in people_of(workspace):
                    delete_if_there(person)

    in_parallel(6, act)
    known = set(people_of(workspace).values_list("id", flat=True))
    assert set(events_of(workspace).values_list("person_id", flat=True)) <= known


@pytest.fixture
def without_2011():
    """The table of events lacks the partition of 2011; it is put back at the end."""
    year = Partition("events_event_2011", date(2011, 1, 1), date(2012, 1, 1))
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE events_event_2011")
    yield
    months = ", ".join(f"events_event_2011_{month:02}" for month in range(1, 13))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {months}")
    create_partition(connection, year)


def test_partition_missing_for_many_at_once_is_made_once(workspace, without_2011):
    # Each month is one chance for two of the threads to make it at the same time.
    for month in range(1, 7):
        moment = datetime(2011, month, 1, tzinfo=UTC)
        in_parallel(8, lambda i, at=moment: store_here([make_item(workspace, timestamp=at)]))
    assert events_of(workspace).count() == 48


def test_spellings_of_a_new_email_at_once_make_one_person(track_at_once, workspace):
    spellings = ["ann@x.io", "Ann@x.io", "ANN@X.IO", "aNN@x.io"]
    answers = track_at_once(lambda i: {"external_id": spellings[i % 4]})
    assert all(answer["success"] for answer in answers)
    assert people_of(workspace).count() == 1
