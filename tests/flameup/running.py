"""Quickstarts and other real processes for the tests, and ways to wait for them."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from flameup.management.children import is_ready

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
LAST_LINE = "curl "


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until the condition holds; fail with `what` when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def processes_of(folder: Path) -> dict[int, str]:
    """Return the command lines of all processes that belong to a data folder, by id."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            traces = f"{command} {(entry / 'environ').read_bytes()!r} {(entry / 'cwd').readlink()}"
        except OSError:
            continue
        if str(folder) in traces:
            found[int(entry.name)] = command
    return found


class Quickstart:
    """`manage.py quickstart` on a data folder and a port of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.options = options
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self._reader: Thread | None = None

    def start(self) -> None:
        """Start it and do not wait."""
        self.lines = []
        self.process = self.open(self.port)
        self._reader = Thread(target=self._read, args=(self.process,))
        self._reader.start()

    def open(self, port: int) -> "subprocess.Popen[str]":
        """Start a process on the folder, whose output the caller must read."""
        unset = ("DATABASE_URL", "FLAMEUP_ALLOWED_HOSTS", "CELERY_BROKER_URL")
        environment = {key: value for key, value in os.environ.items() if key not in unset}
        command = [sys.executable, "manage.py", "quickstart", "--port", str(port), *self.options]
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment | {"FLAMEUP_DATA_DIR": str(self.folder)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        """Wait until everything is printed."""
        wait_for(
            lambda: any(line.startswith(LAST_LINE) for line in self.lines),
            START_SECONDS,
            f"the lines of quickstart; so far: {self.lines}",
        )

    def answers(self) -> bool:
        """Tell whether the web server is ready."""
        return is_ready("127.0.0.1", self.port)

    def pid_of(self, pattern: str) -> int:
        """Return the id of the service whose command line matches."""
        assert self.process is not None
        mine = processes_of(self.folder)
        for process_id, command in mine.items():
            stat = Path(f"/proc/{process_id}/stat").read_bytes()
            is_child = int(stat.rpartition(b")")[2].split()[1]) == self.process.pid
            if is_child and re.search(pattern, command):
                return process_id
        return 0

    def send(self, number: signal.Signals) -> int:
        """Send a signal to the supervisor and wait for its end; return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(50)

    def close(self) -> None:
        """End it, however it stands."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            if self._reader is not None:
                self._reader.join(10)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip("\n"))
