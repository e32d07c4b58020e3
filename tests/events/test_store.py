import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events import partitions
from events.ingest.items import Refused, Stored
from events.ingest.store import store
from events.models import Event, Receipt
from people.models import Person, PersonIdentifier
from tests.factories import make_item


def rows_of(workspace):
    """Return how many people, identifiers, receipts and events the workspace has."""
    tables = (Person, PersonIdentifier, Receipt, Event)
    return [table.objects.filter(workspace_id=workspace.id).count() for table in tables]


def new_items(workspace, count):
    return [make_item(workspace, external_id=f"u{i}", message_id=f"m{i}") for i in range(count)]


def test_outcomes_are_in_the_order_of_the_items(workspace, other_workspace):
    items = [*new_items(workspace, 3), *new_items(other_workspace, 3)][::-1]
    assert store(items, connection) == [Stored(item.event_id) for item in items]
    assert rows_of(workspace) == rows_of(other_workspace) == [3, 3, 3, 3]


def test_first_of_one_message_id_is_stored(workspace):
    first, second = (make_item(workspace, message_id="m") for _ in range(2))
    assert store([first, second], connection) == [
        Stored(first.event_id),
        Stored(first.event_id, is_duplicate=True),
    ]


def test_conflict_is_refused_beside_its_neighbours(workspace):
    store([make_item(workspace, message_id="k", fingerprint=b"1")], connection)
    items = [
        make_item(workspace, event="other", message_id="k", must_match=True, fingerprint=b"2"),
        make_item(workspace),
    ]
    refused, stored = store(items, connection)
    assert isinstance(refused, Refused)
    assert stored == Stored(items[1].event_id)


def test_hundred_new_people_cost_as_many_queries_as_one(workspace, other_workspace):
    counts = []
    for where, count in ((workspace, 1), (other_workspace, 100)):
        with CaptureQueriesContext(connection) as queries:
            store(new_items(where, count), connection)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9


@pytest.mark.parametrize("parameters", ["{", '{"a": "\\u0000"}', '{"n": 1e200000}', ""])
def test_failure_in_the_middle_leaves_nothing_behind(workspace, parameters):
    items = new_items(workspace, 3)
    items[1].parameters = parameters
    with pytest.raises(DatabaseError):
        store(items, connection)
    assert rows_of(workspace) == [0, 0, 0, 0]


def test_items_can_be_stored_after_a_failure(workspace):
    good, bad = new_items(workspace, 2)
    bad.parameters = "{"
    with pytest.raises(DatabaseError):
        store([good, bad], connection)
    assert store([good], connection) == [Stored(good.event_id)]


def test_missing_partition_is_made(workspace):
    moment = timezone.now().replace(year=2015, month=3, day=31)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE events_event_2015")
    items = [make_item(workspace), make_item(workspace, timestamp=moment)]
    assert store(items, connection) == [Stored(item.event_id) for item in items]
    names = {partition.name for partition in partitions.wanted_partitions(moment.date())}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM events_event WHERE workspace_id = %s"
                       " ORDER BY timestamp", [workspace.id])  # fmt: skip
        assert cursor.fetchone() == ("events_event_2015_03",)
    assert "events_event_2015_03" in names
    assert rows_of(workspace) == [1, 1, 0, 2]
