"""The transaction of a group of events, in as few messages to the server as it takes.

On a busy machine a message and its answer cost a turn of the processor on either
side, which is more than the work in between.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(slots=True)
class Transaction:
    """A transaction, and what is done once it is committed.

    `begin` is the SQL to send in front of its first statement, in the same message,
    and `end` may be sent behind its last one.
    """

    begin: str = ""
    end: str = ""
    callbacks: list[Callable[[], None]] = field(default_factory=list)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call this once the transaction is committed, and never if it is not."""
        self.callbacks.append(callback)


@contextmanager
def one_transaction(connection: BaseDatabaseWrapper) -> Iterator[Transaction]:
    """Commit what is done inside, or nothing of it; inside a transaction it is a part of that.

    Raises django.db.DatabaseError and InterfaceError as Django does.
    """
    if connection.in_atomic_block:
        with transaction.atomic(using=connection.alias):
            inner = Transaction()
            yield inner
        for callback in inner.callbacks:
            transaction.on_commit(callback, using=connection.alias)
        return
    connection.ensure_connection()
    own = Transaction(begin="BEGIN", end="COMMIT")
    try:
        yield own
        with connection.wrap_database_errors:
            # Nothing is left to do where the end was sent already.
            connection.connection.commit()
    except BaseException:
        _roll_back(connection)
        raise
    for callback in own.callbacks:
        callback()


def _roll_back(connection: BaseDatabaseWrapper) -> None:
    """End the transaction; where the connection is lost, so is the transaction."""
    with suppress(DatabaseError, InterfaceError), connection.wrap_database_errors:
        connection.connection.rollback()
