"""A database of our own on the configured server, for the length of a benchmark."""

import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from psycopg.sql import SQL, Composed, Identifier

from flameup.postgres import database_url

_SETTLED_SECONDS = 0.3
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def own_database() -> Iterator[str]:
    """Make a database with all tables, use it, yield its URL, and drop it however that ends.

    Meanwhile Django's connection leads to it. Only a `kill -9` leaves it behind.
    """
    home, name = connection.settings_dict["NAME"], f"flameup_benchmark_{secrets.token_hex(4)}"
    try:
        _create(name)
        _connect_to(name)
        call_command("migrate", verbosity=0, interactive=False)
        yield database_url(connection.settings_dict)
    finally:
        with _undisturbed():
            _connect_to(home)
            _drop(name)


def empty_events() -> None:
    """Remove all events and what is kept about them; people stay."""
    tables = {model._meta.db_table for model in apps.get_app_config("events").get_models()}
    _execute(SQL("TRUNCATE {}").format(SQL(", ").join(map(Identifier, sorted(tables)))))


def count_events(workspace_id: int) -> int:
    """Return how many events there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events_event WHERE workspace_id = %s", [workspace_id])
        return int(cursor.fetchone()[0])


def count_settled_events(workspace_id: int) -> int:
    """Return how many events there are once no more come."""
    before, now = -1, count_events(workspace_id)
    while now != before:
        time.sleep(_SETTLED_SECONDS)
        before, now = now, count_events(workspace_id)
    return now


def setting(name: str) -> str:
    """Return a setting of the database server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])


def _create(name: str) -> None:
    try:
        _execute_apart(SQL("CREATE DATABASE {}").format(Identifier(name)))
    except DatabaseError as error:
        raise CommandError(
            f"The benchmark makes a database of its own, and the server refuses: {error}"
        ) from error


def _drop(name: str) -> None:
    # WITH (FORCE) is refused to whoever is no superuser while an autovacuum runs there; without
    # it, the server ends the autovacuum by itself.
    _execute_apart(
        SQL(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = {} AND usename = current_user"
        ).format(name)
    )
    _execute_apart(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))


def _connect_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _execute(statement: Composed) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _execute_apart(statement: Composed) -> None:
    # From the server's own database, as Django does for tests: ours may not exist yet.
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep impatience from leaving the database behind."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
