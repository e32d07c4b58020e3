"""A PostgreSQL of a test's own, which it may stop, and web servers on it."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from flameup.postgres import EmbeddedPostgres, database_settings, database_url
from flameup.processes import children_of
from tests.database import make_data_folder
from tests.flameup.running import PROJECT
from tests.server import running_server

MAKE_KEY = """
from flameup.benchmark.tenant import create_tenant
print(create_tenant().token)
"""


class Home(NamedTuple):
    """A data folder with a database, and a key that may do everything there."""

    folder: Path
    token: str


@pytest.fixture(scope="module")
def home():
    """A data folder whose database is migrated and down, and a key in it."""
    folder = make_data_folder()
    with running(folder, is_throwaway=True) as postgres:
        manage(postgres, "migrate", "-v", "0")
        token = manage(postgres, "shell", "-v", "0", "-c", MAKE_KEY)
    yield Home(folder, token.strip())
    shutil.rmtree(folder)


def manage(postgres, *arguments):
    """Run a command on the database; return what it prints."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": url_of(postgres)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


@contextmanager
def running(folder, *, is_throwaway):
    """Run the server of a folder meanwhile."""
    postgres = EmbeddedPostgres(folder, is_throwaway=is_throwaway)
    postgres.start()
    try:
        yield postgres
    finally:
        postgres.stop()


def url_of(postgres):
    """Return the DATABASE_URL of a server."""
    return database_url({"PASSWORD": "", **database_settings("", postgres.layout.data_dir)})


@contextmanager
def hung(postgres):
    """Have every process of the server hang meanwhile; gives their ids."""
    server = postgres.process.pid
    processes = [server, *children_of(server)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield processes
    finally:
        for process in processes:
            # Unless it was killed meanwhile.
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


@pytest.fixture
def postgres(request, home):
    """The server of `home`, durable unless a test asks for the quick one."""
    with running(home.folder, is_throwaway=getattr(request, "param", False)) as postgres:
        yield postgres


@pytest.fixture
def serve(postgres, tmp_path):
    """Runs a web server on the database."""

    def serve(probe="/readyz", **environment):
        log = tmp_path / "server.log"
        url = url_of(postgres)
        return running_server(log, probe=probe, **{"DATABASE_URL": url, **environment})

    return serve
