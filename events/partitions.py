"""The partitions of the table of events: which there should be, and making them.

There is no DEFAULT partition: with one, PostgreSQL cannot read the newest rows
partition by partition, and a new partition would wait behind every reader of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection as default_connection
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

FIRST_YEAR = 1970
FIRST_OWN_YEAR = 2010
MONTHS_AHEAD = 12
# Where less than this is left, nobody has made partitions for months.
AHEAD_AT_LEAST = timedelta(days=92)

Range = tuple[date, date]

# The advisory lock of whoever makes partitions; workspaces, which have locks too, have large ids.
_LOCK = 1


@dataclass(frozen=True, slots=True)
class Partition:
    """A range of days, the last one excluded."""

    name: str
    start: date
    end: date


def wanted_partitions(today: date) -> list[Partition]:
    """Return the partitions there should be.

    One up to 2010, one a year up to two years ago, then one a month up to twelve
    months ahead.
    """
    first_month = date(today.year - 1, 1, 1)
    last_month = _add_months(today.replace(day=1), MONTHS_AHEAD)
    return [
        Partition("events_event_1970", date(FIRST_YEAR, 1, 1), date(FIRST_OWN_YEAR, 1, 1)),
        *(_year(year) for year in range(FIRST_OWN_YEAR, first_month.year)),
        *_months(first_month, last_month),
    ]


def ensure_partitions(connection: BaseDatabaseWrapper, today: date) -> list[str]:
    """Make the partitions that are missing; return the names of those made."""
    return _make(connection, wanted_partitions(today))


def cover(connection: BaseDatabaseWrapper, moments: Iterable[datetime]) -> list[str]:
    """Make the months that are missing for these moments; return the names of those made."""
    months = {month_of(moment) for moment in moments}
    return _make(connection, sorted(months, key=lambda month: month.start))


def create_partition(connection: BaseDatabaseWrapper, partition: Partition) -> None:
    """Make one partition; its range must be free."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE TABLE "{partition.name}" PARTITION OF events_event FOR VALUES'
            f" FROM ('{partition.start} 00:00+00') TO ('{partition.end} 00:00+00')"
        )


def month_of(moment: datetime) -> Partition:
    """Return the monthly partition of a moment."""
    month = moment.astimezone(UTC).date().replace(day=1)
    return next(_months(month, month))


def existing_ranges(connection: BaseDatabaseWrapper) -> list[Range]:
    """Return the range of days of every partition, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_expr(child.relpartbound, child.oid) FROM pg_inherits"
            " JOIN pg_class AS child ON child.oid = inhrelid"
            " WHERE inhparent = 'events_event'::regclass"
        )
        bounds = [row[0] for row in cursor.fetchall()]
    return sorted(_parse_bound(bound) for bound in bounds)


def problems() -> list[str]:
    """Return why events that happen now, or within a day, cannot be stored."""
    now = timezone.now()
    days = {moment.astimezone(UTC).date() for moment in (now, now + timedelta(days=1))}
    ranges = existing_ranges(default_connection)
    return [
        f"There is no partition for events of {day}."
        for day in sorted(days)
        if not any(start <= day < end for start, end in ranges)
    ]


def warnings() -> list[str]:
    """Return what an operator must know: that the partitions soon end."""
    ranges = existing_ranges(default_connection)
    end = ranges[-1][1] if ranges else date(FIRST_YEAR, 1, 1)
    if end >= timezone.now().date() + AHEAD_AT_LEAST:
        return []
    return [f"Partitions of events are made up to {end} only: does a worker run?"]


def _make(connection: BaseDatabaseWrapper, wanted: Iterable[Partition]) -> list[str]:
    """Make what is missing of the wanted ranges, one process at a time.

    Gives up after two seconds rather than hold up the writers.
    """
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        missing = _missing(list(wanted), existing_ranges(connection))
        for partition in missing:
            create_partition(connection, partition)
    return [partition.name for partition in missing]


def _missing(wanted: list[Partition], covered: list[Range]) -> list[Partition]:
    """Return the wanted partitions, in months where others reach into them."""
    missing = []
    for partition in wanted:
        if not _overlaps(partition, covered):
            missing.append(partition)
        else:
            missing += [month for month in _months_of(partition) if not _overlaps(month, covered)]
    return missing


def _overlaps(partition: Partition, covered: list[Range]) -> bool:
    return any(start < partition.end and partition.start < end for start, end in covered)


def _months_of(partition: Partition) -> Iterator[Partition]:
    return _months(partition.start, _add_months(partition.end, -1))


def _parse_bound(bound: str) -> Range:
    """Read `FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-02-01 00:00:00+00')`."""
    start, end = bound.split("'")[1::2]
    return date.fromisoformat(start[:10]), date.fromisoformat(end[:10])


def _year(year: int) -> Partition:
    return Partition(f"events_event_{year}", date(year, 1, 1), date(year + 1, 1, 1))


def _months(first: date, last: date) -> Iterator[Partition]:
    month = first
    while month <= last:
        following = _add_months(month, 1)
        yield Partition(f"events_event_{month:%Y_%m}", month, following)
        month = following


def _add_months(day: date, count: int) -> date:
    years, month = divmod(day.month - 1 + count, 12)
    return date(day.year + years, month + 1, 1)
