"""An installation to be broken: quickstart on a folder of its own, and ways to reach into it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
from django.conf import settings

from flameup.benchmark.faults.apps import CREATE_TABLE
from flameup.benchmark.faults.clock import Clock
from flameup.benchmark.faults.disks import Disks
from flameup.benchmark.faults.relay import Relay
from flameup.benchmark.usage import descendants
from flameup.benchmark.web import free_port
from flameup.listener import APPLICATION_NAME
from flameup.management.children import is_ready
from flameup.management.installation import ADMIN_EMAIL
from flameup.postgres import EmbeddedPostgres
from flameup.processes import children_of, ending_with_parent

HOST = "127.0.0.1"
WEB_WORKERS = 2

_START_SECONDS = 90.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02
# Nothing of the caller's own installation may reach the one to be broken.
_UNSET = ("DATABASE_URL", "FLAMEUP_ALLOWED_HOSTS", "CELERY_BROKER_URL", "FLAMEUP_REDIS_URL")


class System:
    """Quickstart and all its processes; `environment` is added to theirs.

    `postgres` is given where the database is one that somebody else runs. What a
    setting has put in place to break it by is in `relay`, `clock` and `disks`.
    """

    relay: Relay
    clock: Clock
    disks: Disks

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        postgres: EmbeddedPostgres | None = None,
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = dict(environment or {})
        self.postgres = postgres or EmbeddedPostgres(folder)
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.lines = []
        self.process = self._open("quickstart", "--no-demo", "--port", str(self.port))
        Thread(target=self._read, args=(self.process,), daemon=True).start()
        wait_until(self._has_said_all, _START_SECONDS, "the start")
        self.sql(CREATE_TABLE)

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """Kill the supervisor; what it leaves behind has to see to itself."""
        supervisor = self._supervisor()
        supervisor.kill()
        supervisor.wait()

    def is_ready(self) -> bool:
        """Say whether the web server is ready to serve."""
        return is_ready(HOST, self.port)

    @property
    def workspace_id(self) -> str:
        """The first workspace, as the API names it."""
        return self._said("Workspace")

    @property
    def token(self) -> str:
        """A key to the first workspace, which no limit is reached with."""
        return self._said("API key")

    def command(self, *arguments: str) -> str:
        """Run a management command on the installation; return what it prints."""
        with self._open(*arguments) as process:
            printed = process.communicate(timeout=_START_SECONDS)[0]
        if process.returncode:
            raise RuntimeError(f"{arguments[0]} failed: {printed}")
        return printed.strip()

    def create_key(self, workspace_id: str, *, rate_limit: int) -> str:
        """Return a new key to the workspace that may do so many requests a second."""
        return self.command("create_api_key", workspace_id, "--rate-limit", str(rate_limit))

    def create_workspace(self) -> str:
        """Return the id of a new workspace."""
        return self.command("create_workspace", "Another", "--owner", ADMIN_EMAIL).split()[0]

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask the database past the application."""
        with self.postgres.connect() as connection:
            connection.autocommit = True
            cursor = connection.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def can_query(self) -> bool:
        """Say whether the database answers."""
        try:
            return bool(self.sql("SELECT 1"))
        except psycopg.Error:
            return False

    # The processes, by what they run.

    def database(self) -> int:
        """Return the process id of PostgreSQL; raises LookupError while there is none."""
        return self._child("bin/postgres ")

    def has_other_database(self, process_id: int) -> bool:
        """Say whether PostgreSQL answers, and is not this process."""
        try:
            return self.database() != process_id and self.can_query()
        except LookupError:
            return False

    def web_server(self) -> int:
        """Return the process id of the web server; raises LookupError while there is none."""
        return self._child("-m granian ")

    def web_workers(self) -> list[int]:
        """Return the process ids of the web server's workers."""
        found = list(children_of(self.web_server()))
        return [each for each in found if "resource_tracker" not in command_line(each)]

    def has_all_web_workers(self) -> bool:
        """Say whether every web worker serves: each listens to the database by then."""
        [(count,)] = self.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [APPLICATION_NAME]
        )
        return bool(count == WEB_WORKERS)

    def worker(self) -> int:
        """Return the process id of the Celery worker; raises LookupError while there is none."""
        return self._child("-m celery ")

    def has_other_worker(self, process_id: int) -> bool:
        """Say whether there is a Celery worker that is not this one."""
        try:
            return self.worker() != process_id
        except LookupError:
            return False

    def processes(self) -> list[int]:
        """Return the ids of all processes of the installation."""
        return list(descendants(self._supervisor().pid))

    def _child(self, pattern: str) -> int:
        for process_id in children_of(self._supervisor().pid):
            if pattern in command_line(process_id):
                return process_id
        raise LookupError(f"no process of {pattern}")

    def _supervisor(self) -> "subprocess.Popen[str]":
        if self.process is None:
            raise LookupError("not started")
        return self.process

    def _open(self, *arguments: str) -> "subprocess.Popen[str]":
        environment = {name: value for name, value in os.environ.items() if name not in _UNSET}
        own = {
            "FLAMEUP_DATA_DIR": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "flameup.benchmark.faults.settings",
            "FLAMEUP_WEB_WORKERS": str(WEB_WORKERS),
        }
        with (self.folder / "faults.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=settings.BASE_DIR,
                env=environment | own | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=ending_with_parent(signal.SIGTERM),  # noqa: PLW1509 (calls the kernel only)
            )

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101 (it was asked for)
        with process.stdout as lines:
            self.lines.extend(lines)

    def _has_said_all(self) -> bool:
        if self._supervisor().poll() is not None:
            raise RuntimeError(f"It does not start; see {self.folder / 'faults.log'}")
        return any(line.startswith("curl ") for line in self.lines)

    def _said(self, title: str) -> str:
        return next(line.split()[-1] for line in self.lines if line.startswith(title))


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until the condition holds; return how long that took, or raise TimeoutError."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - began


def command_line(process_id: int) -> str:
    """Return the command line of a process, nothing if it has gone."""
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def send_signal(process_ids: Sequence[int], number: signal.Signals) -> None:
    """Send the signal to each of the processes that is still there."""
    for process_id in process_ids:
        try:
            os.kill(process_id, number)
        except ProcessLookupError:
            continue
