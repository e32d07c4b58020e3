from uuid import UUID, uuid4

import pytest

from flameup.api.ids import uuid7
from tests.factories import EventFactory


@pytest.fixture
def get(api_client, base_url):
    return lambda name: api_client.get(f"{base_url}/events/{name}")


def test_event_is_the_one_of_the_list(get, api_client, base_url, workspace):
    event = EventFactory(workspace=workspace, parameters={"amount": 99.99})
    [listed] = api_client.get(f"{base_url}/events").json()["events"]
    answer = get(f"evt_{event.id.hex}")
    assert (answer.status_code, answer.json()) == (200, listed)


@pytest.mark.parametrize("spell", ["evt_{.hex}", "{.hex}", "{}"])
def test_id_is_read_with_and_without_its_prefix(get, workspace, spell):
    event = EventFactory(workspace=workspace)
    assert get(spell.format(event.id)).json()["id"] == f"evt_{event.id.hex}"


@pytest.mark.parametrize(
    "spell",
    ["{{{}}}", "urn:uuid:{}", "evt_", "abc", "%00", "evt_{.hex}0", "msg_{.hex}", "%20{}", "{}%0A"],
)
def test_other_spelling_is_not_found(get, workspace, spell):
    answer = get(spell.format(EventFactory(workspace=workspace).id))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_id_of_no_event_is_not_found(get, workspace):
    event = EventFactory(workspace=workspace)
    same_millisecond = uuid7(event.timestamp)
    for identifier in (uuid4(), same_millisecond, UUID(int=0), UUID(int=2**128 - 1)):
        assert get(identifier).status_code == 404


def test_event_id_of_the_last_moment_there_is_is_not_found(api_client, base_url):
    last = "evt_e677d21fdbff70008000000000000000"
    assert api_client.get(f"{base_url}/events/{last}").status_code == 404
