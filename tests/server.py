"""A web server like the real one, on the test database."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import connection
from psycopg.sql import SQL, Identifier

from flameup.postgres import database_url
from flameup.processes import ending_with_parent
from tests.statements import tenant_tables
from workspaces.models import Membership, User, Workspace

_START_SECONDS = 60.0
_LOG_SECONDS = 5.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02
_ANSWER = re.compile(r"^answered (\d{3}) (\S+ \S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Server:
    """A running server; its log tells how it answered."""

    url: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def count_answers(self) -> int:
        """Return how many requests have been answered up to now."""
        return len(self._answers())

    def answers_after(self, count: int, expected: int) -> list[str]:
        """Return answers such as "200 POST /api/v1/track", once there are as many as expected.

        The server writes its log only after the client has its answer.
        """
        deadline = time.monotonic() + _LOG_SECONDS
        while len(answers := self._answers()[count:]) < expected and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return answers

    def _answers(self) -> list[str]:
        found = _ANSWER.findall(self.log.read_text())
        return [f"{status} {line}" for status, line in found if not line.endswith("/readyz")]


@contextmanager
def running_server(
    log: Path,
    *,
    command_for: Callable[[int], list[str]] | None = None,
    probe: str = "/readyz",
    **environment: str,
) -> Iterator[Server]:
    """Run a server on a free port for as long as the context lasts.

    It is waited until `probe` says that all is well. `command_for` makes the
    command line from the port; the other arguments are added to the server's environment.
    """
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            (command_for or _command)(port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=settings.BASE_DIR,
            env=os.environ | _environment() | environment,
            preexec_fn=ending_with_parent(signal.SIGTERM),  # noqa: PLW1509 (calls the kernel only)
        )
    server = Server(f"http://127.0.0.1:{port}", log, process)
    try:
        _wait_until_ready(server, probe)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database as a server sees it: what a test writes is committed, and removed after it.

    Removing rows is quicker than emptying every table with all its partitions.
    Takes the place of pytest-django's fixture where a conftest.py imports it.
    """
    with django_db_blocker.unblock():
        yield
        _remove_everything()


def _remove_everything() -> None:
    ids = list(Workspace.objects.values_list("id", flat=True))
    with connection.cursor() as cursor:
        for table in tenant_tables() | {Membership._meta.db_table}:
            statement = SQL("DELETE FROM {} WHERE workspace_id = ANY(%s)").format(Identifier(table))
            cursor.execute(statement.as_string(), [ids])
        for model in (Workspace, User):
            statement = SQL("DELETE FROM {}").format(Identifier(model._meta.db_table))
            cursor.execute(statement.as_string())


def free_port() -> int:
    """Return a port on which nothing listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment() -> dict[str, str]:
    # As many workers as the command says, because limits are divided by their number.
    url = database_url(connection.settings_dict)
    return {"DATABASE_URL": url, "FLAMEUP_WEB_WORKERS": "1"}


def _command(port: int) -> list[str]:
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--http", "1", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--access-log"]
    command += ["--access-log-fmt", "answered %(status)d %(method)s %(path)s"]
    return [*command, "flameup.asgi:application"]


def _wait_until_ready(server: Server, probe: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(server.url + probe):
        if server.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The server does not start:\n{server.log.read_text()}")
        time.sleep(_POLL_SECONDS)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False
