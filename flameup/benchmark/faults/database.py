"""A database that hangs, takes no connections, ends them, or lacks a partition."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from uuid import uuid4

import psycopg

from flameup.benchmark.faults.client import OK, Client
from flameup.benchmark.faults.ledger import Outcome
from flameup.benchmark.faults.load import TRACK
from flameup.benchmark.faults.system import send_signal
from flameup.benchmark.faults.trial import PATIENCE_SECONDS, Fault, Trial
from flameup.benchmark.usage import descendants

_HANGING_SECONDS = 20.0
_USED_UP_SECONDS = 5.0
_TERMINATING_SECONDS = 6.0
_TERMINATING_PAUSE_SECONDS = 0.2

_TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE usename = current_user AND pid <> pg_backend_pid()
"""
# Months of last year, of which nobody tells anything here.
_OLD_MONTH = """
SELECT inhrelid::regclass::text AS name FROM pg_inherits
 WHERE inhparent = 'events_event'::regclass AND inhrelid::regclass::text ~ '_[0-9]{4}_[0-9]{2}$'
 ORDER BY name OFFSET %s LIMIT 1
"""
_EVENTS_OF_A_MONTH = 10


def hang(trial: Trial) -> None:
    """Stop all of PostgreSQL for 20 seconds, as a disk that does not answer would."""
    with trial.load() as load:
        load.wait_for_success(PATIENCE_SECONDS)
        database = trial.system.database()
        with _stopped([database, *descendants(database)]):
            began = time.monotonic()
            time.sleep(_HANGING_SECONDS)
        load.wait_for_success(PATIENCE_SECONDS)
    trial.expect_at_most(12, load.slowest(), "no request hangs longer than")
    during = load.statuses(until=began + _HANGING_SECONDS)
    trial.expect("503 in time", during["503"] > 0, dict(during))
    trial.expect_only({"200", "503"}, load.statuses(), "errors are 503 only")


@contextmanager
def _stopped(processes: list[int]) -> Iterator[None]:
    send_signal(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        send_signal(processes, signal.SIGCONT)


def use_up_connections(trial: Trial) -> None:
    """Take every connection that there is, and those of the application as well."""
    recoveries = []
    with trial.load() as load:
        for _ in range(trial.rounds):
            load.wait_for_success(PATIENCE_SECONDS)
            with ExitStack() as stack:
                taken: list[psycopg.Connection] = []
                until = time.monotonic() + _USED_UP_SECONDS
                while time.monotonic() < until:
                    _take_connections(trial, taken, stack)
                    _end_all_but(taken)
                freed = time.monotonic()
            recoveries.append(load.wait_for_success(PATIENCE_SECONDS, freed) - freed)
    trial.expect("it was noticed", load.statuses()["503"] > 0, dict(load.statuses()))
    trial.expect_at_most(3, max(recoveries), "acknowledging again after")
    trial.expect_only({"200", "503"}, load.statuses(), "errors are 503 only")


def _take_connections(trial: Trial, taken: list[psycopg.Connection], stack: ExitStack) -> None:
    while True:
        try:
            connection = stack.enter_context(closing(trial.system.postgres.connect()))
        except psycopg.OperationalError:
            return
        connection.autocommit = True
        taken.append(connection)


def _end_all_but(taken: Sequence[psycopg.Connection]) -> None:
    own = [connection.info.backend_pid for connection in taken]
    taken[0].execute(f"{_TERMINATE} AND pid <> ALL (%s)", [own])


def terminate_backends(trial: Trial) -> None:
    """End all connections of the application five times a second."""
    ended = 0
    with trial.load() as load:
        load.wait_for_success(PATIENCE_SECONDS)
        until = time.monotonic() + _TERMINATING_SECONDS
        while time.monotonic() < until:
            ended += len(trial.system.sql(_TERMINATE))
            time.sleep(_TERMINATING_PAUSE_SECONDS)
        load.wait_for_success(PATIENCE_SECONDS)
    trial.expect("connections were ended", ended > 0, ended)
    trial.expect_only({"200", "503"}, load.statuses(), "no 500")
    trial.expect_only({"200", "503"}, load.reading_statuses(), "of readers, too")


def lose_partition(trial: Trial) -> None:
    """Drop the partition of an old month, another one each time, and send what belongs there."""
    client = Client(trial.system.port, trial.system.token)
    statuses = []
    with trial.load() as load:
        for number in range(trial.rounds):
            [(name,)] = trial.system.sql(_OLD_MONTH, [number])
            trial.system.sql(f"DROP TABLE {name}")
            year, month = name.removeprefix("events_event_").split("_")
            for _ in range(_EVENTS_OF_A_MONTH):
                item = {
                    "external_id": "person_1",
                    "event": trial.event,
                    "timestamp": f"{year}-{month}-15T12:00:00Z",
                    "parameters": {"n": uuid4().hex},
                }
                statuses.append(_track(trial, client, item))
    client.close()
    trial.expect(
        "all old events are stored", set(statuses) == {OK}, f"{statuses.count(OK)} of them"
    )
    trial.expect_only({"200"}, load.statuses(), "others do not notice")


def _track(trial: Trial, client: Client, item: dict[str, Any]) -> int | None:
    name = item["parameters"]["n"]
    trial.ledger.note(Outcome.SENT, [name])
    status = client.post(TRACK, item).status
    trial.ledger.note(Outcome.OK if status == OK else Outcome.UNKNOWN, [name])
    return status


FAULTS = [
    Fault("hang", "the database stopped for 20 s (SIGSTOP)", hang),
    Fault("connections", "connections used up", use_up_connections),
    Fault("terminate", "connections ended five times a second", terminate_backends),
    Fault("partition", "a partition is missing", lose_partition),
]
