"""Group commit, with the writer's own thread and connection on a committed database."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Thread

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from psycopg.sql import SQL, Identifier

from events.ingest import jobs, salvage, writer
from events.ingest.items import Refused, Stored
from events.ingest.jobs import Job
from events.ingest.store import store
from events.ingest.writer import Writer
from events.models import Event
from flameup.api.errors import Overloaded, TemporarilyUnavailable
from people.services import shut_out_writers
from tests.events.threads import PATIENCE, in_parallel
from tests.factories import make_item

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def make_writer():
    """Makes writers, which are stopped in the end."""
    writers = []

    def make(**kwargs):
        writers.append(Writer(**kwargs))
        return writers[-1]

    yield make
    for made in writers:
        made.drain(PATIENCE)


@pytest.fixture
def groups(monkeypatch):
    """The sizes of the groups that are stored, in order."""
    sizes = []

    def counting(items, connection):
        sizes.append(len(items))
        return store(items, connection)

    monkeypatch.setattr(salvage, "store", counting)
    return sizes


@contextmanager
def writers_shut_out(workspace):
    """Hold up whoever stores into the workspace."""
    with transaction.atomic():
        shut_out_writers(workspace.id)
        yield


def names_in(workspace):
    return sorted(Event.objects.in_workspace(workspace.id).values_list("event", flat=True))


def put(made, items):
    """Submit in a thread; return its future."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(made.submit, items)
    pool.shutdown(wait=False)
    return future


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_arrives_during_a_commit_is_stored_in_one_transaction(
    make_writer, workspace, other_workspace, groups
):
    made = make_writer()
    with writers_shut_out(workspace):
        first = put(made, [make_item(workspace)])
        wait_for(lambda: groups == [1])
        others = [put(made, [make_item(other_workspace)]) for _ in range(20)]
        wait_for(lambda: made._incoming.qsize() == 20)
    for future in [first, *others]:
        assert isinstance(future.result(PATIENCE)[0], Stored)
    assert groups == [1, 20]
    assert len(names_in(other_workspace)) == 20


def test_refused_row_costs_its_own_request_only(make_writer, workspace, other_workspace, groups):
    made = make_writer()
    with writers_shut_out(workspace):
        first = put(made, [make_item(workspace)])
        wait_for(lambda: groups == [1])
        good = [put(made, [make_item(other_workspace, event=f"good_{i}")]) for i in range(9)]
        # A check that the decoder has made in the product.
        bad = put(made, [make_item(other_workspace, event="\x00"), make_item(other_workspace)])
        wait_for(lambda: made._incoming.qsize() == 10)
    assert isinstance(first.result(PATIENCE)[0], Stored)
    assert all(isinstance(future.result(PATIENCE)[0], Stored) for future in good)
    refused, stored = bad.result(PATIENCE)
    assert isinstance(refused, Refused)
    assert refused.code == "internal_error"
    assert isinstance(stored, Stored)
    assert len(names_in(other_workspace)) == 10


def test_many_threads_get_their_own_outcomes(make_writer, workspace):
    made = make_writer()
    items = [make_item(workspace, event=f"event_{i:02}") for i in range(40)]
    outcomes = in_parallel(40, lambda i: made.submit([items[i]]))
    assert [outcome.event_id for [outcome] in outcomes] == [item.event_id for item in items]
    assert names_in(workspace) == [f"event_{i:02}" for i in range(40)]


@contextmanager
def database_closed():
    """Let nobody connect to the database, and end the connections there are."""
    parameters = connection.get_connection_params()
    name = parameters.pop("dbname")
    connection.close()
    allow = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(**parameters, dbname="postgres", autocommit=True) as outside:
        outside.execute(allow.format(Identifier(name), SQL("false")))
        try:
            outside.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                [name],
            )
            yield
        finally:
            outside.execute(allow.format(Identifier(name), SQL("true")))


def test_requests_wait_for_a_database_that_is_away(make_writer, workspace):
    made = make_writer()
    made.submit([make_item(workspace)])
    with database_closed():
        future = put(made, [make_item(workspace)])
        time.sleep(0.3)
        assert not future.done()
    assert isinstance(future.result(PATIENCE)[0], Stored)
    assert len(names_in(workspace)) == 2


def test_who_has_waited_too_long_is_told_and_nothing_is_stored_later(make_writer, workspace):
    made = make_writer(patience=0.3)
    made.submit([make_item(workspace)])
    with database_closed():
        with pytest.raises(TemporarilyUnavailable):
            made.submit([make_item(workspace)])
        # The attempt that was under way comes to its end.
        time.sleep(1)
    made.submit([make_item(workspace, event="next")])
    assert names_in(workspace) == ["next", "purchase_completed"]


def test_a_database_that_hangs_holds_up_nobody_for_longer(make_writer, workspace):
    made = make_writer(patience=0.3)
    with writers_shut_out(workspace):
        started = time.monotonic()
        with pytest.raises(TemporarilyUnavailable):
            made.submit([make_item(workspace, event="unknown")])
        with pytest.raises(TemporarilyUnavailable):
            made.submit([make_item(workspace, event="never begun")])
        assert time.monotonic() - started < PATIENCE
    made.submit([make_item(workspace, event="next")])
    assert names_in(workspace) == ["next", "unknown"]


@pytest.mark.parametrize("message_id", [None, "m"])
def test_commit_whose_answer_was_lost_is_not_repeated(
    make_writer, workspace, monkeypatch, message_id
):
    lost = []

    def losing(items, connection):
        outcomes = store(items, connection)
        if not lost:
            lost.append(outcomes)
            raise OperationalError("server closed the connection unexpectedly")
        return outcomes

    monkeypatch.setattr(salvage, "store", losing)
    item = make_item(workspace)
    item.message_id = message_id
    [outcome] = make_writer().submit([item])
    assert outcome == Stored(item.event_id)
    assert len(names_in(workspace)) == 1


def test_an_event_that_another_attempt_stores_meanwhile_is_found(make_writer, workspace, groups):
    """The attempt before may still be committing when the next one looks and finds nothing."""
    item = make_item(workspace)
    with transaction.atomic():
        store([item], connection)
        future = put(make_writer(), [item])
        wait_for(lambda: groups)
        time.sleep(0.1)
    assert future.result(PATIENCE) == [Stored(item.event_id)]
    assert len(names_in(workspace)) == 1


def test_too_much_in_line_is_refused_at_once(make_writer, workspace, monkeypatch):
    monkeypatch.setattr(writer, "MAX_WAITING_BYTES", 5 * jobs._ITEM_BYTES)
    made = make_writer()
    with writers_shut_out(workspace):
        futures = [put(made, [make_item(workspace)]) for _ in range(4)]
        wait_for(lambda: len(made._deadlines) == 4)
        with pytest.raises(Overloaded):
            made.submit([make_item(workspace), make_item(workspace)])
    for future in futures:
        future.result(PATIENCE)
    wait_for(lambda: made._waiting_bytes == 0)
    made.submit([make_item(workspace)])


def test_what_was_given_up_counts_until_the_writer_lets_go_of_it(
    make_writer, workspace, monkeypatch
):
    monkeypatch.setattr(writer, "MAX_WAITING_BYTES", 2 * jobs._ITEM_BYTES + 100)
    made = make_writer(patience=0.3)
    with writers_shut_out(workspace):
        for _ in range(2):
            with pytest.raises(TemporarilyUnavailable):
                made.submit([make_item(workspace)])
        assert not made._deadlines
        with pytest.raises(Overloaded):
            made.submit([make_item(workspace)])
    wait_for(lambda: made._waiting_bytes == 0)
    made.submit([make_item(workspace)])


def test_group_that_is_tried_again_leaves_out_who_was_given_up_meanwhile(
    make_writer, workspace, monkeypatch
):
    made, answers, tries = make_writer(), [], []

    def failing_once(items, connection):
        tries.append(len(items))
        if len(tries) == 1:
            made._answer([(next(iter(made._deadlines)), TemporarilyUnavailable())])
            raise OperationalError("the server is away")
        return store(items, connection)

    monkeypatch.setattr(salvage, "store", failing_once)
    made._put(
        [Job([make_item(workspace, event=name)], answers.append) for name in ("late", "kept")]
    )
    wait_for(lambda: len(answers) == 2)
    assert tries == [2, 1]
    assert names_in(workspace) == ["kept"]


def test_drain_answers_who_waits_and_refuses_who_comes(make_writer, workspace, groups):
    made = make_writer()
    with ThreadPoolExecutor(1) as pool:
        with writers_shut_out(workspace):
            future = put(made, [make_item(workspace)])
            wait_for(lambda: groups)
            drained = pool.submit(made.drain, PATIENCE)
            wait_for(lambda: made._is_closed)
            with pytest.raises(TemporarilyUnavailable):
                made.submit([make_item(workspace)])
        assert isinstance(future.result(PATIENCE)[0], Stored)
        assert drained.result(PATIENCE) is True
    assert not made._thread.is_alive()


def test_drain_gives_up_in_time(make_writer, workspace, groups):
    made = make_writer(patience=1)
    with writers_shut_out(workspace):
        future = put(made, [make_item(workspace)])
        wait_for(lambda: groups)
        assert made.drain(0.1) is False
    assert isinstance(future.result(PATIENCE)[0], Stored)


def test_end_of_draining_answers_who_waits_for_a_database_that_is_away(
    make_writer, workspace, monkeypatch
):
    tries = []

    def failing(items, connection):
        tries.append(len(items))
        raise OperationalError("the server is away")

    monkeypatch.setattr(salvage, "store", failing)
    made = make_writer()
    future = put(made, [make_item(workspace)])
    wait_for(lambda: tries)
    assert made.drain(0.1) is False
    tries.clear()
    with pytest.raises(TemporarilyUnavailable):
        future.result(PATIENCE)
    assert len(tries) <= 1


def test_coroutines_are_answered_in_their_loop(make_writer, workspace):
    made = make_writer()

    async def submit_all():
        items = [make_item(workspace, event=f"event_{i}") for i in range(10)]
        outcomes = await asyncio.gather(*(made.submit_soon([item]) for item in items))
        return [outcome.event_id for [outcome] in outcomes] == [item.event_id for item in items]

    assert asyncio.run(submit_all())


def test_client_that_went_away_disturbs_nobody(make_writer, workspace, groups):
    made = make_writer()

    async def cancel_one():
        gone = made.submit_soon([make_item(workspace, event="gone")])
        gone.cancel()
        return await made.submit_soon([make_item(workspace, event="here")])

    [outcome] = asyncio.run(cancel_one())
    assert isinstance(outcome, Stored)
    assert "here" in names_in(workspace)


def test_group_is_bounded(make_writer, workspace, groups, monkeypatch):
    monkeypatch.setattr(writer, "MAX_GROUP_ITEMS", 3)
    made = make_writer()
    with writers_shut_out(workspace):
        futures = [put(made, [make_item(workspace)])]
        wait_for(lambda: groups)
        futures += [put(made, [make_item(workspace)]) for _ in range(7)]
        wait_for(lambda: made._incoming.qsize() == 7)
    for future in futures:
        future.result(PATIENCE)
    assert groups == [1, 3, 3, 1]


def test_unexpected_failure_is_answered_and_the_writer_lives_on(
    make_writer, workspace, monkeypatch
):
    made = make_writer()
    monkeypatch.setattr(writer, "store_apart", lambda items, connection: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made.submit([make_item(workspace)])
    monkeypatch.undo()
    assert isinstance(made.submit([make_item(workspace)])[0], Stored)


@pytest.mark.parametrize("name", ["ingest-writer", "ingest-watch"])
def test_system_without_a_thread_to_give_is_asked_again(make_writer, workspace, monkeypatch, name):
    made, start = make_writer(), Thread.start

    def refusing(thread):
        if thread.name == name:
            raise RuntimeError("can't start new thread")
        start(thread)

    async def submit():
        return await made.submit_soon([make_item(workspace)])

    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", refusing)
        for attempt in (lambda: made.submit([make_item(workspace)]), lambda: asyncio.run(submit())):
            with pytest.raises(RuntimeError):
                attempt()
    assert isinstance(made.submit([make_item(workspace)])[0], Stored)
    assert len(names_in(workspace)) == 1


def test_forked_process_has_a_writer_of_its_own(workspace):
    from events import ingest  # noqa: PLC0415 (its writer is replaced)

    before = ingest._writer
    ingest._start_anew()
    try:
        assert ingest._writer is not before
    finally:
        ingest.drain(PATIENCE)
        ingest._writer = before
