import pytest
from django.test import Client

from tests.api.calls import TRACK, an_event, post
from tests.api.endpoints import ENDPOINTS, names_in
from tests.factories import APIKeyFactory, EventFactory
from workspaces import key_cache

# Two each for a key that is not in memory: reading it, and noting its use, once a minute.
KEY = 2
# Beginning and end of the transaction, holding the people, finding them.
STORE = 4
# The COPY takes the counts along.
NEW_PERSON, COPY = 2, 1
FIND, COUNT, PAGE, SEEN = 1, 1, 1, 1

QUERIES = {
    "POST /api/v1/track": KEY + STORE + NEW_PERSON + COPY,
    "POST /api/v1/events": KEY + STORE + NEW_PERSON + COPY,
    "POST /v1/events": KEY + STORE + NEW_PERSON + COPY,
    "POST /api/v1/track/batch": KEY + STORE + NEW_PERSON + COPY,
    "GET /api/v1/people/jane/events": KEY + FIND + COUNT + PAGE,
    "GET /api/v1/workspaces/{workspace}/events": KEY + COUNT + PAGE,
    "GET /api/v1/workspaces/{workspace}/events/{event}": KEY + 1,
    "GET /api/v1/workspaces/{workspace}/people/jane/events": KEY + FIND + COUNT + PAGE,
    "GET /api/v1/workspaces/{workspace}/people": KEY + COUNT + PAGE + SEEN,
    "GET /api/v1/workspaces/{workspace}/people/search?q=jane": KEY + COUNT + PAGE + SEEN,
    "GET /api/v1/workspaces/{workspace}/people/jane": KEY + FIND + 1 + SEEN,
    # Three nested transactions, holding, finding and locking the person.
    "POST /api/v1/workspaces/{workspace}/people": KEY + 6 + 3 + SEEN,
    # Two nested transactions, finding, locking and saving the person.
    "PATCH /api/v1/workspaces/{workspace}/people/jane": KEY + 4 + 3 + SEEN,
    # A transaction, finding, shutting out, reading, and removing identifiers, events, person.
    "DELETE /api/v1/workspaces/{workspace}/people/jane": KEY + 2 + 4 + 3,
}


@pytest.fixture
def api_client(workspace):
    # A plain one: what the edge asks the database is not to be counted.
    return Client(headers={"authorization": f"Bearer {APIKeyFactory(workspace=workspace).token}"})


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_endpoint_costs_so_many_queries(
    api_client, workspace, jane, django_assert_num_queries, endpoint
):
    names = names_in(workspace)
    with django_assert_num_queries(QUERIES[str(endpoint)]):
        assert endpoint.call(api_client, **names).status_code == 200


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ({}, 0),
        # Claiming the id.
        ({"message_id": "new"}, 1),
    ],
)
def test_event_of_a_known_person_costs_so_many_queries(
    track, jane, django_assert_num_queries, fields, more
):
    with django_assert_num_queries(KEY + STORE + COPY + more):
        track(external_id="jane", **fields)


def test_event_of_a_key_in_memory_costs_so_many_queries(
    track, jane, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(key_cache, "ALONE_SECONDS", 60)
    track(external_id="jane")
    with django_assert_num_queries(STORE + COPY):
        track(external_id="jane")


def test_duplicate_costs_so_many_queries(track, django_assert_num_queries):
    track(message_id="m")
    key_cache.keys.clear()
    # The use of the key is noted by now; the id is claimed in vain, what it stands for is read, and
    # nobody is looked for.
    with django_assert_num_queries(KEY - 1 + STORE + 1):
        assert track(message_id="m").json()["duplicate"]


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("events", COUNT + PAGE),
        ("people/jane/events", FIND + COUNT + PAGE),
        ("people", COUNT + PAGE + SEEN),
        ("people/search?q=user", COUNT + PAGE + SEEN),
    ],
)
def test_list_costs_the_same_however_long(
    api_client, base_url, workspace, jane, django_assert_num_queries, path, queries
):
    for i in range(10):
        EventFactory(workspace=workspace, external_id=f"user_{i}")
        EventFactory(workspace=workspace, external_id="jane")
    with django_assert_num_queries(KEY + queries):
        assert api_client.get(f"{base_url}/{path}").json()["total"] >= 10


@pytest.mark.parametrize("count", [1, 100])
def test_batch_costs_the_same_however_long(api_client, django_assert_num_queries, count):
    events = [an_event(external_id=f"user_{i}", message_id=f"m{i}") for i in range(count)]
    with django_assert_num_queries(KEY + STORE + NEW_PERSON + COPY + 1):
        answer = post(api_client, f"{TRACK}/batch", {"events": events})
    assert answer.json()["accepted"] == count
