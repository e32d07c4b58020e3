"""The way of an event from a decoded request to its row."""

from collections.abc import Sequence

from django.db import connection

from events.ingest.items import Item, Outcome
from events.ingest.store import store

__all__ = ["submit"]


def submit(items: Sequence[Item]) -> list[Outcome]:
    """Store items of requests; return when they are on disk, an outcome for each.

    Raises what `store` raises.
    """
    return store(items, connection)
