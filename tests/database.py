"""A pytest plugin: the test run has a data folder of its own, and a database server in it.

With DATABASE_URL set that server is used, and only the data folder is ours.
It must be loaded before Django's settings, hence by `-p` and not from conftest.py.
"""

import atexit
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from flameup.postgres import EmbeddedPostgres
from flameup.postgres.commands import embedded_server

_resources = ExitStack()
_process_id = os.getpid()


def make_data_folder() -> Path:
    """Make a temporary folder that the database's user can pass through, but nobody list.

    As root it stands in /tmp itself: pytest's own folders, and often root's TMPDIR, are closed.
    """
    parent = "/tmp" if os.geteuid() == 0 else None  # noqa: S108 (the name is random)
    folder = Path(tempfile.mkdtemp(prefix="flameup-test-", dir=parent))
    folder.chmod(0o711)
    return folder


_folder = make_data_folder()
_resources.callback(shutil.rmtree, _folder, ignore_errors=True)
os.environ["FLAMEUP_DATA_DIR"] = str(_folder)
# The servers that tests run on are quick, not durable; those of .ci/run as well.
os.environ["FLAMEUP_ALLOW_UNSAFE_DATABASE"] = "1"


@atexit.register
def _clean_up() -> None:
    """Clean up where pytest itself failed, as with settings that cannot be imported."""
    # A process that a test has forked ends by the same list.
    if os.getpid() == _process_id:
        _resources.close()


def pytest_sessionstart(session: pytest.Session) -> None:
    runs_no_test = session.config.option.collectonly or _has_workers(session.config)
    if os.environ.get("DATABASE_URL") or runs_no_test:
        return
    _resources.enter_context(embedded_server(EmbeddedPostgres(_folder, is_throwaway=True)))


def _has_workers(config: pytest.Config) -> bool:
    """Tell whether pytest-xdist's worker processes run the tests, each on a server of its own."""
    return bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server and remove the folder, also after Ctrl-C."""
    try:
        _resources.close()
    except KeyboardInterrupt:
        sys.stderr.write("Stopping the test database…\n")
        _resources.close()
