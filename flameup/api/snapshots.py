"""Several queries that see the same state of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from psycopg import IsolationLevel


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Have all queries inside see one state of the database, and write nothing.

    Inside a transaction that is already open it is that transaction which says
    what is seen.
    """
    if connection.in_atomic_block:
        yield
        return
    # Before the transaction, which would otherwise begin on another connection than the one set up.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    session = connection.connection
    before = session.isolation_level, session.read_only
    # These are sent along with BEGIN and cost no query of their own.
    session.isolation_level, session.read_only = IsolationLevel.REPEATABLE_READ, True
    try:
        with transaction.atomic():
            yield
    finally:
        if not session.closed:
            session.isolation_level, session.read_only = before
