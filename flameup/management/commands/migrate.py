"""Django's `migrate`, one at a time: it is not made for two at once on one database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

_KEYS = "hashtext('flameup'), hashtext('migrate')"


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        if options["plan"] or options["check_unapplied"]:
            # These change nothing.
            super().handle(*args, **options)
            return
        # Before anything is planned: the second plans only what the first has left to do.
        with _alone(connections[options["database"]], self._tell_of_waiting):
            super().handle(*args, **options)

    def _tell_of_waiting(self) -> None:
        self.stderr.write("Waiting for another migration of this database to end…")


@contextmanager
def _alone(connection: BaseDatabaseWrapper, tell: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of whoever migrates, once nobody else holds it.

    By a transaction on a connection of its own: the migrations' connection may be another
    one after each transaction where a pgbouncer pools them, and the lock would be lost.
    """
    with psycopg.connect(**connection.get_connection_params()) as apart:
        # For as long as the migrations take.
        for timeout in ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout"):
            apart.execute(f"SET LOCAL {timeout} = 0")
        is_ours = apart.execute(f"SELECT pg_try_advisory_xact_lock({_KEYS})").fetchone()
        if is_ours != (True,):
            tell()
            apart.execute(f"SELECT pg_advisory_xact_lock({_KEYS})")
        yield
