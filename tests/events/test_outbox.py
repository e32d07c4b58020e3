"""The outbox: every consumer is told of every event that was stored, exactly once."""

from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from events.ingest.store import store
from events.models import DeadLetter, Event, OutboxEntry
from events.outbox import hints, state
from events.outbox.dispatch import MAX_ATTEMPTS, dispatch
from events.services import TryLater, register_consumer, retry_dead_letters, unregister_consumer
from people.models import Person
from tests.events.threads import PATIENCE, in_parallel
from tests.factories import PersonFactory, WorkspaceFactory, make_item

SECONDS = 5.0


@pytest.fixture(autouse=True)
def hinted(monkeypatch):
    """The hints that were asked for, which are not sent."""
    asked = []
    monkeypatch.setattr(hints, "hint", lambda: asked.append(len(asked)))
    return asked


@pytest.fixture
def consume():
    """Registers consumers for as long as the test lasts: `consume("name", function)`."""
    names = []

    def register(function, name="tests.consumer"):
        names.append(name)
        register_consumer(name, function)

    yield register
    for name in names:
        unregister_consumer(name)


@pytest.fixture
def told(consume):
    """The (workspace id, event id) that a consumer was told of."""
    pairs = []
    consume(lambda chunk: pairs.extend((chunk.workspace_id, each) for each in chunk.event_ids))
    return pairs


def store_some(*workspaces, names="ab"):
    items = [make_item(each, event=name) for each in workspaces for name in names]
    store(items, connection)
    return items


def stored_pairs(*workspaces):
    return sorted(
        (each.id, event_id)
        for each in workspaces
        for event_id in Event.objects.in_workspace(each.id).values_list("id", flat=True)
    )


def make_due():
    """Have what was put off come due at once."""
    OutboxEntry.objects.update(due_at=timezone.now())


def test_nothing_is_written_for_nobody(workspace):
    store_some(workspace)
    assert not OutboxEntry.objects.exists()


def test_each_commit_makes_one_entry_for_each_workspace_and_consumer(
    workspace, other_workspace, consume
):
    for name in ("tests.one", "tests.two"):
        consume(print, name)
    items = store_some(workspace, other_workspace)
    found = OutboxEntry.objects.values_list("workspace_id", "consumer", "event_ids")
    assert sorted(found) == sorted(
        (each.id, name, [item.event_id for item in items if item.workspace_id == each.id])
        for each in (workspace, other_workspace)
        for name in ("tests.one", "tests.two")
    )


@pytest.mark.parametrize("is_known", [False, True], ids=["stranger", "known person"])
def test_consumer_is_told_of_every_event_once(workspace, other_workspace, told, is_known):
    if is_known:
        store_some(workspace, other_workspace)
    store_some(workspace, other_workspace)
    assert dispatch(SECONDS) == (4 if is_known else 2)
    assert dispatch(SECONDS) == 0
    assert sorted(told) == stored_pairs(workspace, other_workspace)


def test_consumer_is_not_told_of_what_was_sent_again(workspace, told):
    for _ in range(3):
        store([make_item(workspace, message_id="m")], connection)
    dispatch(SECONDS)
    assert sorted(told) == stored_pairs(workspace)
    assert len(told) == 1


def test_nothing_is_announced_by_a_transaction_that_is_rolled_back(workspace, told, hinted):
    with transaction.atomic():
        store_some(workspace)
        transaction.set_rollback(True)
    assert (OutboxEntry.objects.exists(), hinted) == (False, [])


@pytest.mark.django_db(transaction=True)
def test_hint_is_given_once_the_events_are_committed(workspace, told, hinted):
    with transaction.atomic():
        store_some(workspace)
        assert hinted == []
    assert hinted == [0]
    store_some(workspace)
    assert hinted == [0, 1]


def test_chunk_finds_its_events_and_none_of_others(workspace, other_workspace, consume):
    found = []
    store_some(workspace, names="c")
    consume(lambda chunk: found.extend(chunk.events()))
    moment = timezone.now()
    items = [
        make_item(workspace, event="a", timestamp=moment - timedelta(days=40)),
        make_item(workspace, event="b", timestamp=moment),
    ]
    store(items, connection)
    dispatch(SECONDS)
    assert {event.id for event in found} == {item.event_id for item in items}


def test_work_and_its_mark_as_done_are_one_transaction(workspace, consume):
    def half_done(chunk):
        PersonFactory(workspace=workspace, external_id="made by the consumer")
        raise ZeroDivisionError

    consume(half_done)
    store_some(workspace, names="a")
    dispatch(SECONDS)
    names = workspace_people(workspace)
    assert "made by the consumer" not in names
    assert DeadLetter.objects.get().error == "ZeroDivisionError: "


def workspace_people(workspace):
    people = Person.objects.in_workspace(workspace.id)
    return set(people.values_list("external_id", flat=True))


@pytest.mark.parametrize("bad", ["a", "d", "h", "ah", "abcdefgh"])
def test_only_the_bad_events_are_put_aside(workspace, consume, bad):
    consumed = []

    def picky(chunk):
        names = [event.event for event in chunk.events()]
        if set(names) & set(bad):
            raise ValueError(f"cannot take\0 {names}")
        consumed.extend(names)

    consume(picky)
    items = store_some(workspace, names="abcdefgh")
    dispatch(SECONDS)
    assert sorted(consumed) == sorted(set("abcdefgh") - set(bad))
    letters = DeadLetter.objects.filter(workspace_id=workspace.id)
    assert {letter.event_id for letter in letters} == {
        item.event_id for item in items if item.event in bad
    }
    assert all("cannot take\ufffd" in letter.error for letter in letters)
    assert not OutboxEntry.objects.exists()


def test_many_commits_are_consumed_at_once_and_one_bad_event_costs_the_others_nothing(
    workspace, other_workspace, consume
):
    consumed, sizes = [], []

    def picky(chunk):
        sizes.append(len(chunk.event_ids))
        names = [event.event for event in chunk.events()]
        if "x" in names:
            raise ValueError
        consumed.extend((chunk.workspace_id, name) for name in names)

    consume(picky)
    for names in ("ab", "cx", "de"):
        store_some(workspace, names=names)
        store_some(other_workspace, names="f")
    dispatch(SECONDS)
    expected = [(workspace.id, name) for name in "abcde"] + [(other_workspace.id, "f")] * 3
    assert sorted(consumed) == sorted(expected)
    assert DeadLetter.objects.get().workspace_id == workspace.id
    # Three of a workspace at once, then one by one, of which the bad one is halved.
    assert sorted(sizes) == [1, 1, 2, 2, 2, 3, 6]


def test_dead_letter_is_tried_again_when_asked_to(workspace, other_workspace, consume, hinted):
    def failing(chunk):
        raise ValueError("not yet")

    consume(failing)
    store_some(workspace, names="a")
    dispatch(SECONDS)
    letter = DeadLetter.objects.get()
    assert retry_dead_letters(workspace_id=other_workspace.id, ids=[letter.id]) == 0
    told = []
    consume(told.append)
    assert retry_dead_letters(workspace_id=workspace.id, ids=[letter.id]) == 1
    assert dispatch(SECONDS) == 1
    assert [chunk.event_ids for chunk in told] == [[letter.event_id]]
    assert not DeadLetter.objects.exists()


def test_consumer_that_asks_for_it_is_told_later(workspace, consume):
    moments = []

    def busy(chunk):
        moments.append(timezone.now())
        raise TryLater(60, "the provider is away")

    consume(busy)
    store_some(workspace)
    assert dispatch(SECONDS) == 1
    entry = OutboxEntry.objects.get()
    assert (entry.attempts, len(entry.event_ids)) == (0, 2)
    assert entry.due_at >= moments[0] + timedelta(seconds=60)
    assert dispatch(SECONDS) == 0


def test_pause_that_a_consumer_asks_for_is_bounded(workspace, consume):
    def away(chunk):
        raise TryLater(1e6)

    consume(away)
    store_some(workspace)
    dispatch(SECONDS)
    assert OutboxEntry.objects.get().due_at <= timezone.now() + timedelta(hours=1)


def test_what_a_clock_ahead_has_written_is_consumed_now(workspace, told):
    store_some(workspace)
    OutboxEntry.objects.update(due_at=timezone.now() + timedelta(days=40))
    assert dispatch(SECONDS) == 1
    assert len(told) == 2


def test_fault_of_the_database_is_none_of_the_events(workspace, consume):
    def unlucky(chunk):
        raise OperationalError("the server closed the connection unexpectedly")

    consume(unlucky)
    store_some(workspace)
    began = timezone.now()
    pauses = []
    for _ in range(3):
        assert dispatch(SECONDS) == 1
        pauses.append(OutboxEntry.objects.get().due_at - began)
        make_due()
    assert not DeadLetter.objects.exists()
    assert timedelta(seconds=1) <= pauses[0] < pauses[1] < pauses[2]


def test_entry_whose_worker_dies_each_time_is_given_up_at_last(workspace, consume):
    told = []
    consume(told.append)
    store_some(workspace)
    OutboxEntry.objects.update(attempts=MAX_ATTEMPTS)
    dispatch(0.0001)
    # The halves have a chance of their own.
    dispatch(SECONDS)
    assert sum(len(chunk.event_ids) for chunk in told) == 2
    store_some(workspace, names="a")
    OutboxEntry.objects.update(attempts=MAX_ATTEMPTS)
    dispatch(SECONDS)
    assert f"{MAX_ATTEMPTS} times" in DeadLetter.objects.get().error


def test_entry_of_a_consumer_that_is_not_registered_waits(workspace, consume, told):
    store_some(workspace)
    unregister_consumer("tests.consumer")
    assert dispatch(SECONDS) == 0
    consume(lambda chunk: told.extend(chunk.event_ids))
    assert dispatch(SECONDS) == 1
    assert len(told) == 2


@pytest.mark.parametrize("name", ["", "A.b", "a'b", "1a", "a b", "a" * 65, "é"])
def test_bad_name_of_a_consumer_is_refused(name):
    with pytest.raises(ValueError, match="is not of the form"):
        register_consumer(name, print)


@pytest.mark.django_db(transaction=True)
def test_many_workers_share_the_work_and_double_none(db, consume):
    told, barrier, workspaces = [], Barrier(4), WorkspaceFactory.create_batch(4)

    def slow(chunk):
        # All four are at work at the same time, or this fails.
        if len(told) < 4:
            barrier.wait(PATIENCE)
        told.extend((chunk.workspace_id, event_id) for event_id in chunk.event_ids)

    consume(slow)
    for _ in range(10):
        store_some(*workspaces)
    in_parallel(4, lambda i: dispatch(SECONDS))
    assert sorted(told) == stored_pairs(*workspaces)


@pytest.mark.django_db(transaction=True)
def test_work_of_a_worker_that_loses_its_connection_is_done_by_another(workspace, consume):
    done = []

    def interrupted(chunk):
        PersonFactory(workspace=workspace, external_id=f"person {len(done)}")
        done.append(chunk)
        if len(done) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    consume(interrupted)
    store_some(workspace)
    dispatch(0.0001)
    connection.close()
    make_due()
    assert dispatch(SECONDS) == 1
    assert workspace_people(workspace) >= {"person 1"}
    assert "person 0" not in workspace_people(workspace)


def test_lag_is_that_of_the_oldest_entry(workspace, told):
    assert state.lag(timezone.now()) == timedelta()
    assert list(state.warnings()) == []
    store_some(workspace)
    store_some(workspace)
    moment = timezone.now()
    OutboxEntry.objects.filter(id=first_entry()).update(due_at=moment - timedelta(minutes=7))
    assert state.lag(moment) == timedelta(minutes=7)
    assert not state.is_attended(moment)
    [warning] = state.warnings()
    assert "7 minutes behind" in warning


def first_entry() -> UUID:
    return OutboxEntry.objects.order_by("due_at").values_list("id", flat=True)[0]


def test_dead_letters_are_warned_of(db):
    DeadLetter.objects.create(workspace_id=1, consumer="a", event_id=UUID(int=1), error="x")
    assert list(state.warnings()) == ["Some events could not be consumed and wait as dead letters."]
