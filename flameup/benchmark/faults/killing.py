"""Processes that are killed, and the whole that is told to stop."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread

from flameup.benchmark.faults.client import Client
from flameup.benchmark.faults.system import (
    HOST,
    command_line,
    send_signal,
    wait_until,
)
from flameup.benchmark.faults.trial import PATIENCE_SECONDS, Fault, Trial
from flameup.benchmark.usage import descendants

# So that something is always under way.
_BETWEEN_SECONDS = 0.5
_RESTARTING_SECONDS = 3.0
_PROBE_SECONDS = 0.05
_FIRST_SERVER_ERROR = 500
_QUESTIONS = 20
# Until threads of both web workers have connections of their own to the database.
_READS = 6


def kill_database(trial: Trial) -> None:
    """Kill all of PostgreSQL at once, as a crash of the machine would."""
    recoveries = []
    with trial.load() as load:
        for _ in range(trial.rounds):
            load.wait_for_success(PATIENCE_SECONDS)
            time.sleep(_BETWEEN_SECONDS)
            database = trial.system.database()
            send_signal([database, *descendants(database)], signal.SIGKILL)
            killed = time.monotonic()
            recoveries.append(load.wait_for_success(PATIENCE_SECONDS, killed) - killed)
    trial.expect_at_most(10, max(recoveries), "acknowledging again after")
    trial.expect_only({"200", "503"}, load.statuses(), "errors are 503 only")
    trial.expect_only({"200", "503"}, load.reading_statuses(), "of readers, too")


def stop_database(number: signal.Signals) -> Callable[[Trial], None]:
    """Return a fault that has PostgreSQL shut down and started again."""

    def run(trial: Trial) -> None:
        last = 0.0
        with trial.load() as load:
            for _ in range(trial.rounds):
                load.wait_for_success(PATIENCE_SECONDS)
                time.sleep(_BETWEEN_SECONDS)
                began = time.monotonic()
                send_signal([trial.system.database()], number)
                time.sleep(_RESTARTING_SECONDS + 1)
                load.wait_for_success(PATIENCE_SECONDS)
                last = max(last, load.last_failure(began) - began)
        trial.expect_at_most(_RESTARTING_SECONDS, last, "the last error came after")
        trial.expect_only({"200", "503"}, load.statuses(), "errors are 503 only")
        trial.expect_only({"200", "503"}, load.reading_statuses(), "of readers, too")

    return run


def restart_idle(trial: Trial) -> None:
    """Restart the database while nobody asks anything, as an upgrade at night does."""
    statuses = Counter[str]()
    for _ in range(trial.rounds):
        with trial.load() as load:
            load.wait_for_success(PATIENCE_SECONDS)
            load.wait_for_reads(_READS, PATIENCE_SECONDS)
        old = trial.system.database()
        send_signal([old], signal.SIGINT)
        wait_until(partial(trial.system.has_other_database, old), PATIENCE_SECONDS, "the restart")
        time.sleep(_BETWEEN_SECONDS)
        statuses += _ask_all_workers(trial)
    trial.expect_only({"200"}, statuses, "nobody who asks afterwards gets an error")


def kill_web_worker(trial: Trial) -> None:
    """Kill one of the web server's workers after the other."""
    with trial.load() as load, _probing(trial) as probes:
        for _ in range(trial.rounds):
            load.wait_for_success(PATIENCE_SECONDS)
            time.sleep(_BETWEEN_SECONDS)
            send_signal(trial.system.web_workers()[:1], signal.SIGKILL)
            time.sleep(_BETWEEN_SECONDS)
            # The next one may be killed once this one's successor serves.
            wait_until(trial.system.has_all_web_workers, PATIENCE_SECONDS, "another worker")
    trial.expect(
        "never wholly down: no two probes failed in a row",
        probes.failed_in_a_row < 2,  # noqa: PLR2004 (two)
        f"{probes.count} probes, {probes.failed} failed",
    )
    trial.expect("no 5xx", not _server_errors(load.statuses()), dict(load.statuses()))


def kill_supervisor(trial: Trial) -> None:
    """Kill the process that runs all the others, and start everything anew."""
    left: list[str] = []
    with trial.load() as load:
        for _ in range(trial.rounds):
            load.wait_for_success(PATIENCE_SECONDS)
            time.sleep(_BETWEEN_SECONDS)
            children = trial.system.processes()
            trial.system.kill()
            trial.system.start()
            # A process that has ended, and is not yet collected, has no command line.
            left += filter(None, map(command_line, children))
    trial.expect("nothing of the old one is left", not left, f"{len(left)} processes")
    trial.expect("no 500", "500" not in load.statuses(), dict(load.statuses()))


def kill_worker(trial: Trial) -> None:
    """Kill the Celery worker in the middle of its tasks."""
    with trial.load() as load:
        for _ in range(trial.rounds):
            load.wait_for_success(PATIENCE_SECONDS)
            wait_until(lambda: _is_working(trial), PATIENCE_SECONDS, "a worker at its work")
            killed = trial.system.worker()
            os.killpg(killed, signal.SIGKILL)
            is_replaced = partial(trial.system.has_other_worker, killed)
            wait_until(is_replaced, PATIENCE_SECONDS, "another worker")
    trial.expect_only({"200"}, load.statuses(), "ingest does not notice")


def stop_all(trial: Trial) -> None:
    """Tell it to stop under load, as a deployment does."""
    seconds, statuses = [], Counter[str]()
    for _ in range(trial.rounds):
        with trial.load() as load:
            load.wait_for_success(PATIENCE_SECONDS)
            time.sleep(_BETWEEN_SECONDS)
            began = time.monotonic()
            trial.system.stop()
            seconds.append(time.monotonic() - began)
            statuses += load.statuses()
            trial.system.start()
    trial.expect_at_most(10, max(seconds), "stopped after")
    trial.expect("no 5xx", not _server_errors(statuses), dict(statuses))


def _ask_all_workers(trial: Trial) -> Counter[str]:
    """Return what is answered to lists, each asked for on a connection of its own."""
    path = f"/api/v1/workspaces/{trial.system.workspace_id}/events?limit=1"
    statuses = Counter[str]()
    for _ in range(_QUESTIONS):
        client = Client(trial.system.port, trial.system.token)
        statuses[str(client.get(path).status)] += 1
        client.close()
    return statuses


class _Probes:
    """Asks by a new connection each time whether somebody is there."""

    def __init__(self, port: int) -> None:
        self.count = self.failed = self.failed_in_a_row = 0
        self._port = port
        self._run_of_failures = 0
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Probes":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_PROBE_SECONDS):
            self.count += 1
            if probe(self._port):
                self._run_of_failures = 0
                continue
            self.failed += 1
            self._run_of_failures += 1
            self.failed_in_a_row = max(self.failed_in_a_row, self._run_of_failures)


def probe(port: int, patience: float = 2.0) -> bool:
    """Say whether the web server answers a new connection in time."""
    connection = HTTPConnection(HOST, port, timeout=patience)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().status < _FIRST_SERVER_ERROR
    return False


def _probing(trial: Trial) -> _Probes:
    return _Probes(trial.system.port)


def _server_errors(statuses: dict[str, int]) -> dict[str, int]:
    return {each: count for each, count in statuses.items() if each.startswith("5")}


def _is_working(trial: Trial) -> bool:
    """Say whether the outbox is being worked at: somebody holds an entry's row."""
    held = trial.system.sql(
        "SELECT 1 FROM pg_locks WHERE relation = 'events_outboxentry'::regclass"
        " AND mode = 'RowShareLock' AND granted LIMIT 1"
    )
    return bool(held)


FAULTS = [
    Fault("kill_database", "kill -9 of the database", kill_database),
    Fault("kill_web_worker", "kill -9 of a web worker", kill_web_worker),
    Fault("kill_supervisor", "kill -9 of the supervisor", kill_supervisor),
    Fault("kill_worker", "kill -9 of the Celery worker", kill_worker),
    Fault("stop_all", "SIGTERM under load", stop_all),
    Fault("restart_fast", "restart of the database, fast", stop_database(signal.SIGINT)),
    Fault("restart_idle", "restart of the database while nobody asks", restart_idle),
    Fault("restart_immediate", "restart of the database, immediate", stop_database(signal.SIGQUIT)),
]
