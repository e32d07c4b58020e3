"""The way of an event from a decoded request to its row."""

import asyncio
import os
from collections.abc import Sequence

from django.db import connection

from events.ingest.items import Item, Outcome
from events.ingest.store import store
from events.ingest.writer import Writer

__all__ = ["drain", "submit", "submit_soon"]

_writer = Writer()


def submit(items: Sequence[Item]) -> list[Outcome]:
    """Store items of one request; return when they are on disk, an outcome for each.

    Inside a transaction of the caller's they are a part of it. Raises
    TemporarilyUnavailable when the database could not be reached for 10 s, and
    Overloaded at once when too much is waiting already.
    """
    return store(items, connection) if connection.in_atomic_block else _writer.submit(items)


def submit_soon(items: Sequence[Item]) -> asyncio.Future[Sequence[Outcome]]:
    """Store items of one request as `submit` does, for a coroutine to wait for."""
    return _writer.submit_soon(items)


def drain(seconds: float) -> bool:
    """Store and answer what is waiting, and take nothing more; say whether all was done."""
    return _writer.drain(seconds)


def _start_anew() -> None:
    """Give a forked process a writer of its own: threads are not forked."""
    global _writer  # noqa: PLW0603 (one for each process)
    _writer = Writer()


os.register_at_fork(after_in_child=_start_anew)
