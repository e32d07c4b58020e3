"""The processes of an installation: the database, the web server and the worker."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.conf import settings

from flameup.postgres import EmbeddedPostgres
from flameup.supervisor import Service, start_process

_WEB_STOP_SECONDS = 3
# That each worker serves at the same time.
_CONNECTIONS = 8192
_OK = 200


def environment_for(host: str) -> dict[str, str]:
    """Return the children's environment; they answer to `host` unless the hosts are configured."""
    hosts = os.environ.get("FLAMEUP_ALLOWED_HOSTS", "").strip()
    if not hosts:
        hosts = ",".join(dict.fromkeys([*settings.ALLOWED_HOSTS, _as_in_url(host)]))
    return os.environ | {
        "FLAMEUP_DATA_DIR": str(settings.DATA_DIR),
        "FLAMEUP_ALLOWED_HOSTS": hosts,
    }


def url_of(host: str, port: int) -> str:
    """Return the address to open in a browser; one that means "all" is reached by loopback."""
    return f"http://{_as_in_url(reachable_host(host))}:{port}"


def reachable_host(host: str) -> str:
    """Return an address by which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (a comparison)


def _as_in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def database_service(server: EmbeddedPostgres, inherited: Sequence[int]) -> Service:
    """Return the embedded server."""
    return Service(
        name="PostgreSQL",
        start=lambda: server.spawn(inherited),
        # The signal for a fast shutdown: connections are ended, not waited for.
        stop_signal=signal.SIGINT,
        stop_order=3,
        # All wait for it; and where its disk was full, it starts once there is space.
        longest_pause=1.0,
    )


def web_service(host: str, port: int, inherited: Sequence[int]) -> Service:
    """Return the web server."""
    command = web_command(host, port, settings.WEB_WORKERS)
    environment = environment_for(host)
    return Service(
        name="The web server",
        start=lambda: start_process(
            command,
            folder=str(settings.BASE_DIR),
            environment=environment,
            inherited=inherited,
        ),
        stop_order=1,
        patience=settings.SHUTDOWN_DELAY + _WEB_STOP_SECONDS + 0.5,
    )


def web_command(
    host: str, port: int, workers: int, application: str = "flameup.asgi:application"
) -> list[str]:
    """Return the command line that serves an ASGI application."""
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--http", "1", "--no-ws"]
    command += ["--host", host, "--port", str(port), "--workers", str(workers), "--loop", "uvloop"]
    # Without this the end of one worker ends the server.
    command += ["--respawn-failed-workers", "--respawn-interval", "0.5"]
    # Milliseconds, and also how long a connection may be idle; granian allows no more. It must be
    # longer than the proxy in front thinks, which otherwise sends requests into connections that
    # are being closed. Headers that never end take so long, too: hence room for many.
    command += ["--http1-header-read-timeout", "60000"]
    command += ["--backlog", "2048", "--backpressure", str(_CONNECTIONS)]
    seconds = settings.SHUTDOWN_DELAY + _WEB_STOP_SECONDS
    command += ["--workers-kill-timeout", str(seconds), "--log-level", "warning"]
    return [*command, application]


def is_ready(host: str, port: int) -> bool:
    """Tell whether the web server answers that it is ready."""
    with closing(HTTPConnection(reachable_host(host), port, timeout=2)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == _OK
        except (OSError, HTTPException):
            return False


def worker_service(host: str, inherited: Sequence[int]) -> Service:
    """Return the Celery worker with its clock."""
    command = [sys.executable, "-m", "celery", "--app", "flameup", "--quiet", "worker", "--beat"]
    command += ["--schedule", str(settings.DATA_DIR / "celerybeat-schedule")]
    # Threads: a third of the memory of processes, and a task may start a process of its own.
    command += ["--pool", "threads", "--concurrency", "2", "--loglevel", "WARNING"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    environment = environment_for(host)
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        # Messages pass through the temporary folder when they are taken: keep them at home.
        environment["TMPDIR"] = str(_private_folder(settings.CELERY_DATA_DIR / "processed"))
    return Service(
        name="The worker",
        start=lambda: start_process(
            command,
            folder=str(settings.BASE_DIR),
            environment=environment,
            inherited=inherited,
            # On SIGTERM it would see its task to the end, however long that takes. A task that
            # is cut off is found again by its row.
            death_signal=signal.SIGKILL,
        ),
        # It looks for new messages for up to two seconds before it sees that it shall stop.
        stop_order=2,
        patience=4.0,
    )


def _private_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
