"""Message ids: the first event of each counts, for seven days."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

from events.ingest.items import Item
from events.models import Receipt
from events.wire import text_array

KEPT_FOR = timedelta(days=7)

Key = tuple[int, str]

# Sorted, so that two transactions with the same ids wait and do not deadlock. A receipt that is
# out of date but not yet removed is taken over.
_CLAIM = """
INSERT INTO events_receipt AS receipt
       (workspace_id, message_id, event_id, fingerprint, created_at)
SELECT workspace_id, message_id, event_id, fingerprint, created_at
  FROM unnest({}::bigint[], {}::text[], {}::uuid[], {}::bytea[], {}::timestamptz[])
       AS new (workspace_id, message_id, event_id, fingerprint, created_at)
 ORDER BY workspace_id, message_id
ON CONFLICT (workspace_id, message_id) DO UPDATE
   SET event_id = excluded.event_id, fingerprint = excluded.fingerprint,
       created_at = excluded.created_at
 WHERE receipt.workspace_id = excluded.workspace_id AND receipt.created_at <= '{}'
RETURNING workspace_id, message_id, event_id, fingerprint
"""

_READ = """
SELECT receipt.workspace_id, receipt.message_id, receipt.event_id, receipt.fingerprint
  FROM unnest(%s::bigint[], %s::text[]) AS wanted (workspace_id, message_id)
  JOIN events_receipt AS receipt
    ON receipt.workspace_id = wanted.workspace_id AND receipt.message_id = wanted.message_id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """The event that a message id stands for."""

    event_id: UUID
    fingerprint: bytes


def claim(
    connection: BaseDatabaseWrapper, items: Iterable[Item], moment: datetime
) -> dict[Key, Claim]:
    """Return the event that each message id of the items stands for.

    It is the item's own where nobody used the id in the last seven days. One
    query, and a second when some id was used before. Waits for a transaction
    that claims the same id; runs inside the caller's.
    """
    first: dict[Key, Item] = {}
    for item in items:
        if item.message_id is not None:
            first.setdefault((item.workspace_id, item.message_id), item)
    if not first:
        return {}
    claims = _rows(connection, claiming(connection, first.values(), moment))
    if lost := [key for key in first if key not in claims]:
        claims |= _rows(connection, _READ, _transposed(lost))
    return claims


def claiming(connection: BaseDatabaseWrapper, items: Collection[Item], moment: datetime) -> str:
    """Return the statement that claims the message ids of these items, all different.

    It has a row for each that was free.
    """
    columns: list[Iterable[str]] = [
        [str(item.workspace_id) for item in items],
        [item.message_id or "" for item in items],
        [item.event_id.hex for item in items],
        [f"\\x{item.fingerprint.hex()}" for item in items],
        [item.received_at.isoformat() for item in items],
    ]
    arrays = (text_array(connection, column) for column in columns)
    return _CLAIM.format(*arrays, moment - KEPT_FOR)


def _transposed(rows: Iterable[tuple[object, ...]]) -> list[Any]:
    return [list(column) for column in zip(*rows, strict=True)]


def _rows(
    connection: BaseDatabaseWrapper, sql: str, parameters: Sequence[Any] | None = None
) -> dict[Key, Claim]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {
            (workspace_id, message_id): Claim(event_id, bytes(fingerprint))
            for workspace_id, message_id, event_id, fingerprint in cursor.fetchall()
        }


def forget_receipts(workspace_id: int, moment: datetime) -> int:
    """Remove the receipts of a workspace that are older than seven days; return how many."""
    old = Receipt.objects.filter(workspace_id=workspace_id, created_at__lte=moment - KEPT_FOR)
    return old.delete()[0]
