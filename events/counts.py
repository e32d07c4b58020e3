"""How many events there are, exactly and without counting them.

Each transaction that writes or deletes events appends what it changes, a row for
each quarter of an hour (CountDelta); `fold` moves these rows into sums by name
and quarter, and by name and day. A total is read from all of them in one snapshot, so that it
is exact at any moment, folded or not. Quarters, because time zones are offset
by as little as fifteen minutes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any
from uuid import UUID, uuid4
from zlib import crc32

from django.db import connection as default_connection
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from events.wire import text_array
from flameup.api.ids import EPOCH

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
# No event is later: its month would have no end that can be told.
_END = datetime(9999, 12, 31, tzinfo=UTC)

# The name in rows about events of all names.
ALL = ""

# Rows of a round of folding; each may have as many names as a commit has events.
ROUND = 5_000
# The class of advisory locks of folds; a CRC-32 less this half is a signed integer.
_FOLD_LOCKS = 2
_HALF = 2**31

_APPEND = (
    "INSERT INTO events_countdelta (workspace_id, quarter, commit_id, total, names, counts) VALUES "
)

# What is subtracted is what is deleted, and nothing else, whoever else deletes.
_DELETE_EVENTS = """
WITH gone AS (
     DELETE FROM events_event
      WHERE workspace_id = %(workspace)s AND person_id = ANY (%(people)s)
     RETURNING event, date_bin('15 minutes', timestamp, %(epoch)s) AS quarter),
named AS (
     SELECT event, quarter, count(*) AS count FROM gone GROUP BY event, quarter)
INSERT INTO events_countdelta (workspace_id, quarter, commit_id, total, names, counts)
SELECT %(workspace)s, quarter, %(commit)s, -sum(count), array_agg(event), array_agg(-count)
  FROM named
 GROUP BY quarter
"""

_HAS_DELTAS = "SELECT EXISTS (SELECT FROM events_countdelta WHERE workspace_id = %s)"

# Rows here are never updated, so that a ctid read in the same statement stays that row's.
_FOLD = """
WITH taken AS (
     DELETE FROM events_countdelta
      WHERE workspace_id = %(workspace)s
        AND ctid = ANY (ARRAY(SELECT ctid FROM events_countdelta
                               WHERE workspace_id = %(workspace)s LIMIT %(most)s))
     RETURNING quarter, total, names, counts),
spread AS (
     SELECT named.event, quarter, named.count
       FROM taken, unnest(names, counts) AS named (event, count)
      UNION ALL
     SELECT '', quarter, total FROM taken),
quarters AS (
     INSERT INTO events_quartercount AS kept (workspace_id, event, quarter, count)
     SELECT %(workspace)s, event, quarter, sum(count) FROM spread
      GROUP BY event, quarter HAVING sum(count) <> 0
     ON CONFLICT (workspace_id, event, quarter) DO UPDATE
        SET count = kept.count + excluded.count
     RETURNING event, quarter, count),
days AS (
     INSERT INTO events_daycount AS kept (workspace_id, event, day, count)
     SELECT %(workspace)s, event, (quarter AT TIME ZONE 'UTC')::date AS day, sum(count) FROM spread
      GROUP BY event, day HAVING sum(count) <> 0
     ON CONFLICT (workspace_id, event, day) DO UPDATE
        SET count = kept.count + excluded.count
     RETURNING event, day, count)
SELECT (SELECT count(*) FROM taken),
       ARRAY(SELECT event FROM quarters WHERE count = 0 ORDER BY event, quarter),
       ARRAY(SELECT quarter FROM quarters WHERE count = 0 ORDER BY event, quarter),
       ARRAY(SELECT event FROM days WHERE count = 0 ORDER BY event, day),
       ARRAY(SELECT day FROM days WHERE count = 0 ORDER BY event, day)
"""

_REMOVE_EMPTY = """
DELETE FROM {table} AS kept
 USING unnest(%s::text[], %s::{type}[]) AS empty (event, start)
 WHERE kept.workspace_id = %s AND kept.event = empty.event AND kept.{column} = empty.start
   AND kept.count = 0
"""
_REMOVE_EMPTY_QUARTERS = _REMOVE_EMPTY.format(
    table="events_quartercount", column="quarter", type="timestamptz"
)
_REMOVE_EMPTY_DAYS = _REMOVE_EMPTY.format(table="events_daycount", column="day", type="date")

Event = tuple[int, str, datetime]
# Workspace, name, and quarters of an hour since 1970.
_Key = tuple[int, str, int]


def recording(connection: BaseDatabaseWrapper, events: Iterable[Event]) -> str:
    """Return the statement that counts these events, each a workspace, a name and a time.

    It belongs into the transaction that writes the events, and waits for nobody.
    The empty text for no events.
    """
    rows = [
        f"({workspace_id},'{quarter}','{commit_id}',{sum(numbers)},"
        f"{text_array(connection, names)}::text[],'{{{','.join(map(str, numbers))}}}'::bigint[])"
        for workspace_id, quarter, commit_id, names, numbers in _rows(_count(events))
    ]
    return _APPEND + ",".join(rows) if rows else ""


def delete_events_about(
    connection: BaseDatabaseWrapper, workspace_id: int, person_ids: Iterable[UUID]
) -> None:
    """Delete the events about these people, and count them no more.

    One statement inside the caller's transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _DELETE_EVENTS,
            {
                "workspace": workspace_id,
                "people": list(person_ids),
                "epoch": EPOCH,
                "commit": uuid4(),
            },
        )


def fold(connection: BaseDatabaseWrapper, workspace_id: int) -> int:
    """Move what was appended for a workspace into the sums; return how many rows.

    At most 5,000 rows a transaction. No writer waits for it, and where another
    fold of the workspace is at work it leaves the rest to that one.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HAS_DELTAS, [workspace_id])
        if not cursor.fetchone()[0]:
            return 0
    folded = taken = _fold_round(connection, workspace_id)
    while taken == ROUND:
        taken = _fold_round(connection, workspace_id)
        folded += taken
    return folded


def total(
    workspace_id: int, names: tuple[str, ...], since: datetime | None, until: datetime | None
) -> int:
    """Return how many events there are of any of the names (of all, if none is given).

    The window includes `since` and excludes `until`; None leaves it open. One
    statement, and thus one snapshot: whole days and quarters from the sums,
    what is not yet folded beside them, and a count of the events themselves in
    the at most two quarters that the window cuts off.
    """
    wanted = sorted(set(names) - {ALL})
    pieces = _pieces(_kept_in_time(since or EPOCH), _kept_in_time(until or _END))
    if not pieces or (names and not wanted):
        return 0
    parts = [_part(piece, workspace_id, wanted) for piece in pieces]
    sql = " UNION ALL ".join(text for text, _ in parts)
    with default_connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce(sum(part), 0)::bigint FROM ({sql}) AS parts (part)",  # noqa: S608
            [value for _, values in parts for value in values],
        )
        found: int = cursor.fetchone()[0]
    return found


def _count(events: Iterable[Event]) -> Mapping[_Key, int]:
    """Return how many of the events there are by workspace, name and quarter."""
    columns = list(zip(*events, strict=True))
    if not columns:
        return {}
    workspaces, names, moments = columns
    first, last = _quarter_of(min(moments)), _quarter_of(max(moments))
    if first == last:
        # Events mostly come as they happen; this spares more than half of the time.
        quarters: Iterable[int] = repeat(first)
    else:
        quarters = [(moment - EPOCH) // QUARTER for moment in moments]
    return Counter(zip(workspaces, names, quarters, strict=False))


def _rows(
    counted: Mapping[_Key, int],
) -> Iterator[tuple[int, datetime, UUID, list[str], list[int]]]:
    """Return a row for each workspace and quarter, in the order of their key."""
    named: dict[tuple[int, int], dict[str, int]] = {}
    for (workspace_id, name, quarter), count in counted.items():
        named.setdefault((workspace_id, quarter), {})[name] = count
    commit_id = uuid4()
    for (workspace_id, quarter), counts in sorted(named.items()):
        moment = EPOCH + quarter * QUARTER
        names, numbers = list(counts), list(counts.values())
        yield workspace_id, moment, commit_id, names, numbers


def _quarter_of(moment: datetime) -> int:
    return (moment - EPOCH) // QUARTER


def _fold_round(connection: BaseDatabaseWrapper, workspace_id: int) -> int:
    """Fold as much as one transaction may; return how many rows, 0 if another fold is at work."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        key = crc32(str(workspace_id).encode()) - _HALF
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_FOLD_LOCKS, key])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_FOLD, {"workspace": workspace_id, "most": ROUND})
        taken, names, quarters, day_names, days = cursor.fetchone()
        if quarters:
            cursor.execute(_REMOVE_EMPTY_QUARTERS, [names, quarters, workspace_id])
        if days:
            cursor.execute(_REMOVE_EMPTY_DAYS, [day_names, days, workspace_id])
    return int(taken)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a window, and the table that knows how many events are in it."""

    source: str
    since: datetime
    until: datetime


def _pieces(since: datetime, until: datetime) -> list[_Piece]:
    """Cut a window into pieces, leaving out the empty ones."""
    first, last = _ceiling(since, QUARTER), _floor(until, QUARTER)
    if first > last:
        pieces = [_Piece("events", since, until)]
    else:
        pieces = [
            _Piece("events", since, first),
            _Piece("deltas", first, last),
            *_sums(first, last),
            _Piece("events", last, until),
        ]
    return [piece for piece in pieces if piece.since < piece.until]


def _sums(first: datetime, last: datetime) -> list[_Piece]:
    """Cut a window of whole quarters into whole days and the quarters at their sides."""
    first_day, last_day = _ceiling(first, DAY), _floor(last, DAY)
    if first_day > last_day:
        return [_Piece("quarters", first, last)]
    return [
        _Piece("quarters", first, first_day),
        _Piece("days", first_day, last_day),
        _Piece("quarters", last_day, last),
    ]


# For each source, its query for events of some names, and that for those of all.
_SUM = "SELECT sum(count) FROM {} WHERE workspace_id = %s AND {} >= %s AND {} < %s AND event = "
_QUARTERS = _SUM.format("events_quartercount", "quarter", "quarter")
_DAYS = _SUM.format("events_daycount", "day", "day")
_EVENTS = (
    "SELECT count(*) FROM events_event WHERE workspace_id = %s"
    " AND timestamp >= %s AND timestamp < %s"
)
_NAMED = {
    "events": _EVENTS + " AND event = ANY (%s)",
    "deltas": (
        "SELECT sum(named.count)"
        " FROM (SELECT names, counts FROM events_countdelta"
        "        WHERE workspace_id = %s AND quarter >= %s AND quarter < %s) AS delta,"
        " unnest(names, counts) AS named (event, count) WHERE named.event = ANY (%s)"
    ),
    "quarters": _QUARTERS + "ANY (%s)",
    "days": _DAYS + "ANY (%s)",
}
_ALL_NAMES = {
    "events": _EVENTS,
    "deltas": (
        "SELECT sum(total) FROM events_countdelta"
        " WHERE workspace_id = %s AND quarter >= %s AND quarter < %s"
    ),
    "quarters": _QUARTERS + "''",
    "days": _DAYS + "''",
}


def _part(piece: _Piece, workspace_id: int, names: list[str]) -> tuple[str, list[Any]]:
    """Return the query of a piece of a window, and its parameters."""
    bounds: list[Any] = [piece.since, piece.until]
    if piece.source == "days":
        bounds = [bound.date() for bound in bounds]
    if not names:
        return _ALL_NAMES[piece.source], [workspace_id, *bounds]
    return _NAMED[piece.source], [workspace_id, *bounds, names]


def _kept_in_time(moment: datetime) -> datetime:
    return min(max(moment, EPOCH), _END)


def _floor(moment: datetime, unit: timedelta) -> datetime:
    return EPOCH + (moment - EPOCH) // unit * unit


def _ceiling(moment: datetime, unit: timedelta) -> datetime:
    return EPOCH - (EPOCH - moment) // unit * unit
