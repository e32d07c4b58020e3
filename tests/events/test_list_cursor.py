from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import EventFactory, PersonFactory

MOMENT = datetime(2024, 1, 15, 10, tzinfo=UTC)


@pytest.fixture
def events(workspace):
    """Twelve events, ten of which share one time."""
    moments = [MOMENT] * 10 + [MOMENT - timedelta(days=40), MOMENT + timedelta(microseconds=1)]
    return [EventFactory(workspace=workspace, timestamp=moment) for moment in moments]


@pytest.fixture
def page(api_client, base_url):
    return lambda **query: api_client.get(f"{base_url}/events", query)


def walk(page, **query):
    """Return the ids of all the pages, by their cursors."""
    answer = page(**query).json()
    ids = [event["id"] for event in answer["events"]]
    while answer["next_cursor"]:
        assert answer["has_more"]
        answer = page(cursor=answer["next_cursor"], **query).json()
        ids += [event["id"] for event in answer["events"]]
    assert not answer["has_more"]
    return ids


@pytest.mark.parametrize("limit", [1, 3, 5, 6, 11, 12, 13])
def test_cursor_walks_through_everything_exactly_once(page, events, limit):
    newest_first = sorted(events, key=lambda event: (event.timestamp, event.id), reverse=True)
    assert walk(page, limit=limit) == [f"evt_{event.id.hex}" for event in newest_first]


def test_cursor_keeps_to_the_filters(page, events, workspace):
    for _ in range(3):
        EventFactory(workspace=workspace, event="other", timestamp=MOMENT)
    assert len(walk(page, limit=1, event="other", since="2024-01-15T10:00:00Z")) == 3


def test_event_that_arrives_meanwhile_shifts_nothing(page, events, workspace):
    first = page(limit=6).json()
    EventFactory(workspace=workspace, timestamp=MOMENT + timedelta(days=1))
    second = page(limit=6, cursor=first["next_cursor"]).json()
    ids = {event["id"] for event in first["events"] + second["events"]}
    assert ids == {f"evt_{event.id.hex}" for event in events}


def test_page_behind_a_cursor_tells_the_total_of_the_list(page, events):
    body = page(limit=5, cursor=page(limit=5).json()["next_cursor"]).json()
    assert (body["total"], body["limit"], body["has_more"]) == (12, 5, True)


@pytest.mark.parametrize("offset", [0, 5])
def test_cursor_excludes_offset(page, events, offset):
    cursor = page(limit=5).json()["next_cursor"]
    answer = page(cursor=cursor, offset=offset)
    assert answer.status_code == 400
    assert "offset" in answer.json()["message"]


@pytest.mark.parametrize("position", [0, 5, -1])
def test_cursor_that_was_changed_is_refused(page, events, position):
    cursor = list(page(limit=5).json()["next_cursor"])
    cursor[position] = "A" if cursor[position] != "A" else "B"
    assert page(cursor="".join(cursor)).status_code == 400


def test_cursor_of_another_workspace_is_refused(page, make_client, other_workspace, events):
    path = f"/api/v1/workspaces/{other_workspace.public_id}/events"
    elsewhere = make_client(workspace=other_workspace)
    cursor = page(limit=5).json()["next_cursor"]
    assert elsewhere.get(path, {"cursor": cursor}).status_code == 400


def test_cursor_of_a_list_of_people_is_refused(page, api_client, base_url, workspace):
    for name in ("a", "b"):
        PersonFactory(workspace=workspace, external_id=name)
    cursor = api_client.get(f"{base_url}/people", {"limit": 1}).json()["next_cursor"]
    assert page(cursor=cursor).status_code == 400
