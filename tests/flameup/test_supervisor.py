import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from flameup.processes import FileLock, is_running
from tests.flameup.running import PROJECT, wait_for

pytestmark = pytest.mark.any_server

# Runs two services that write down their ids, one of them with a worker of its own.
SUPERVISOR = """
import os, signal, sys
# A shell that runs the tests in the background has them ignore this one.
signal.signal(signal.SIGINT, signal.default_int_handler)
from functools import partial
from flameup.supervisor import Service, Supervisor, start_process
folder, scripts = sys.argv[1], sys.argv[2:]
lock = os.open(f"{folder}/lock", os.O_RDWR | os.O_CREAT)
import fcntl; fcntl.flock(lock, fcntl.LOCK_EX)
supervisor = Supervisor(stop_seconds=3)
for number, script in enumerate(scripts):
    command = ["bash", "-c", script]
    start = partial(start_process, command, folder=folder, environment=dict(os.environ),
                    inherited=[lock])
    supervisor.add(Service(f"service {number}", start, stop_order=number, patience=0.5))
supervisor.run()
supervisor.stop()
"""
SLEEPER = "echo $$ >> {name}; exec sleep 1000"
WITH_WORKER = "sleep 1000 & echo $! >> worker; echo $$ >> main; wait"
STUBBORN = "trap '' TERM; echo $$ >> stubborn; while true; do sleep 1; done"
WRITES_ITS_END = (
    "trap 'echo {name} >> ends; exit' TERM; echo $$ >> {name}; while :; do sleep .1; done"
)

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def supervise(data_folder: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*scripts: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", SUPERVISOR, str(data_folder), *scripts]
        started.append(subprocess.Popen(command, cwd=PROJECT))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def ids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def has_started(file: Path, times: int) -> bool:
    return len(ids(file)) == times


def test_starts_again_what_dies(supervise: Start, data_folder: Path) -> None:
    supervise(SLEEPER.format(name="main"))
    file = data_folder / "main"
    for times in (1, 2, 3):
        wait_for(partial(has_started, file, times), 20, f"start number {times}")
        os.kill(ids(file)[-1], signal.SIGKILL)


def test_kills_the_workers_a_dead_service_left(supervise: Start, data_folder: Path) -> None:
    supervise(WITH_WORKER)
    wait_for(lambda: ids(data_folder / "main"), 20, "the first start")
    os.kill(ids(data_folder / "main")[0], signal.SIGKILL)
    wait_for(lambda: len(ids(data_folder / "main")) == 2, 20, "the second start")
    first, second = ids(data_folder / "worker")
    assert not is_running(first)
    assert is_running(second)


def test_everything_ends_with_a_killed_supervisor(supervise: Start, data_folder: Path) -> None:
    supervisor = supervise(SLEEPER.format(name="main"), SLEEPER.format(name="other"))
    wait_for(lambda: ids(data_folder / "other"), 20, "the start of both")
    supervisor.kill()
    supervisor.wait()
    lock = FileLock(data_folder / "lock")
    assert lock.wait(20)
    lock.close()
    mine = [ids(data_folder / name)[0] for name in ("main", "other")]
    wait_for(lambda: not any(map(is_running, mine)), 20, "the end of both")


def test_stops_in_order(supervise: Start, data_folder: Path) -> None:
    supervisor = supervise(*(WRITES_ITS_END.format(name=name) for name in "abc"))
    wait_for(lambda: all(ids(data_folder / name) for name in "abc"), 20, "the start of all")
    supervisor.terminate()
    assert supervisor.wait(50) == 0
    assert (data_folder / "ends").read_text().split() == ["a", "b", "c"]


def test_kills_what_does_not_stop_in_time(supervise: Start, data_folder: Path) -> None:
    supervisor = supervise(STUBBORN)
    wait_for(lambda: ids(data_folder / "stubborn"), 20, "the start")
    started = time.monotonic()
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(50) == 0
    assert time.monotonic() - started < 50
    assert not is_running(ids(data_folder / "stubborn")[0])
