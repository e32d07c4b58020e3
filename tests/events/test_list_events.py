from datetime import UTC, datetime

import pytest
from django.db import connection

from events.ingest.store import store
from tests.factories import EventFactory, PersonFactory, make_item


def at(hour, minute=0):
    return datetime(2024, 1, 15, hour, minute, tzinfo=UTC)


@pytest.fixture
def list_events(api_client, base_url, jane):
    """Lists events by each of the three addresses, which know no others than jane's here.

    Returns the answer, which must be the same for all.
    """
    paths = [f"{base_url}/people/jane/events", "/api/v1/people/jane/events", f"{base_url}/events"]

    def call(query=""):
        answers = [api_client.get(f"{path}?{query}") for path in paths]
        for answer in answers[1:]:
            assert answer.status_code == answers[0].status_code
            assert answer.status_code == 400 or answer.json() == answers[0].json()
        return answers[0]

    return call


@pytest.fixture
def day(workspace, jane):
    """One event an hour from 8 to 12, named after the hour, made in some other order."""
    items = [
        make_item(workspace, external_id="jane", timestamp=at(hour), event=f"h{hour}")
        for hour in (10, 8, 12, 9, 11)
    ]
    store(items, connection)


def names(answer):
    assert answer.status_code == 200, answer.content
    return [event["event"] for event in answer.json()["events"]]


def test_event_is_written_in_full(list_events, workspace, jane):
    event = EventFactory(
        workspace=workspace,
        external_id="jane",
        event="purchase_completed",
        parameters={"amount": 99.99},
        timestamp=at(10, 30),
        received_at=datetime(2024, 1, 15, 10, 30, 1, 500, UTC),
    )
    assert list_events().json() == {
        "events": [
            {
                "id": f"evt_{event.id.hex}",
                "workspace_id": workspace.public_id,
                "person_id": str(jane.id),
                "external_id": "jane",
                "event": "purchase_completed",
                "parameters": {"amount": 99.99},
                "properties": {"amount": 99.99},
                "context": {},
                "timestamp": "2024-01-15T10:30:00Z",
                "created_at": "2024-01-15T10:30:01.000500Z",
            }
        ],
        "total": 1,
        "limit": 50,
        "offset": 0,
        "has_more": False,
        "next_cursor": None,
    }


def test_empty_list_is_a_list(list_events):
    assert list_events().json() == {
        "events": [],
        "total": 0,
        "limit": 50,
        "offset": 0,
        "has_more": False,
        "next_cursor": None,
    }


def test_newest_event_comes_first(list_events, day):
    assert names(list_events()) == ["h12", "h11", "h10", "h9", "h8"]


def test_events_of_one_time_come_by_descending_id(list_events, workspace):
    for _ in range(5):
        EventFactory(workspace=workspace, external_id="jane", timestamp=at(10))
    ids = [event["id"] for event in list_events().json()["events"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("since=2024-01-15T10:00:00Z", ["h12", "h11", "h10"]),
        ("until=2024-01-15T10:00:00Z", ["h9", "h8"]),
        ("since=2024-01-15T09:00:00Z&until=2024-01-15T11:00:00Z", ["h10", "h9"]),
        ("since=2024-01-15T10:00:00.000001Z", ["h12", "h11"]),
        ("since=2024-01-15T12:00:00%2B02:00", ["h12", "h11", "h10"]),
        ("since=2024-01-15T12:00:00+02:00", ["h12", "h11", "h10"]),
        ("since=2024-01-15T12:00:00 02:00", ["h12", "h11", "h10"]),
        ("since=2024-01-15 12:00:00+02:00", ["h12", "h11", "h10"]),
        ("since=2024-01-15%2012:00:00%2B02:00", ["h12", "h11", "h10"]),
        ("since=2024-01-15T05:00:00-05:00", ["h12", "h11", "h10"]),
        ("since=2024-01-15T10:00:00", ["h12", "h11", "h10"]),
        ("until=2024-01-15", []),
        ("since=2024-01-16", []),
        ("since=2024-01-15T10:00:00Z&until=2024-01-15T10:00:00Z", []),
        ("since=0001-01-01&until=9999-12-31", ["h12", "h11", "h10", "h9", "h8"]),
    ],
)
def test_window_includes_since_and_excludes_until(list_events, day, query, found):
    answer = list_events(query)
    assert names(answer) == found
    assert answer.json()["total"] == len(found)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=xyz", "since"),
        ("until=", "until"),
        ("since=1705314600", "since"),
        ("since=%00", "since"),
        ("until=2024-02-30", "until"),
        ("since=2024-01-15T10:00:01Z&until=2024-01-15T10:00:00Z", "until"),
        ("since=2024-01-15T10:00:00Z&until=2024-01-15T10:00:00%2B01:00", "until"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=-9223372036854775809", "limit"),
        ("limit=abc", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=1e2", "limit"),
        ("limit=%00", "limit"),
        ("limit=%D9%A1", "limit"),
        ("offset=-1", "offset"),
        ("offset=abc", "offset"),
        ("offset=", "offset"),
        ("event=", "event"),
        ("event=%00", "event"),
        ("event=a&event=%00", "event"),
        ("cursor=", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=a:b:c", "cursor"),
        ("cursor=%ff", "cursor"),
    ],
)
def test_bad_parameter_is_refused_naming_it(list_events, query, field):
    answer = list_events(query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "validation_error")
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]


@pytest.mark.parametrize(
    ("query", "limit", "found"),
    [
        ("", 50, 5),
        ("limit=1", 1, 1),
        ("limit=4", 4, 4),
        ("limit=5", 5, 5),
        ("limit=500", 500, 5),
        ("limit=501", 500, 5),
        (f"limit={2**63}", 500, 5),
        (f"limit={2**64 + 1}", 500, 5),
        ("limit=" + "9" * 5_000, 500, 5),
    ],
)
def test_limit_is_kept_to_500(list_events, day, query, limit, found):
    body = list_events(query).json()
    assert (body["limit"], len(body["events"]), body["total"]) == (limit, found, 5)
    assert body["has_more"] == (found < 5)
    assert (body["next_cursor"] is not None) == body["has_more"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("offset=0", ["h12", "h11", "h10", "h9", "h8"]),
        ("offset=2&limit=2", ["h10", "h9"]),
        ("offset=4", ["h8"]),
        ("offset=5", []),
        (f"offset={2**31}", []),
        (f"offset={2**63}", []),
        ("offset=" + "9" * 5_000, []),
    ],
)
def test_offset_skips_events(list_events, day, query, found):
    answer = list_events(query)
    assert names(answer) == found
    assert answer.json()["total"] == 5


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("event=h9", ["h9"]),
        ("event=h9&event=h11", ["h11", "h9"]),
        ("event=h9&event=h9", ["h9"]),
        ("event=h9&event=unknown", ["h9"]),
        ("event=unknown", []),
        ("event=H9", []),
        ("event=h9&since=2024-01-15T10:00:00Z", []),
        ("event=%27%20OR%201=1--&event=%25", []),
        ("event=" + "x" * 1_000, []),
    ],
)
def test_event_may_repeat_and_means_any_of_them(list_events, day, query, found):
    answer = list_events(query)
    assert names(answer) == found
    assert answer.json()["total"] == len(found)


@pytest.mark.parametrize("name", ["foo", "Limit", "page", "sort", "%00", "events", "x" * 5_000])
def test_unknown_parameter_is_refused_naming_the_known(list_events, name):
    answer = list_events(f"{name}=1")
    assert answer.status_code == 400
    known = {"cursor", "event", "limit", "offset", "since", "until"}
    assert all(word in answer.json()["message"] for word in known)


@pytest.mark.parametrize("name", ["external_id", "id", "email"])
def test_user_id_names_a_person_in_every_way(api_client, base_url, workspace, day, jane, name):
    EventFactory(workspace=workspace, external_id="joe", event="other")
    answer = api_client.get(f"{base_url}/events", {"user_id": str(getattr(jane, name))})
    assert names(answer) == ["h12", "h11", "h10", "h9", "h8"]
    assert answer.json()["total"] == 5


@pytest.mark.parametrize("name", ["nobody", "a@b.io", "x" * 300, "{}"])
def test_unknown_user_id_is_an_empty_list(api_client, base_url, day, name):
    answer = api_client.get(f"{base_url}/events", {"user_id": name})
    assert (names(answer), answer.json()["total"]) == ([], 0)


@pytest.mark.parametrize("value", ["", "%00", "a%00"])
def test_bad_user_id_is_refused(api_client, base_url, value):
    assert api_client.get(f"{base_url}/events?user_id={value}").status_code == 400


def test_user_id_is_unknown_on_the_list_of_a_person(api_client, jane):
    assert api_client.get("/api/v1/people/jane/events?user_id=jane").status_code == 400


@pytest.mark.parametrize("name", ["external_id", "id", "email"])
def test_events_of_a_person_are_theirs_alone(api_client, base_url, workspace, day, jane, name):
    EventFactory(workspace=workspace, external_id="joe", event="other")
    for path in ("/api/v1", base_url):
        answer = api_client.get(f"{path}/people/{getattr(jane, name)}/events")
        assert names(answer) == ["h12", "h11", "h10", "h9", "h8"]


@pytest.mark.parametrize("name", ["nobody", "%00", "{%s}", "urn:uuid:%s", "x" * 300, "a@b.io"])
def test_events_of_an_unknown_person_are_not_found(api_client, base_url, jane, name):
    for path in ("/api/v1", base_url):
        answer = api_client.get(f"{path}/people/{name.replace('%s', str(jane.id))}/events")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_person_without_events_has_an_empty_list(api_client, workspace):
    PersonFactory(workspace=workspace, external_id="joe")
    assert names(api_client.get("/api/v1/people/joe/events")) == []
