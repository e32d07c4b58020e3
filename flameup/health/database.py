"""Is the database what this version of the code needs, and does it keep what it acknowledges?"""

from functools import cache
from threading import Event, Thread

import structlog
from django.conf import settings
from django.db import Error, ProgrammingError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0

# The values with which an acknowledged commit is on disk.
_DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
}


def durability() -> list[str]:
    """Return what this session's settings say against a 200 meaning "on disk"."""
    with connection.cursor() as cursor:
        columns = ", ".join(f"current_setting('{name}')" for name in _DURABLE)
        cursor.execute(f"SELECT {columns}")
        values = dict(zip(_DURABLE, cursor.fetchone(), strict=True))
    return [
        f"PostgreSQL's {name} is {value}: a crash can lose events that were acknowledged."
        for name, value in values.items()
        if value not in _DURABLE[name]
    ]


def count_pending_migrations() -> int:
    """Return how many migrations of this code the database has not seen.

    Asked anew each time, for it costs one query: the database may have been taken back
    under a running process. Migrations that only newer code knows do not count.
    """
    recorded = MigrationRecorder(connection).migration_qs.values_list("app", "name")
    try:
        return len(_known_migrations() - set(recorded))
    except ProgrammingError:
        # The table itself is not there.
        return len(_known_migrations())


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    """Return all migrations; reading them takes long, and they do not change meanwhile."""
    return frozenset(MigrationLoader(None).graph.nodes)


def start_durability_report() -> None:
    """Write to the log, once the database can be asked, what makes it lose events.

    In a thread, because the database may come up after this process.
    """
    if not settings.ALLOW_UNSAFE_DATABASE:
        Thread(target=_report_durability, name="durability", daemon=True).start()


def _report_durability() -> None:
    pause = Event()
    while True:
        try:
            problems = durability()
        except Error:
            pause.wait(_RETRY_SECONDS)
        else:
            break
        finally:
            connections.close_all()
    if problems:
        log.error("the database is not durable", problems=problems)
