"""The settings on which faults are tried."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from flameup.benchmark.faults.clock import Clock
from flameup.benchmark.faults.disks import two_disks
from flameup.benchmark.faults.errors import Unavailable
from flameup.benchmark.faults.relay import relaying
from flameup.benchmark.faults.system import HOST, System, wait_until
from flameup.benchmark.web import free_port
from flameup.postgres import EmbeddedPostgres, database_settings, database_url

Setting = Callable[[Path], AbstractContextManager[System]]

_REDIS_SECONDS = 10.0
# So little that the small disk is not filled by what is kept for later.
_SMALL_LOG = "min_wal_size = 32MB\nmax_wal_size = 64MB\n"


@contextmanager
def plain(folder: Path) -> Iterator[System]:
    """Run what nobody has configured: embedded PostgreSQL, a broker of files."""
    with _running(System(folder)) as system:
        yield system


@contextmanager
def with_clock(folder: Path) -> Iterator[System]:
    """Run it on a clock of its own."""
    clock = Clock(folder / "clock")
    with _running(System(folder, clock.environment)) as system:
        system.clock = clock
        yield system


@contextmanager
def with_redis(folder: Path) -> Iterator[System]:
    """Run it with a Redis for broker and limits, behind a relay."""
    port, relayed = free_port(), free_port()
    with (
        _redis(port),
        relaying(
            lambda: socket.create_server((HOST, relayed)),
            lambda: socket.create_connection((HOST, port)),
        ) as relay,
        _running(System(folder, {"CELERY_BROKER_URL": f"redis://{HOST}:{relayed}/0"})) as system,
    ):
        system.relay = relay
        yield system


@contextmanager
def relayed(folder: Path) -> Iterator[System]:
    """Run it on a database that somebody else runs, behind a relay."""
    postgres = EmbeddedPostgres(_folder(folder / "database"))
    postgres.start()
    home = _folder(folder / "relay")
    name = next(postgres.layout.socket_folder.glob(".s.PGSQL.*[0-9]")).name
    own = database_settings("", postgres.layout.data_dir)
    url = database_url({**own, "HOST": str(home)} | {"PORT": own.get("PORT", ""), "PASSWORD": ""})
    try:
        with (
            relaying(
                lambda: _listen_on(home / name),
                lambda: _connect_to(postgres.layout.socket_folder / name),
            ) as relay,
            _running(System(_folder(folder / "data"), {"DATABASE_URL": url}, postgres)) as system,
        ):
            system.relay = relay
            yield system
    finally:
        postgres.stop()


@contextmanager
def on_small_disks(folder: Path) -> Iterator[System]:
    """Run it with the database's data and its log on small disks of their own."""
    with two_disks(folder / "disks") as disks:
        system = System(folder)
        with _running(system):
            pass
        cluster = system.postgres.layout.cluster
        with (cluster / "postgresql.conf").open("a") as file:
            file.write(_SMALL_LOG)
        _move(cluster / "pg_wal", disks.log.folder / "pg_wal")
        _move(cluster, disks.data.folder / "cluster")
        with _running(system):
            system.disks = disks
            yield system


SETTINGS: dict[str, Setting] = {
    "plain": plain,
    "clock": with_clock,
    "redis": with_redis,
    "relayed": relayed,
    "disks": on_small_disks,
}


@contextmanager
def _running(system: System) -> Iterator[System]:
    try:
        system.start()
        yield system
    finally:
        system.stop()


@contextmanager
def _redis(port: int) -> Iterator[None]:
    program = shutil.which("redis-server")
    if program is None:
        raise Unavailable("redis-server is not installed")
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _is_listening(port), _REDIS_SECONDS, "Redis")
        yield
    finally:
        process.terminate()
        process.wait()


def _is_listening(port: int) -> bool:
    try:
        socket.create_connection((HOST, port)).close()
    except OSError:
        return False
    return True


def _listen_on(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def _connect_to(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return connection


def _folder(folder: Path) -> Path:
    folder.mkdir(mode=0o711)
    return folder


def _move(folder: Path, target: Path) -> None:
    """Move a folder to another disk, with its owners, and leave a link."""
    subprocess.run(["cp", "--archive", str(folder), str(target)], check=True)  # noqa: S607
    shutil.rmtree(folder)
    folder.symlink_to(target)
