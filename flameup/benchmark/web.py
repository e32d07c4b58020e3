"""A web server like quickstart's, on the benchmark's database."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.management import CommandError

from flameup.management.children import environment_for, is_ready, web_command
from flameup.processes import kill_group
from flameup.supervisor import start_process

PRODUCT = "flameup.asgi:application"
HELLO = "flameup.benchmark.hello:application"

_HOST = "127.0.0.1"
_START_SECONDS = 60.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Web:
    """A running web server."""

    port: int
    process_id: int

    def url_of(self, path: str) -> str:
        """Return the address of a path."""
        return f"http://{_HOST}:{self.port}{path}"


@contextmanager
def running_web(application: str, workers: int, environment: Mapping[str, str]) -> Iterator[Web]:
    """Serve the application meanwhile, in an environment with these additions."""
    port = free_port()
    process = start_process(
        web_command(_HOST, port, workers, application),
        folder=str(settings.BASE_DIR),
        environment=environment_for(_HOST) | {"FLAMEUP_WEB_WORKERS": str(workers), **environment},
        inherited=(),
    )
    try:
        _wait_until_ready(process, port)
        yield Web(port, process.pid)
    finally:
        _kill(process)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not is_ready(_HOST, port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandError("The web server does not start; the lines above may say why.")
        time.sleep(_POLL_SECONDS)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the server with its workers at once: what it has stored is counted by now."""
    kill_group(process.pid)
    process.wait()


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
