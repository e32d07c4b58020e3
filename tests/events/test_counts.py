from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from django.db import Error, connection

from events import counts, tasks
from events.ingest.store import store
from events.models import CountDelta, DayCount, Event, QuarterCount
from people.services import delete_person
from tests.factories import EventFactory, PersonFactory, make_item

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)


def rows_of(model, workspace):
    """Return the rows of a table of counts: name, time and count."""
    time = "day" if model is DayCount else "quarter"
    rows = model.objects.filter(workspace_id=workspace.id).order_by("event", time)
    return list(rows.values_list("event", time, "count"))


def deltas(workspace):
    """Return what was appended, as such rows."""
    found = []
    for delta in CountDelta.objects.filter(workspace_id=workspace.id):
        named = zip(delta.names, delta.counts, strict=True)
        found += [("", delta.quarter, delta.total)]
        found += [(name, delta.quarter, count) for name, count in named]
    return sorted(found)


def fold(workspace):
    return counts.fold(connection, workspace.id)


def track(workspace, *moments, event="a", **fields):
    items = [make_item(workspace, timestamp=at, event=event, **fields) for at in moments]
    store(items, connection)


def record(events):
    """Count events in a statement of its own."""
    if sql := counts.recording(connection, events):
        with connection.cursor() as cursor:
            cursor.execute(sql)


def total(workspace, *names, since=None, until=None):
    return counts.total(workspace.id, names, since, until)


def test_commit_adds_a_row_a_name_and_one_for_all_in_each_quarter(workspace, other_workspace):
    moments = [NOON, NOON + 14 * MINUTE, NOON + 15 * MINUTE]
    events = [(workspace.id, name, moment) for name in "ba" for moment in moments]
    record([*events, (other_workspace.id, "a", NOON)])
    later = NOON + 15 * MINUTE
    assert deltas(workspace) == [
        *(("", NOON, 4), ("", later, 2)),
        *(("a", NOON, 2), ("a", later, 1), ("b", NOON, 2), ("b", later, 1)),
    ]
    assert deltas(other_workspace) == [("", NOON, 1), ("a", NOON, 1)]


@pytest.mark.parametrize(
    ("moment", "quarter"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)),
        (NOON + 15 * MINUTE - MICROSECOND, NOON),
        (datetime.fromisoformat("2024-01-15T17:44:59.999999+05:45"), NOON - 15 * MINUTE),
        (datetime.fromisoformat("2024-01-15T17:45:00+05:45"), NOON),
    ],
)
def test_quarter_begins_with_its_first_moment(workspace, moment, quarter):
    record([(workspace.id, "a", moment)])
    assert deltas(workspace) == [("", quarter, 1), ("a", quarter, 1)]


def test_events_are_counted_in_one_statement(workspace, django_assert_num_queries):
    events = [(workspace.id, f"e{i % 40}", NOON + i * MINUTE) for i in range(1000)]
    with django_assert_num_queries(1):
        record(events)
    with django_assert_num_queries(0):
        record([])


def test_duplicate_is_not_counted(workspace):
    for _ in range(2):
        track(workspace, NOON, message_id="m")
    assert total(workspace) == 1


def test_fold_adds_up_quarters_and_days(workspace, other_workspace):
    moments = [NOON, NOON + MINUTE, NOON + 15 * MINUTE, NOON + counts.DAY]
    for moment in moments:
        track(workspace, moment)
    track(other_workspace, NOON)
    assert fold(workspace) == 4
    assert deltas(workspace) == []
    assert [row[1:] for row in rows_of(QuarterCount, workspace) if row[0] == "a"] == [
        (NOON, 2),
        (NOON + 15 * MINUTE, 1),
        (NOON + counts.DAY, 1),
    ]
    assert [row[1:] for row in rows_of(DayCount, workspace) if row[0] == ""] == [
        (date(2024, 1, 15), 3),
        (date(2024, 1, 16), 1),
    ]
    assert len(deltas(other_workspace)) == 2


def test_second_fold_adds_to_the_first(workspace):
    for _ in range(2):
        track(workspace, NOON)
        fold(workspace)
    assert fold(workspace) == 0
    assert rows_of(QuarterCount, workspace) == [("", NOON, 2), ("a", NOON, 2)]
    assert rows_of(DayCount, workspace) == [("", NOON.date(), 2), ("a", NOON.date(), 2)]


def test_long_backlog_is_folded_in_rounds(workspace, monkeypatch):
    monkeypatch.setattr(counts, "ROUND", 3)
    for minutes in range(0, 150, 15):
        track(workspace, NOON + minutes * MINUTE)
    assert fold(workspace) == 10
    assert deltas(workspace) == []
    assert total(workspace) == 10


@pytest.mark.parametrize("folds", list(product([True, False], repeat=2)))
def test_events_of_a_deleted_person_are_counted_no_more(workspace, folds):
    track(workspace, NOON, NOON, NOON + counts.DAY, external_id="jane")
    track(workspace, NOON + MINUTE, external_id="joe", event="b")
    if folds[0]:
        fold(workspace)
    jane = Event.objects.in_workspace(workspace.id).named("a").first().person_id
    delete_person(workspace_id=workspace.id, person_id=jane)
    if folds[1]:
        fold(workspace)
    assert (total(workspace), total(workspace, "a"), total(workspace, "b")) == (1, 0, 1)


def test_sums_that_become_nothing_are_removed(workspace):
    track(workspace, NOON, external_id="jane")
    fold(workspace)
    jane = Event.objects.in_workspace(workspace.id).get().person_id
    delete_person(workspace_id=workspace.id, person_id=jane)
    fold(workspace)
    assert rows_of(QuarterCount, workspace) == rows_of(DayCount, workspace) == []


def test_person_without_events_is_deleted_without_a_row(workspace):
    person = PersonFactory(workspace=workspace)
    delete_person(workspace_id=workspace.id, person_id=person.id)
    assert deltas(workspace) == []


EDGES = [
    None,
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    NOON - 2 * counts.DAY,
    datetime(2024, 1, 15, tzinfo=UTC),
    NOON,
    NOON + MICROSECOND,
    NOON + 7 * MINUTE,
    NOON + 15 * MINUTE,
    NOON + 16 * MINUTE,
    datetime.fromisoformat("2024-01-15T18:15:00+05:45"),
    datetime(2024, 1, 16, tzinfo=UTC),
    NOON + 2 * counts.DAY + 3 * MINUTE,
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]
MOMENTS = [
    NOON - 3 * counts.DAY,
    datetime(2024, 1, 15, tzinfo=UTC) - MICROSECOND,
    datetime(2024, 1, 15, tzinfo=UTC),
    NOON - MICROSECOND,
    NOON,
    NOON + 7 * MINUTE,
    NOON + 15 * MINUTE - MICROSECOND,
    NOON + 15 * MINUTE,
    NOON + 30 * MINUTE,
    datetime(2024, 1, 16, tzinfo=UTC),
    NOON + 2 * counts.DAY,
    NOON + 2 * counts.DAY + 4 * MINUTE,
]


@pytest.mark.parametrize("is_folded", [True, False, None], ids=["folded", "fresh", "half"])
@pytest.mark.parametrize("names", [(), ("a",), ("a", "b"), ("b", "b"), ("c",), ("",)])
def test_total_is_the_number_of_events_in_every_window(workspace, names, is_folded):
    track(workspace, *MOMENTS[::2])
    if is_folded is not False:
        fold(workspace)
    track(workspace, *MOMENTS[1::2], *MOMENTS[:3], event="b")
    if is_folded:
        fold(workspace)
    events = [*((at, "a") for at in MOMENTS[::2])]
    events += [(at, "b") for at in (*MOMENTS[1::2], *MOMENTS[:3])]
    for since, until in product(EDGES, repeat=2):
        expected = sum(
            (not names or name in names)
            and (since is None or at >= since)
            and (until is None or at < until)
            for at, name in events
        )
        assert total(workspace, *names, since=since, until=until) == expected, (since, until)


def test_total_is_read_in_one_statement(workspace, django_assert_num_queries):
    with django_assert_num_queries(1):
        total(workspace, "a", since=MOMENTS[0] + MINUTE, until=NOON + MINUTE)


def test_total_of_whole_quarters_reads_no_event(workspace, django_assert_num_queries):
    with django_assert_num_queries(1) as queries:
        total(workspace, "a", since=NOON, until=NOON + 3 * counts.DAY)
    assert "events_event" not in queries.captured_queries[0]["sql"]


def test_total_knows_its_workspace(workspace, other_workspace):
    EventFactory(workspace=workspace)
    assert (total(workspace), total(other_workspace)) == (1, 0)


def test_task_folds_every_workspace(workspace, other_workspace):
    for each in (workspace, other_workspace):
        track(each, NOON)
    assert tasks.fold_counts() == 2
    assert deltas(workspace) == deltas(other_workspace) == []


def test_workspace_that_cannot_be_folded_leaves_the_others_alone(
    workspace, other_workspace, monkeypatch
):
    for each in (workspace, other_workspace):
        track(each, NOON)
    fold_one = counts.fold

    def fail_for_one(connection, workspace_id):
        if workspace_id == workspace.id:
            raise Error("no")
        return fold_one(connection, workspace_id)

    monkeypatch.setattr(counts, "fold", fail_for_one)
    assert tasks.fold_counts() == 1
    assert deltas(other_workspace) == []
    assert len(deltas(workspace)) == 2
