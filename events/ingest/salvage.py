"""Storing what can be stored, whatever becomes of the rest or of the database."""

from collections.abc import Sequence

import structlog
from django.db import InterfaceError, OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from events.ingest.items import Item, Outcome, Refused, Stored
from events.ingest.store import find_stored, store
from flameup.api.errors import InternalError

log = structlog.get_logger(__name__)

# Classes of SQLSTATE that speak of the server and not of what it was asked to store: connection,
# transaction (deadlock), resources (disk full), prerequisites (locks), operator, system.
_OF_THE_SERVER = ("08", "40", "53", "55", "57", "58")
# Read-only, as a server that is no longer the primary one is; and an event that is there already.
_READ_ONLY, _STORED_BEFORE = "25006", "23505"

_FAILED = Refused(InternalError.code, "The event could not be stored, for a reason on our side.")


def is_worth_another_try(error: BaseException) -> bool:
    """Say whether the same items may be stored later.

    An event whose key is taken was stored by an attempt that seemed to fail: the
    next one will find it.
    """
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    if sqlstate is None:
        return isinstance(error, OperationalError | InterfaceError)
    return sqlstate.startswith(_OF_THE_SERVER) or sqlstate in {_READ_ONLY, _STORED_BEFORE}


def store_apart(items: Sequence[Item], connection: BaseDatabaseWrapper) -> list[Outcome]:
    """Store the items as `store` does; one that cannot be stored is refused alone.

    It is found by halving. Raises DatabaseError or InterfaceError where another
    try is worth while; then some of the items may be stored and others not.
    """
    try:
        return store(items, connection)
    except Exception as error:
        if is_worth_another_try(error):
            raise
        if len(items) == 1:
            log.exception("an event could not be stored", event_id=str(items[0].event_id))
            return [_FAILED]
    middle = len(items) // 2
    return store_apart(items[:middle], connection) + store_apart(items[middle:], connection)


def store_rest(items: Sequence[Item], connection: BaseDatabaseWrapper) -> list[Outcome]:
    """Store those of the items that an earlier attempt has not, and return outcomes for all.

    For when the connection broke while it was not known whether a commit took place.
    """
    found = find_stored(items, connection)
    rest = [item for item in items if item.event_id not in found]
    outcomes = iter(store_apart(rest, connection) if rest else [])
    return [
        Stored(item.event_id, warnings=item.warnings) if item.event_id in found else next(outcomes)
        for item in items
    ]
