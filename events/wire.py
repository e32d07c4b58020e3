"""Talks to PostgreSQL in fewer messages, and turns of the interpreter, than cursors do.

psycopg's `copy` takes no other statement beside it, and each of its steps lets go
of the interpreter's lock, which a busy process may not give back for milliseconds.
What is used here is documented by libpq under "Asynchronous Command Processing"
and "Functions Associated with the COPY Command".
"""

import select
from collections.abc import Callable, Iterable, Iterator, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import ProgrammingError, errors, pq
from psycopg.pq.abc import PGconn, PGresult

_COPY_IN = pq.ExecStatus.COPY_IN
_FINE = {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}

# Looks at the results of the statements before the COPY, and raises where they will not do.
Check = Callable[[Sequence[PGresult]], None]


def copy_in(
    connection: BaseDatabaseWrapper, sql: str, data: Iterable[bytes], check: Check | None = None
) -> None:
    """Run statements of which one is a `COPY … FROM STDIN`, and send it the data.

    They travel in one message; one that fails keeps those behind it from being run.
    The caller rolls back where this raises: django.db.DatabaseError, and whatever
    `check` and `data` raise.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        pgconn, encoding = connection.connection.pgconn, connection.connection.info.encoding
        pgconn.send_query(sql.encode(encoding))
        _send_all(pgconn)
        _until_copy(pgconn, encoding, check)
        try:
            for piece in data:
                _put(pgconn, piece)
        except BaseException:
            _give_up(pgconn)
            raise
        pgconn.put_copy_end()
        _send_all(pgconn)
        # All are taken before one is found to be an error: the connection is busy until then.
        _require_fine(list(_results(pgconn)), encoding)


def text_array(connection: BaseDatabaseWrapper, values: Iterable[str]) -> str:
    """Return the literal of an array of texts; the caller casts it to what they mean."""
    quoted = ",".join(
        ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    )
    escaping = pq.Escaping(connection.connection.pgconn)
    return bytes(escaping.escape_literal(f"{{{quoted}}}".encode())).decode()


def _until_copy(pgconn: PGconn, encoding: str, check: Check | None) -> None:
    """Take the results up to that of the COPY, which is not reached where one is an error."""
    results: list[PGresult] = []
    for result in _results(pgconn):
        results.append(result)
        if result.status == _COPY_IN:
            break
    else:
        _require_fine(results, encoding)
        raise ProgrammingError("None of the statements is a COPY FROM STDIN.")
    if check is not None:
        try:
            check(results[:-1])
        except BaseException:
            _give_up(pgconn)
            raise


def _put(pgconn: PGconn, piece: bytes) -> None:
    # It never waits: what the server does not take yet is kept here.
    if not pgconn.put_copy_data(piece):
        raise MemoryError("libpq has no room for the data of a COPY.")


def _give_up(pgconn: PGconn) -> None:
    """Have the COPY fail, and read what the server says to that."""
    pgconn.put_copy_end(b"the client gave up")
    _send_all(pgconn)
    list(_results(pgconn))


def _require_fine(results: Iterable[PGresult], encoding: str) -> None:
    for result in results:
        if result.status not in _FINE:
            raise errors.error_from_result(result, encoding)


def _send_all(pgconn: PGconn) -> None:
    """Send what is kept here, taking in meanwhile what the server says."""
    if pgconn.flush():
        poll = _poll(pgconn, select.POLLIN | select.POLLOUT)
        while pgconn.flush():
            poll.poll()
            pgconn.consume_input()


def _results(pgconn: PGconn) -> Iterator[PGresult]:
    poll = _poll(pgconn, select.POLLIN)
    while True:
        # Asked for too early, a result would be waited for with the interpreter's lock held.
        while pgconn.is_busy():
            poll.poll()
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            return
        yield result


def _poll(pgconn: PGconn, events: int) -> "select.poll":
    poll = select.poll()
    poll.register(pgconn.socket, events)
    return poll
