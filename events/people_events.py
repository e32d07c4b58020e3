"""What events mean for people: when they were seen, and what goes when they go."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import connection

from events import counts
from people.activity import Seen, register_source
from people.services import person_deleted

# One step into each end of the index per person; min() and max() would read all of theirs.
_SEEN = """
SELECT person.id, oldest.timestamp, newest.timestamp
  FROM unnest(%(people)s::uuid[]) AS person (id)
 CROSS JOIN LATERAL (
       SELECT timestamp FROM events_event
        WHERE workspace_id = %(workspace)s AND person_id = person.id
        ORDER BY timestamp LIMIT 1) AS oldest
 CROSS JOIN LATERAL (
       SELECT timestamp FROM events_event
        WHERE workspace_id = %(workspace)s AND person_id = person.id
        ORDER BY timestamp DESC LIMIT 1) AS newest
"""


def connect() -> None:
    """Answer the questions of the people app, and hear of deleted people."""
    register_source(seen_times)
    person_deleted.connect(_delete_events, dispatch_uid="events.delete_events")


def seen_times(workspace_id: int, person_ids: Collection[UUID]) -> dict[UUID, Seen]:
    """Return the times of the oldest and newest event of each person who has any."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, {"people": list(person_ids), "workspace": workspace_id})
        return {person_id: Seen(first, last) for person_id, first, last in cursor.fetchall()}


def _delete_events(workspace_id: int, person_id: UUID, **kwargs: Any) -> None:
    counts.delete_events_about(connection, workspace_id, [person_id])
