"""When people were first and last seen, told by whichever app keeps their events."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from people.models import Person


@dataclass(frozen=True, slots=True)
class Seen:
    """The times of a person's oldest and newest event."""

    first: datetime | None = None
    last: datetime | None = None


Source = Callable[[int, Collection[UUID]], dict[UUID, Seen]]

_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Let `source(workspace_id, person_ids)` answer from now on; apps call it when ready."""
    _sources[:] = [source]


def seen_times(workspace_id: int, person_ids: Collection[UUID]) -> dict[UUID, Seen]:
    """Return when each of these people was first and last seen; the unseen are left out."""
    return _sources[0](workspace_id, person_ids) if _sources and person_ids else {}


def attach_seen(workspace_id: int, people: Collection["Person"]) -> None:
    """Give each of these people of one workspace its `seen`."""
    times = seen_times(workspace_id, [person.id for person in people])
    for person in people:
        person.seen = times.get(person.id, Seen())
