from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.db import connection
from django.db.models import F

from events.ingest.store import store
from events.models import Event
from tests.factories import make_item

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

KNOWN = {
    "all": lambda events: events,
    "copied": lambda events: events.all(),
    "named": lambda events: events.named("a"),
    "two names": lambda events: events.named("a", "b"),
    "since": lambda events: events.since(NOON + MINUTE),
    "until": lambda events: events.until(NOON + MINUTE),
    "two since": lambda events: events.since(NOON + MINUTE).since(NOON),
    "two until": lambda events: events.until(NOON + MINUTE).until(NOON + 9 * MINUTE),
    "ordered": lambda events: events.named("a").newest_first(),
    "joined": lambda events: events.select_related("person").since(NOON),
    "empty window": lambda events: events.since(NOON).until(NOON),
    "twice in the workspace": lambda events: events.in_workspace(events[0].workspace_id),
}
FORGOTTEN = {
    "filtered": lambda events: events.filter(source="api"),
    "excluded": lambda events: events.named("a").exclude(event="a"),
    "about": lambda events: events.about([events[0].person_id]),
    "with id": lambda events: events.with_id(events[0].id),
    "named twice": lambda events: events.named("a").named("b"),
    "no name": lambda events: events.named(),
    "sliced": lambda events: events.newest_first()[1:3],
    "annotated": lambda events: events.annotate(at=F("timestamp")),
    "values": lambda events: events.values("event").distinct(),
    "none": lambda events: events.none(),
    "joined lists": lambda events: events.named("a") | events.named("b"),
    "common to lists": lambda events: events.named("a") & events.since(NOON + MINUTE),
    "then narrowed": lambda events: events.filter(event="b").since(NOON).named("b").all(),
    "another workspace": lambda events: events.in_workspace(1),
    "workspace last": lambda events: Event.objects.filter(event="a").in_workspace(
        events[0].workspace_id
    ),
}  # fmt: skip


@pytest.fixture
def events(workspace, other_workspace):
    """The events of a workspace: a, b, c, and d, one after the other, about two people."""
    items = [
        make_item(where, event=name, timestamp=NOON + i * MINUTE, external_id=f"u{i % 2}")
        for where in (workspace, other_workspace)
        for i, name in enumerate("abcd")
    ]
    store(items, connection)
    return Event.objects.in_workspace(workspace.id)


@pytest.mark.parametrize("name", [*KNOWN, *FORGOTTEN])
def test_count_is_the_number_of_rows(events, name):
    rows = (KNOWN | FORGOTTEN)[name](events)
    assert rows.count() == len(list(rows.all() if name != "sliced" else rows))


@pytest.mark.parametrize("name", KNOWN)
def test_narrowed_list_is_counted_from_the_counts(events, name, django_assert_max_num_queries):
    rows = KNOWN[name](events)
    with django_assert_max_num_queries(1) as queries:
        rows.count()
    assert all("events_countdelta" in query["sql"] or "UNION" not in query["sql"]
               for query in queries.captured_queries)  # fmt: skip
    assert not any("COUNT(*)" in query["sql"] for query in queries.captured_queries)


@pytest.mark.parametrize("name", FORGOTTEN)
def test_other_list_is_counted_itself(events, name, django_assert_max_num_queries):
    rows = FORGOTTEN[name](events)
    with django_assert_max_num_queries(1) as queries:
        rows.count()
    assert not any("events_daycount" in query["sql"] for query in queries.captured_queries)


def test_list_that_was_read_is_not_asked_for_again(events, django_assert_num_queries):
    list(events)
    with django_assert_num_queries(0):
        assert events.count() == 4


@pytest.mark.parametrize(
    ("user", "names", "since", "until"),
    list(product(["u0", "u1", ""], [["a"], ["a", "b"], []], [0, 1, None], [2, None])),
)
def test_total_of_the_endpoint_is_the_number_of_its_rows(
    api_client, base_url, events, user, names, since, until
):
    query = {"event": names, "user_id": [user] if user else []}
    query |= {"since": [] if since is None else [(NOON + since * MINUTE).isoformat()]}
    query |= {"until": [] if until is None else [(NOON + until * MINUTE).isoformat()]}
    expected = [
        i
        for i, name in enumerate("abcd")
        if (not user or user == f"u{i % 2}")
        and (not names or name in names)
        and (since is None or i >= since)
        and (until is None or i < until)
    ]
    answer = api_client.get(f"{base_url}/events", query).json()
    assert answer["total"] == len(answer["events"]) == len(expected)
