"""The one place where events are written."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from events import partitions
from events.ingest import receipts
from events.ingest.items import Item, Outcome, Refused, Stored
from events.ingest.receipts import Claim
from events.ingest.recording import recording
from events.ingest.rows import copy_events
from events.ingest.transactions import one_transaction
from events.ingest.usual import store_usual
from flameup.api.ids import MILLISECOND, uuid7_moment
from people.identities import Identity, Resolved, find_people
from people.known import meet
from people.services import hold_people

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5

# SQLSTATEs: deadlock and serialization failure; no partition for a row.
_TRY_AGAIN = {
    psycopg.errors.DeadlockDetected.sqlstate,
    psycopg.errors.SerializationFailure.sqlstate,
}
_NO_PARTITION = psycopg.errors.CheckViolation.sqlstate

_STORED = """
SELECT event.id
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::uuid[]) AS wanted (workspace_id, timestamp, id)
  JOIN events_event AS event
    ON event.workspace_id = wanted.workspace_id AND event.timestamp = wanted.timestamp
   AND event.id = wanted.id
 WHERE event.timestamp BETWEEN %s AND %s
"""

_SAME = """
SELECT wanted.item_id
  FROM unnest(%s::bigint[], %s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::uuid[],
              %s::text[], %s::text[], %s::uuid[])
       AS wanted (workspace_id, id, since, until, person_id, event, parameters, item_id)
  JOIN events_event AS first
    ON first.workspace_id = wanted.workspace_id AND first.id = wanted.id
   AND first.timestamp >= wanted.since AND first.timestamp < wanted.until
 WHERE first.person_id = wanted.person_id AND first.event = wanted.event
   AND first.parameters = wanted.parameters::jsonb
"""

_CONFLICT = Refused(
    "idempotency_conflict",
    "This Idempotency-Key was used for an event with another person, name or parameters.",
)


def store(items: Sequence[Item], connection: BaseDatabaseWrapper) -> list[Outcome]:
    """Store the items in one transaction; return an outcome for each, in their order.

    The transaction claims the message ids, finds or creates the people and
    copies the events in; when it is rolled back, nothing of it remains. A
    deadlock is tried again. A missing partition is made first, as a last resort.
    Raises django.db.DatabaseError when the database refuses or is away.
    """
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            if store_usual(items, connection):
                return [Stored(item.event_id, warnings=item.warnings) for item in items]
            return _store_once(items, connection)
        except DatabaseError as error:
            if attempt == MAX_ATTEMPTS or not _is_mended(error, items, connection):
                raise
    raise AssertionError("unreachable")


def _store_once(items: Sequence[Item], connection: BaseDatabaseWrapper) -> list[Outcome]:
    with one_transaction(connection) as transaction:
        workspace_ids = {item.person[0] for item in items}
        versions = hold_people(connection, workspace_ids, begin=transaction.begin)
        moment = max(item.received_at for item in items)
        claims = receipts.claim(connection, items, moment)
        # Mostly nothing has a message id, and everything is new.
        fresh = [item for item in items if _is_first(item, claims)] if claims else items
        met = meet(connection, [item.person for item in fresh], versions, moment)
        transaction.on_commit(met.remember)
        if fresh:
            beside = recording(connection, fresh)
            transaction.on_commit(beside.tell)
            end = "" if claims else transaction.end
            copy_events(connection, fresh, met.people, before=beside.statements, after=end)
        conflicts = _conflicts(connection, items, claims) if claims else set()
    if not claims:
        return [Stored(item.event_id, False, item.warnings) for item in items]
    return [_outcome(item, claims, conflicts) for item in items]


def _is_first(item: Item, claims: Mapping[receipts.Key, Claim]) -> bool:
    key = item.receipt_key
    return key is None or claims[key].event_id == item.event_id


def _outcome(item: Item, claims: Mapping[receipts.Key, Claim], conflicts: set[UUID]) -> Outcome:
    if _is_first(item, claims):
        return Stored(item.event_id, warnings=item.warnings)
    if item.event_id in conflicts:
        return _CONFLICT
    claim = claims[item.receipt_key]  # type: ignore[index]
    return Stored(claim.event_id, is_duplicate=True, warnings=item.warnings)


def _conflicts(
    connection: BaseDatabaseWrapper, items: Sequence[Item], claims: Mapping[receipts.Key, Claim]
) -> set[UUID]:
    """Return the ids of the items that repeat a message id with something else.

    Where the digest differs, the first event itself is looked at: the same
    person may be named in another way.
    """
    repeated = [
        (item, claims[item.receipt_key])
        for item in items
        if item.must_match and item.receipt_key and not _is_first(item, claims)
    ]
    suspects = [(item, claim) for item, claim in repeated if claim.fingerprint != item.fingerprint]
    if not suspects:
        return set()
    people = find_people(connection, {item.person for item, _ in suspects})
    rows = [_first_event(item, claim, people) for item, claim in suspects]
    with connection.cursor() as cursor:
        cursor.execute(_SAME, [list(column) for column in zip(*rows, strict=True)])
        same = {event_id for (event_id,) in cursor.fetchall()}
    return {item.event_id for item, _ in suspects} - same


def _first_event(
    item: Item, claim: Claim, people: Mapping[Identity, Resolved]
) -> tuple[object, ...]:
    """Return what the first event is if the item repeats it, and the item's own id."""
    moment = uuid7_moment(claim.event_id) or item.timestamp
    person = people.get(item.person)
    return (
        item.workspace_id,
        claim.event_id,
        moment,
        moment + MILLISECOND,
        person and person.person_id,
        item.event,
        item.parameters,
        item.event_id,
    )


def find_stored(items: Sequence[Item], connection: BaseDatabaseWrapper) -> set[UUID]:
    """Return the ids of those items whose events are in the table."""
    moments = [item.timestamp for item in items]
    parameters: list[Any] = [
        [item.workspace_id for item in items],
        moments,
        [item.event_id for item in items],
        min(moments),
        max(moments),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORED, parameters)
        return {event_id for (event_id,) in cursor.fetchall()}


def _is_mended(
    error: DatabaseError, items: Sequence[Item], connection: BaseDatabaseWrapper
) -> bool:
    """Say whether another attempt may succeed, having made what was missing."""
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    if sqlstate == _NO_PARTITION:
        made = partitions.cover(connection, [item.timestamp for item in items])
        # Where none was made, another process has made them meanwhile.
        log.warning("partitions were missing", made=made)
        return True
    return sqlstate in _TRY_AGAIN
