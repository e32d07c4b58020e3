"""Real threads, each with a database connection of its own."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event

from django.db import connection

PATIENCE = 10


def in_parallel(count, function):
    """Call `function(i)` for i below `count`, all at once; return what they return."""
    barrier = Barrier(count)

    def run(i):
        barrier.wait(PATIENCE)
        return _closing(function, i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@contextmanager
def in_background(function, *args):
    """Have a function called in a thread once the event is set; give the event and the future.

    The thread has ended at the end, so a transaction that it waits for must end before.
    """
    start = Event()

    def run():
        assert start.wait(PATIENCE)
        return _closing(function, *args)

    with ThreadPoolExecutor(1) as pool:
        try:
            yield start, pool.submit(run)
        finally:
            start.set()


def wait_until_blocked(future):
    """Return when the thread behind the future waits for this one's transaction, or is done."""
    deadline = time.monotonic() + PATIENCE
    while not future.done() and not _somebody_waits():
        assert time.monotonic() < deadline, "The thread neither waits nor ends."
        time.sleep(0.01)


def _somebody_waits():
    """Say whether anybody waits for what the transaction of this thread holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return cursor.fetchone()[0]


def _closing(function, *args):
    try:
        return function(*args)
    finally:
        connection.close()
