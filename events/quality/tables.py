"""Writing a tally: sums are added up, and items kept while there is room for their day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zlib import crc32

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from events.models import RejectedItem
from events.quality.tally import Key, Seen, Tally, day_of

MAX_ITEMS_A_DAY = 1_000

# The class of advisory locks of whoever keeps items; a CRC-32 less this half is a signed integer.
_ROOM_LOCKS = 4
_HALF = 2**31

# Sorted, so that two transactions with the same rows wait and do not deadlock.
_ADD = """
INSERT INTO events_qualitycount AS kept
       (workspace_id, day, api_key_id, outcome, code, field, count, first_at, last_at)
SELECT workspace_id, day, api_key_id, outcome, code, field, count, first_at, last_at
  FROM unnest(%s::bigint[], %s::date[], %s::uuid[], %s::text[], %s::text[], %s::text[],
              %s::bigint[], %s::timestamptz[], %s::timestamptz[])
       AS new (workspace_id, day, api_key_id, outcome, code, field, count, first_at, last_at)
 ORDER BY workspace_id, day, api_key_id, outcome, code, field
ON CONFLICT (workspace_id, day, api_key_id, outcome, code, field) DO UPDATE
   SET count = kept.count + excluded.count,
       first_at = least(kept.first_at, excluded.first_at),
       last_at = greatest(kept.last_at, excluded.last_at)
"""

# Whoever holds the workspace's lock sees what all before have kept. An item may be there
# already, where a commit seemed to fail.
_KEEP = """
INSERT INTO events_rejecteditem
       (workspace_id, id, api_key_id, received_at, source, idempotency_key, code, field, message,
        raw, is_cut)
SELECT %(workspace)s, id, api_key_id, received_at, source, idempotency_key, code, field, message,
       raw, is_cut
  FROM unnest(%(id)s::uuid[], %(api_key_id)s::uuid[], %(received_at)s::timestamptz[],
              %(source)s::text[], %(idempotency_key)s::text[], %(code)s::text[],
              %(field)s::text[], %(message)s::text[], %(raw)s::bytea[], %(is_cut)s::boolean[])
       AS new (id, api_key_id, received_at, source, idempotency_key, code, field, message, raw,
               is_cut)
 ORDER BY received_at, id
 LIMIT (SELECT greatest(%(most)s - count(*), 0) FROM events_rejecteditem
         WHERE workspace_id = %(workspace)s
           AND received_at >= %(since)s AND received_at < %(until)s)
ON CONFLICT (workspace_id, id) DO NOTHING
"""
_COLUMNS = (
    *("id", "api_key_id", "received_at", "source", "idempotency_key", "code", "field"),
    *("message", "raw", "is_cut"),
)

Day = tuple[int, date]


def write(tally: Tally, connection: BaseDatabaseWrapper) -> set[Day]:
    """Write a tally in one transaction; return the days that have room for no more items.

    Raises django.db.DatabaseError and InterfaceError. Locks are taken in one order
    everywhere: the counts sorted, then the workspaces.
    """
    days: dict[Day, list[RejectedItem]] = defaultdict(list)
    for item in tally.items:
        days[day_of(item)].append(item)
    with transaction.atomic(using=connection.alias):
        if tally.counts:
            _add(tally.counts, connection)
        return {day for day in sorted(days) if not _keep(day, days[day], connection)}


def _add(counts: Mapping[Key, Seen], connection: BaseDatabaseWrapper) -> None:
    rows = [
        (workspace_id, day, api_key_id, *reason, seen.count, seen.first_at, seen.last_at)
        for (workspace_id, day, api_key_id, reason), seen in counts.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [list(column) for column in zip(*rows, strict=True)])


def _keep(day: Day, items: Sequence[RejectedItem], connection: BaseDatabaseWrapper) -> bool:
    """Keep as many of a day's items as there is room for; say whether it was for all."""
    workspace_id, since = day[0], datetime.combine(day[1], time.min, UTC)
    parameters: dict[str, Any] = {
        name: [getattr(item, name) for item in items] for name in _COLUMNS
    }
    parameters |= {"workspace": workspace_id, "most": MAX_ITEMS_A_DAY}
    parameters |= {"since": since, "until": since + timedelta(days=1)}
    with connection.cursor() as cursor:
        key = crc32(str(workspace_id).encode()) - _HALF
        # A statement of its own: the next one sees only what was committed before it began.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ROOM_LOCKS, key])
        cursor.execute(_KEEP, parameters)
        return bool(cursor.rowcount == len(items))
