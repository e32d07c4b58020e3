"""Everything at once: database, migrations, accounts, web server, worker and a demo."""

import errno
import signal
import socket
import sys
from argparse import ArgumentParser
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections

from flameup import env
from flameup.management.children import (
    database_service,
    is_ready,
    reachable_host,
    url_of,
    web_service,
    worker_service,
)
from flameup.management.demo import DemoRun
from flameup.management.installation import Installation
from flameup.postgres import EmbeddedPostgres
from flameup.processes import FileLock, allow_open_files
from flameup.supervisor import STOP_SECONDS, Supervisor

_LOCK_SECONDS = 60.0
_DATABASE_SECONDS = 120.0
_READY_SECONDS = 60.0


class Command(BaseCommand):
    help = "Start everything on this machine, and print how to sign in and send an event."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument(
            "--no-demo", action="store_false", dest="demo", help="leave the demo workspace out"
        )

    def handle(self, *, host: str, port: int, demo: bool, **_: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _leave)
        allow_open_files()
        with ExitStack() as stack:
            lock = self._take_lock(settings.DATA_DIR / "quickstart.lock", stack)
            check_address(host, port)
            supervisor = Supervisor(settings.SHUTDOWN_DELAY + STOP_SECONDS)
            stack.callback(supervisor.stop)
            web = web_service(host, port, [lock.descriptor])
            is_first_start = not installation_file().exists()
            if is_first_start:
                # Nobody knows this server yet, so it may load while the database is made.
                supervisor.add(web)
            if not env.string("DATABASE_URL"):
                self._start_database(supervisor, lock, stack)
            installation = self._prepare(demo=demo)
            if not is_first_start:
                supervisor.add(web)
            self._wait_until_ready(supervisor, host, port)
            # After the web server, because only that is waited for.
            supervisor.add(worker_service(host, [lock.descriptor]))
            self._print_access(installation, url_of(host, port))
            if demo and not installation.is_demo_done:
                self._start_demo(installation, host, port, stack)
            supervisor.run()

    def _take_lock(self, file: Path, stack: ExitStack) -> FileLock:
        """Wait until every process of an earlier start has ended."""
        lock = stack.enter_context(closing(FileLock(file)))
        if not lock.acquire():
            self.stderr.write(f"Waiting for an earlier start on {file.parent} to end…")
            if not lock.wait(_LOCK_SECONDS):
                raise CommandError(
                    f"Flameup is still running on {file.parent}. Stop it first, or choose another "
                    "FLAMEUP_DATA_DIR."
                )
        return lock

    def _start_database(self, supervisor: Supervisor, lock: FileLock, stack: ExitStack) -> None:
        server = EmbeddedPostgres(settings.DATA_DIR)
        owner = stack.enter_context(closing(FileLock(server.layout.owner_lock)))
        if not owner.acquire():
            self.stderr.write(f"Waiting for a command that uses {settings.DATA_DIR} to end…")
            if not owner.wait(_LOCK_SECONDS):
                raise CommandError(f"Another command runs the database of {settings.DATA_DIR}.")
        inherited = [lock.descriptor, owner.descriptor]
        try:
            supervisor.add(database_service(server, inherited))
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if not supervisor.wait_until(server.is_reachable, _DATABASE_SECONDS):
            raise CommandError(f"PostgreSQL does not start: {server.last_words()}")

    def _prepare(self, *, demo: bool) -> Installation:
        call_command("migrate", verbosity=0, interactive=False)
        installation = Installation.read(installation_file())
        installation.ensure_access(with_demo=demo)
        connections.close_all()
        return installation

    def _wait_until_ready(self, supervisor: Supervisor, host: str, port: int) -> None:
        while not supervisor.wait_until(lambda: is_ready(host, port), _READY_SECONDS):
            self.stderr.write("The server is not ready yet; the lines above may say why.")

    def _print_access(self, installation: Installation, url: str) -> None:
        access = installation.first
        changed = "(the password you have set since)"
        password = changed if installation.is_password_changed else installation.password
        body = '{"external_id": "user_123", "event": "signed_up", "parameters": {"plan": "pro"}}'
        self.stdout.write(f"Dashboard  {url}/")
        self.stdout.write(f"Login      {installation.email} / {password}")
        self.stdout.write(f"Workspace  {access.workspace_id}")
        self.stdout.write(f"API key    {access.api_key}")
        self.stdout.write("")
        self.stdout.write(
            f"curl -X POST {url}/api/v1/track -H 'Authorization: Bearer {access.api_key}' "
            f"-H 'Content-Type: application/json' -d '{body}'"
        )
        self.stdout.flush()

    def _start_demo(
        self, installation: Installation, host: str, port: int, stack: ExitStack
    ) -> None:
        run = DemoRun(installation, reachable_host(host), port, self.stdout, self.stderr)
        thread = Thread(target=run.run, name="demo", daemon=True)
        stack.callback(thread.join, timeout=1)
        stack.callback(run.stopping.set)
        thread.start()


def installation_file() -> Path:
    """Return the file that keeps what the first start has made."""
    return Path(settings.DATA_DIR) / "quickstart.json"


def check_address(host: str, port: int) -> None:
    """Raise a CommandError that says why nothing can listen there, if so."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise CommandError(
                f"Port {port} on {host} is taken by another program. Stop that program, or choose "
                f"another port: manage.py quickstart --port {port + 1}"
            ) from None
        raise CommandError(f"Cannot listen on {host}, port {port}: {error}") from None


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
