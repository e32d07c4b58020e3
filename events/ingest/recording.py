"""What is written beside the events, in their transaction: counts, and the outbox."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from events import counts
from events.ingest.items import Item
from events.outbox import hints
from events.outbox.entries import announcing


class Record(NamedTuple):
    """Statements for the transaction, and what to call once it is committed."""

    statements: list[str]
    tell: Callable[[], None]


def recording(connection: BaseDatabaseWrapper, items: Sequence[Item]) -> Record:
    """Return what belongs to the storing of these items, which are at least one."""
    names = ((item.person[0], item.event, item.timestamp) for item in items)
    counting = counts.recording(connection, names)
    if announced := announcing((item.person[0], item.event_id) for item in items):
        return Record([counting, announced], hints.hint)
    return Record([counting], _nobody)


def _nobody() -> None:
    """Tell nobody."""
