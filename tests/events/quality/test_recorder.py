"""The recorder, with threads and connections of its own on a committed database."""

import time
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from threading import Thread

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from events import quality
from events.ingest.items import Refused
from events.models import QualityCount, RejectedItem
from events.quality import recorder, tables
from events.quality.reasons import reason_of
from events.quality.recorder import Recorder
from events.quality.tables import write
from events.quality.tally import Tally, day_of, size_of
from tests.api.calls import TRACK, an_event, post
from tests.conftest import client_of
from tests.events.quality.conftest import REFUSED, a_tally, total
from tests.events.test_writer import database_closed
from tests.events.threads import PATIENCE, in_background, in_parallel, wait_until_blocked
from tests.factories import APIKeyFactory
from workspaces.models import new_uuid

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def writes(monkeypatch):
    """The tallies that were written or tried, in order, with the time of each."""
    seen = []

    def noting(tally, connection):
        seen.append((time.monotonic(), tally))
        return write(tally, connection)

    monkeypatch.setattr(recorder, "write", noting)
    return seen


def items_of(workspace):
    return RejectedItem.objects.in_workspace(workspace.id)


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def counts_locked():
    """Hold up whoever writes counts."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK events_qualitycount")
        yield


def test_refused_request_is_recorded_beside_it(workspace):
    client = client_of(APIKeyFactory(workspace=workspace))
    assert post(client, TRACK, {}).status_code == 400
    assert post(client, TRACK, an_event(parameters={"a": "\0"})).status_code == 200
    wait_for(lambda: total(workspace) == 2)
    assert items_of(workspace).count() == 1


def test_recording_waits_for_nobody(make_recorder, workspace, writes):
    made = make_recorder()
    with counts_locked():
        made.record(a_tally(workspace))
        wait_for(lambda: writes)
        began = time.monotonic()
        for _ in range(100):
            made.record(a_tally(workspace))
        assert time.monotonic() - began < 0.5
    assert made.drain(PATIENCE)
    assert (total(workspace), items_of(workspace).count()) == (101, 101)


def test_what_comes_during_a_commit_is_written_together(make_recorder, workspace, writes):
    made, api_key_id = make_recorder(), new_uuid()
    with counts_locked():
        made.record(a_tally(workspace, api_key_id=api_key_id))
        wait_for(lambda: writes)
        for _ in range(50):
            made.record(a_tally(workspace, api_key_id=api_key_id))
    assert made.drain(PATIENCE)
    assert [len(tally.counts) for _, tally in writes] == [1, 1]
    assert (total(workspace), items_of(workspace).count()) == (51, 51)


def test_flood_costs_five_commits_a_second(make_recorder, workspace, writes):
    made, end = make_recorder(), time.monotonic() + 1.1
    while time.monotonic() < end:
        made.record(a_tally(workspace))
        time.sleep(0.005)
    assert len(writes) <= 7
    moments = [moment for moment, _ in writes]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert min(gaps) >= 0.19


def test_first_is_written_at_once(make_recorder, workspace):
    began = time.monotonic()
    make_recorder().record(a_tally(workspace))
    wait_for(lambda: total(workspace))
    assert time.monotonic() - began < 0.19


def test_counts_of_many_recorders_add_up(make_recorder, workspace, other_workspace):
    keys = [new_uuid() for _ in range(5)]
    made = [make_recorder() for _ in range(4)]

    def record(i):
        for number in range(20):
            where = (workspace, other_workspace)[(i + number) % 2]
            made[i].record(a_tally(where, api_key_id=keys[number % 5], items=2))
            time.sleep(0.01)
        return made[i].drain(PATIENCE)

    assert in_parallel(4, record) == [True] * 4
    assert (total(workspace), total(other_workspace)) == (80, 80)
    assert items_of(workspace).count() == items_of(other_workspace).count() == 80


@pytest.mark.parametrize("minutes", [[5, 1, 9], [1, 5, 9], [9, 5, 1]])
@pytest.mark.parametrize("is_together", [True, False])
def test_first_and_last_are_known(workspace, minutes, is_together):
    noon = timezone.now().replace(hour=12, minute=0)
    api_key_id, tallies = new_uuid(), [Tally()]
    for minute in minutes:
        moment = noon + timedelta(minutes=minute)
        tallies[-1].count(workspace.id, api_key_id, moment, [reason_of(REFUSED)])
        tallies += [] if is_together else [Tally()]
    for tally in tallies:
        write(tally, connection)
    [row] = QualityCount.objects.in_workspace(workspace.id)
    times = noon + timedelta(minutes=1), noon + timedelta(minutes=9)
    assert (row.count, row.first_at, row.last_at) == (3, *times)


def test_no_more_than_a_thousand_a_day_are_kept_by_two_processes(
    make_recorder, workspace, other_workspace, monkeypatch
):
    monkeypatch.setattr(tables, "MAX_ITEMS_A_DAY", 100)
    made = [make_recorder() for _ in range(2)]

    def record(i):
        for _ in range(20):
            made[i].record(a_tally(workspace, items=9))
            time.sleep(0.03)
        return made[i].drain(PATIENCE)

    assert in_parallel(2, record) == [True, True]
    write(a_tally(other_workspace), connection)
    assert (total(workspace), items_of(workspace).count()) == (360, 100)
    assert items_of(other_workspace).count() == 1


def test_whoever_counts_the_room_waits_for_who_fills_it(workspace, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ITEMS_A_DAY", 10)
    mine, theirs = a_tally(workspace, items=8), a_tally(workspace, items=8)
    with in_background(lambda: write(theirs, connection)) as (start, future):
        with transaction.atomic():
            write(mine, connection)
            start.set()
            wait_until_blocked(future)
        assert future.result(PATIENCE)
    assert items_of(workspace).count() == 10


@pytest.mark.parametrize("part", ["counts", "items"])
def test_two_that_write_the_same_wait_and_do_not_deadlock(workspace, other_workspace, part):
    first, second = sorted((workspace, other_workspace), key=lambda each: each.id)
    api_key_id = new_uuid()

    def of(where):
        return a_tally(where, api_key_id=api_key_id)

    theirs = of(second)
    theirs.add_counts(of(first))
    theirs.items += of(first).items
    mine = of(first), of(second)
    for tally in (theirs, *mine):
        (tally.items if part == "counts" else tally.counts).clear()
    with in_background(lambda: write(theirs, connection)) as (start, future):
        with transaction.atomic():
            write(mine[0], connection)
            start.set()
            wait_until_blocked(future)
            write(mine[1], connection)
        assert not future.result(PATIENCE)


def test_room_is_by_day(workspace, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ITEMS_A_DAY", 2)
    tally = a_tally(workspace, items=6)
    for item in tally.items[:3]:
        item.received_at -= timedelta(days=1)
    days = {day_of(item) for item in tally.items}
    assert write(tally, connection) == days
    assert (len(days), items_of(workspace).count()) == (2, 4)


def test_limit_is_a_thousand():
    assert tables.MAX_ITEMS_A_DAY == 1_000
    assert (recorder.MAX_WAITING_ITEMS, recorder.MAX_WAITING_BYTES) == (1_000, 8 * 1024 * 1024)


def test_full_day_takes_no_more_memory(make_recorder, workspace, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ITEMS_A_DAY", 1)
    made = make_recorder()
    made.record(a_tally(workspace, items=2))
    wait_for(lambda: made._full)
    with counts_locked():
        made.record(a_tally(workspace, items=5))
        assert made._held_items == 0
    assert made.drain(PATIENCE)
    assert (total(workspace), items_of(workspace).count()) == (7, 1)


def test_database_that_is_away_costs_nothing_but_time(make_recorder, workspace):
    made, api_key_id = make_recorder(), new_uuid()
    made.record(a_tally(workspace, api_key_id=api_key_id))
    wait_for(lambda: total(workspace) == 1)
    with database_closed():
        for _ in range(30):
            made.record(a_tally(workspace, api_key_id=api_key_id))
            time.sleep(0.01)
    wait_for(lambda: total(workspace) == 31)
    assert items_of(workspace).count() == 31


@pytest.fixture
def away(monkeypatch):
    """A database that is away until it is said to be back."""
    state = {"is_away": True, "tries": 0}

    def failing(tally, connection):
        state["tries"] += 1
        if state["is_away"]:
            raise OperationalError("the server is away")
        return write(tally, connection)

    monkeypatch.setattr(recorder, "write", failing)
    yield state
    state["is_away"] = False


@pytest.mark.parametrize("limit", ["MAX_WAITING_ITEMS", "MAX_WAITING_BYTES"])
def test_waiting_items_are_bounded_and_the_rest_is_counted(
    make_recorder, workspace, away, monkeypatch, limit
):
    item_bytes = size_of(a_tally(workspace, raw=b"x" * 1000).items[0])
    bound = {"MAX_WAITING_ITEMS": 50, "MAX_WAITING_BYTES": 50 * item_bytes}[limit]
    monkeypatch.setattr(recorder, limit, bound)
    made, api_key_id = make_recorder(), new_uuid()
    made.record(a_tally(workspace, raw=b"x" * 1000, api_key_id=api_key_id))
    wait_for(lambda: away["tries"])
    for _ in range(200):
        made.record(a_tally(workspace, raw=b"x" * 1000, api_key_id=api_key_id))
    assert (len(made._waiting.items), len(made._waiting.counts)) == (49, 1)
    away["is_away"] = False
    assert made.drain(PATIENCE)
    assert (total(workspace), items_of(workspace).count()) == (201, 50)
    assert (made._held_items, made._held_bytes) == (0, 0)


def test_backs_off_while_the_database_is_away(make_recorder, workspace, away):
    make_recorder().record(a_tally(workspace))
    time.sleep(1)
    assert 3 <= away["tries"] <= 6


def test_bad_value_stalls_nothing(make_recorder, workspace, other_workspace):
    good, bad = a_tally(workspace, items=5), a_tally(other_workspace)
    # Which the product never makes: the database takes no NUL.
    bad.items[0].message = "\0"
    [(key, seen)] = bad.counts.items()
    bad.counts[(*key[:3], key[3]._replace(code="x" * 99))] = seen
    good.add_counts(bad)
    good.items.insert(2, bad.items[0])
    made = make_recorder()
    made.record(good)
    wait_for(lambda: made._held_items == 0 and total(workspace))
    assert made.drain(PATIENCE)
    assert (total(workspace), items_of(workspace).count()) == (5, 5)
    assert (total(other_workspace), items_of(other_workspace).count()) == (1, 0)


def test_message_that_quotes_anything_can_be_kept(workspace):
    message = "not a time: \0 \ud800 " + "é" * 1000
    tally = a_tally(workspace, refused=Refused("validation_error", message, REFUSED.details))
    assert not write(tally, connection)
    assert items_of(workspace).get().message.startswith("not a time: \ufffd ")


def test_item_of_a_commit_that_seemed_to_fail_is_kept_once(workspace):
    tally = a_tally(workspace, items=3)
    assert [write(tally, connection) for _ in range(2)] == [set(), set()]
    assert items_of(workspace).count() == 3


def test_drain_gives_up_in_time(make_recorder, workspace, away):
    made = make_recorder()
    made.record(a_tally(workspace))
    wait_for(lambda: away["tries"])
    began = time.monotonic()
    assert made.drain(0.3) is False
    assert time.monotonic() - began < 1
    made._thread.join(PATIENCE)
    assert not made._thread.is_alive()


def test_drain_tries_until_its_end(make_recorder, workspace, away):
    made = make_recorder()
    made.record(a_tally(workspace))
    wait_for(lambda: away["tries"])
    Thread(target=lambda: (time.sleep(0.3), away.update(is_away=False))).start()
    assert made.drain(PATIENCE) is True
    assert total(workspace) == 1


def test_drain_without_anything_to_write(make_recorder):
    assert make_recorder().drain(0) is True


def test_system_without_a_thread_to_give_is_asked_again(make_recorder, workspace, monkeypatch):
    made = make_recorder()

    def refusing(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", refusing)
        made.record(a_tally(workspace))
    made.record(a_tally(workspace))
    assert made.drain(PATIENCE)
    assert total(workspace) == 2


def test_transaction_of_the_caller_takes_it_along(workspace):
    client = client_of(APIKeyFactory(workspace=workspace))
    with transaction.atomic():
        post(client, TRACK, {})
        assert total(workspace) == 1
        transaction.set_rollback(True)
    assert total(workspace) == 0


def test_forked_process_has_a_recorder_of_its_own(workspace):
    before = quality._recorder
    quality._start_anew()
    try:
        assert isinstance(quality._recorder, Recorder)
        assert quality._recorder is not before
    finally:
        quality._recorder = before
