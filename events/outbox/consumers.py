"""Who does something about events that were stored."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from events.models import Event
from events.querysets import EventQuerySet

_NAME = re.compile(r"[a-z][a-z_.]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Events of one workspace that were stored, by one transaction or by many."""

    workspace_id: int
    event_ids: Sequence[UUID]

    def events(self) -> EventQuerySet:
        """Return the events, but for those that were deleted since."""
        return Event.objects.in_workspace(self.workspace_id).with_ids(self.event_ids)


Consume = Callable[[Chunk], None]


class TryLater(Exception):
    """The consumer cannot do its work for so many seconds, an hour at most, whatever the events."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        super().__init__(reason)
        self.seconds = seconds


_consumers: dict[str, Consume] = {}


def register_consumer(name: str, consume: Consume) -> None:
    """Have `consume(chunk)` called, in a worker, with all events stored from now on.

    Apps call it when ready; the name stands in the rows that wait and must stay.
    `consume` runs in a transaction on Django's default connection, in which the
    chunk is marked as done: what it writes there happens exactly once, what it does
    elsewhere at least once. Chunks come in no order. Raising TryLater has the chunk
    wait; with any other exception it is halved, until the one event that cannot be
    consumed is put aside as a dead letter. Raises ValueError for a bad name.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not of the form app.what_it_does")
    _consumers[name] = consume


def unregister_consumer(name: str) -> None:
    """Call the consumer no more; what waits for it stays."""
    _consumers.pop(name, None)


def consumer_names() -> list[str]:
    """Return the names of the registered consumers, in order."""
    return sorted(_consumers)


def consumer_of(name: str) -> Consume:
    """Return the registered consumer; raises KeyError."""
    return _consumers[name]
