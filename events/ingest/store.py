"""The one place where events are written."""

from collections.abc import Mapping, Sequence

import psycopg
import structlog
from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from events import partitions
from events.ingest import receipts
from events.ingest.items import Item, Outcome, Refused, Stored
from events.ingest.receipts import Claim
from events.models import Event
from flameup.api.fields import JSONText
from people.identities import Identity, Resolved, find_or_create_people, find_people
from people.services import hold_people

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5

# SQLSTATEs: deadlock and serialization failure; no partition for a row.
_TRY_AGAIN = {
    psycopg.errors.DeadlockDetected.sqlstate,
    psycopg.errors.SerializationFailure.sqlstate,
}
_NO_PARTITION = psycopg.errors.CheckViolation.sqlstate

_COPY = (
    "COPY events_event (workspace_id, id, person_id, event, timestamp, created_at, source,"
    " parameters, context) FROM STDIN"
)

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
            return _store_once(items, connection)
        except DatabaseError as error:
            if attempt == MAX_ATTEMPTS or not _is_mended(error, items, connection):
                raise
    raise AssertionError("unreachable")


def _store_once(items: Sequence[Item], connection: BaseDatabaseWrapper) -> list[Outcome]:
    with transaction.atomic(using=connection.alias):
        hold_people(connection, {item.workspace_id for item in items})
        moment = max(item.received_at for item in items)
        claims = receipts.claim(connection, items, moment)
        fresh = [item for item in items if _is_first(item, claims)]
        people = find_or_create_people(connection, [item.person for item in fresh], moment)
        _copy(connection, fresh, people)
        return [_outcome(connection, item, claims) for item in items]


def _is_first(item: Item, claims: Mapping[receipts.Key, Claim]) -> bool:
    key = item.receipt_key
    return key is None or claims[key].event_id == item.event_id


def _outcome(
    connection: BaseDatabaseWrapper, item: Item, claims: Mapping[receipts.Key, Claim]
) -> Outcome:
    if _is_first(item, claims):
        return Stored(item.event_id, warnings=item.warnings)
    claim = claims[item.receipt_key]  # type: ignore[index]
    if item.must_match and not _is_same_event(connection, item, claim):
        return _CONFLICT
    return Stored(claim.event_id, is_duplicate=True, warnings=item.warnings)


def _is_same_event(connection: BaseDatabaseWrapper, item: Item, claim: Claim) -> bool:
    """Compare with the first event: its digest, or else its row.

    The digest differs also where the same person is named in another way.
    """
    if claim.fingerprint == item.fingerprint:
        return True
    person = find_people(connection, [item.person]).get(item.person)
    first = Event.objects.using(connection.alias).in_workspace(item.workspace_id)
    return (
        person is not None
        and first.with_id(claim.event_id)
        .about([person.person_id])
        .filter(event=item.event, parameters=JSONText(item.parameters))
        .exists()
    )


def _copy(
    connection: BaseDatabaseWrapper, items: Sequence[Item], people: Mapping[Identity, Resolved]
) -> None:
    if not items:
        return
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(_COPY) as copy:
        for item in items:
            copy.write_row(
                (
                    item.workspace_id,
                    item.event_id,
                    people[item.person].person_id,
                    item.event,
                    item.timestamp,
                    item.received_at,
                    item.source,
                    item.parameters,
                    item.context,
                )
            )


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
