"""Writing a tally: sums are added up, and items kept while there is room for their day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
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
    """Keep as many of a day's items as there is room for; say whether there is room for more."""
    room = max(MAX_ITEMS_A_DAY - _count_behind_lock(day, connection), 0)
    # One may be there already, where a commit seemed to fail.
    RejectedItem.objects.using(connection.alias).bulk_create(items[:room], ignore_conflicts=True)
    return room > len(items)


def _count_behind_lock(day: Day, connection: BaseDatabaseWrapper) -> int:
    """Return how many items of a day are kept, once nobody else is about to keep any."""
    workspace_id, since = day[0], datetime.combine(day[1], time.min, UTC)
    with connection.cursor() as cursor:
        key = crc32(str(workspace_id).encode()) - _HALF
        # A statement of its own: the next one sees only what was committed before it began.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ROOM_LOCKS, key])
    items = RejectedItem.objects.using(connection.alias).in_workspace(workspace_id)
    return items.filter(received_at__gte=since, received_at__lt=since + timedelta(days=1)).count()
