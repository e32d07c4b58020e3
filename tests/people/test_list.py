import pytest

from tests.factories import PersonFactory


@pytest.fixture
def crowd(workspace, clock):
    """Five people, each a minute younger than the one before, but for the last two."""
    people = []
    for i in range(5):
        people.append(PersonFactory(workspace=workspace, external_id=f"user_{i}"))
        clock.advance(minutes=1 if i != 3 else 0)
    return people


@pytest.fixture
def list_people(api_client, base_url):
    return lambda **query: api_client.get(f"{base_url}/people", query)


def in_order(people):
    people = sorted(people, key=lambda person: (person.created_at, person.id), reverse=True)
    return [str(person.id) for person in people]


def ids(answer):
    return [person["id"] for person in answer.json()["people"]]


def test_newest_person_comes_first(list_people, crowd):
    answer = list_people()
    assert answer.status_code == 200
    assert ids(answer) == in_order(crowd)
    body = answer.json()
    body.pop("people")
    assert body == {
        "total": 5,
        "limit": 50,
        "offset": 0,
        "has_more": False,
        "next_cursor": None,
    }


def test_person_in_the_list_is_the_one_got_alone(list_people, api_client, base_url, jane):
    assert list_people().json()["people"] == [api_client.get(f"{base_url}/people/jane").json()]


def test_limit_and_offset_cut_out_a_page(list_people, crowd):
    answer = list_people(limit=2, offset=1)
    assert ids(answer) == in_order(crowd)[1:3]
    assert (answer.json()["has_more"], answer.json()["total"]) == (True, 5)


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_cursor_walks_through_everybody_once(list_people, crowd, limit):
    answer = list_people(limit=limit)
    seen = ids(answer)
    while cursor := answer.json()["next_cursor"]:
        answer = list_people(limit=limit, cursor=cursor)
        seen += ids(answer)
    assert seen == in_order(crowd)
    assert answer.json()["has_more"] is False


def test_cursor_of_a_list_of_events_is_refused(list_people, api_client, base_url, crowd):
    cursor = list_people(limit=1).json()["next_cursor"]
    assert api_client.get(f"{base_url}/events", {"cursor": cursor}).status_code == 400


def test_unknown_parameter_is_refused_naming_the_known(list_people):
    answer = list_people(foo=1)
    assert answer.status_code == 400
    assert all(name in answer.json()["message"] for name in ("cursor", "limit", "offset"))
