import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.utils import timezone

from events.models import Event
from events.partitions import (
    cover,
    ensure_partitions,
    existing_ranges,
    month_of,
    wanted_partitions,
)
from tests.factories import EventFactory


@pytest.mark.parametrize(
    ("today", "last_year", "first_month", "last_month"),
    [
        (date(2026, 1, 1), "2024", "2025_01", "2027_01"),
        (date(2026, 11, 21), "2024", "2025_01", "2027_11"),
        (date(2026, 12, 31), "2024", "2025_01", "2027_12"),
        (date(2028, 2, 29), "2026", "2027_01", "2029_02"),
        (date(2012, 6, 1), "2010", "2011_01", "2013_06"),
    ],
)
def test_old_years_are_whole_and_recent_months_single(today, last_year, first_month, last_month):
    names = [partition.name.removeprefix("events_event_") for partition in wanted_partitions(today)]
    assert names[:2] == ["1970", "2010"]
    assert names[names.index(first_month) - 1] == last_year
    assert names[-1] == last_month
    assert len(names) == len(set(names))


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2024, 2026])
def test_partitions_have_no_gaps_and_no_overlaps(year, month):
    wanted = wanted_partitions(date(year, month, 28))
    assert wanted[0].start == date(1970, 1, 1)
    assert all(one.end == other.start for one, other in pairwise(wanted))
    assert all(partition.start < partition.end for partition in wanted)


def test_partitions_are_made_by_the_migrations(db):
    ranges = existing_ranges(connection)
    assert ranges[0][0] == date(1970, 1, 1)
    assert all(one[1] == other[0] for one, other in pairwise(ranges))
    assert ranges[-1][1] > timezone.now().date() + timedelta(days=365)


def test_partitions_are_made_once(db):
    today = timezone.now().date()
    assert ensure_partitions(connection, today) == []
    later = today + timedelta(days=62)
    assert len(ensure_partitions(connection, later)) in {2, 3}
    assert ensure_partitions(connection, later) == []


def test_partitions_stay_without_gaps_as_the_years_go_by(db):
    today = timezone.now().date()
    for days in range(0, 900, 30):
        ensure_partitions(connection, today + timedelta(days=days))
    ranges = existing_ranges(connection)
    assert all(one[1] == other[0] for one, other in pairwise(ranges))


def test_partitions_have_no_gap_after_a_pause_of_years(db):
    ensure_partitions(connection, timezone.now().date() + timedelta(days=4 * 365))
    ranges = existing_ranges(connection)
    assert all(one[1] == other[0] for one, other in pairwise(ranges))


@pytest.mark.parametrize(
    ("moment", "name", "end"),
    [
        (datetime(2031, 1, 1, tzinfo=UTC), "events_event_2031_01", date(2031, 2, 1)),
        (datetime(2031, 12, 31, 23, 59, tzinfo=UTC), "events_event_2031_12", date(2032, 1, 1)),
        (datetime.fromisoformat("2031-01-01T00:30:00+01:00"), "events_event_2030_12",
         date(2031, 1, 1)),
    ],
)  # fmt: skip
def test_month_of_a_moment_is_that_in_utc(moment, name, end):
    assert (month_of(moment).name, month_of(moment).end) == (name, end)


def test_covered_moments_make_nothing(db):
    moments = [datetime(1999, 1, 1, tzinfo=UTC), timezone.now()]
    assert cover(connection, moments) == []


def test_uncovered_moments_make_their_months(db):
    moments = [datetime(2051, month, day, tzinfo=UTC) for month in (3, 1) for day in (1, 31)]
    assert cover(connection, moments) == ["events_event_2051_01", "events_event_2051_03"]


def plan_of(events):
    """Return how PostgreSQL would read the rows, in the way it reads a large table."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    return events.explain(costs=False)


def scanned(plan):
    """Return the names of the partitions that a plan reads, in its order."""
    return re.findall(r" on (events_event_\w+)", plan)


def test_newest_events_are_read_partition_by_partition(workspace):
    plan = plan_of(Event.objects.in_workspace(workspace.id).newest_first()[:50])
    names = scanned(plan)
    assert plan.split("->")[1].strip().startswith("Append")
    assert "Sort" not in plan
    assert len(names) == len(existing_ranges(connection))
    assert names == sorted(names, reverse=True)


def test_window_leaves_the_other_partitions_alone(workspace):
    since, until = datetime(2012, 5, 1, tzinfo=UTC), datetime(2013, 2, 1, tzinfo=UTC)
    events = Event.objects.in_workspace(workspace.id).since(since).until(until)
    plan = plan_of(events.newest_first()[:50])
    assert set(scanned(plan)) == {"events_event_2012", "events_event_2013"}
    assert "Sort" not in plan


def test_persons_events_are_read_in_order_too(workspace, jane):
    events = Event.objects.in_workspace(workspace.id).about([jane.id])
    assert "Sort" not in plan_of(events.newest_first()[:50])


def test_event_by_id_is_looked_for_in_one_partition(workspace):
    event = EventFactory(workspace=workspace, timestamp=datetime(2012, 5, 1, tzinfo=UTC))
    plan = plan_of(Event.objects.in_workspace(workspace.id).with_id(event.id))
    assert set(scanned(plan)) == {"events_event_2012"}
