"""A database for the length of a command."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from flameup import env
from flameup.postgres.errors import PostgresError
from flameup.postgres.server import EmbeddedPostgres
from flameup.processes import FileLock

_WITHOUT_DATABASE = {
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "quickstart",  # runs the server itself, for as long as everything else
    "sendtestemail",
    "spectacular",
    "startapp",
    "startproject",
    "version",
}
_HELP = {"-h", "--help", "--version"}
_ANSWER_SECONDS = 60.0
_POLL_SECONDS = 0.1
_MENTION_SECONDS = 1.0


@contextmanager
def database_for_command(argv: Sequence[str]) -> Iterator[None]:
    """Have the embedded server up while a command runs that needs it.

    A server that runs is used; else one is started, and stopped at the end
    unless another command has begun to use it: then we wait for that one.
    """
    if not needs_database(argv):
        yield
        return
    with ExitStack() as stack:
        try:
            # Reading the settings makes the data folder, and finds what is wrong with them.
            server = EmbeddedPostgres(settings.DATA_DIR)
            if not env.string("DATABASE_URL"):
                stack.enter_context(embedded_server(server))
        except ImproperlyConfigured as error:
            sys.exit(f"Error: {error}")
        yield


def needs_database(argv: Sequence[str]) -> bool:
    """Tell whether a command line uses the database; one that we do not know does."""
    if len(argv) < 2 or _HELP & set(argv):  # noqa: PLR2004 (the program's name and a command)
        return False
    if argv[1] == "check":
        return any(word.startswith("--database") for word in argv)
    return argv[1] not in _WITHOUT_DATABASE


@contextmanager
def embedded_server(server: EmbeddedPostgres) -> Iterator[None]:
    """Use the running server of a data folder, or run it meanwhile.

    The owner's lock says who runs it; the users' lock counts the commands that
    use it, so that it is never stopped under one of them.
    """
    with (
        closing(FileLock(server.layout.owner_lock)) as owner,
        closing(FileLock(server.layout.users_lock)) as users,
    ):
        is_owner = _find_server(server, owner, users)
        try:
            yield
        finally:
            if is_owner:
                _wait_for_other_users(users)
                server.stop()


def _find_server(server: EmbeddedPostgres, owner: FileLock, users: FileLock) -> bool:
    """Start the server or find it running; return whether it is ours to stop."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while True:
        if owner.acquire():
            server.start(inherited=[owner.descriptor])
            return True
        # Asked for first, so that the owner cannot stop between our question and our use.
        if users.acquire(is_shared=True):
            if server.is_reachable():
                return False
            users.release()
        if time.monotonic() > deadline:
            raise PostgresError(
                f"Another process runs the database in {server.layout.data_dir}, but it does not "
                f"answer; see {server.layout.log_folder}."
            )
        time.sleep(_POLL_SECONDS)


def _wait_for_other_users(users: FileLock) -> None:
    started = time.monotonic()
    has_mentioned = False
    while not users.acquire():
        if not has_mentioned and time.monotonic() - started > _MENTION_SECONDS:
            has_mentioned = True
            sys.stderr.write("Keeping the database up for another command that uses it…\n")
        time.sleep(_POLL_SECONDS)
