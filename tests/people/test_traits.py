import json
from decimal import Decimal
from functools import reduce

import pytest

from people.models import Person
from tests.api.calls import bad_fields, patch, post
from tests.factories import PersonFactory

LIMIT = 64 * 1024


@pytest.fixture(params=["post", "patch"])
def merge(request, api_client, base_url, jane):
    """Merges traits into jane's, by either endpoint."""

    def call(**body):
        if request.param == "post":
            return post(api_client, f"{base_url}/people", {"external_id": "jane", **body})
        return patch(api_client, f"{base_url}/people/jane", body)

    return call


@pytest.mark.parametrize(
    ("traits", "merged"),
    [
        ({"plan": "pro"}, {"plan": "pro"}),
        ({"first_name": "Ann"}, {"first_name": "Ann"}),
        ({"address": {"city": "Rome"}}, {"address": {"city": "Rome"}}),
        ({}, {}),
        (None, {}),
    ],
)
def test_traits_merge(merge, traits, merged):
    expected = {"email": "jane@example.com", "first_name": "Jane", **merged}
    assert merge(traits=traits).json()["person"]["traits"] == expected


def test_merge_is_shallow(merge):
    merge(traits={"address": {"city": "Rome", "zip": "1"}})
    traits = merge(traits={"address": {"city": "Paris"}}).json()["person"]["traits"]
    assert traits["address"] == {"city": "Paris"}


def test_null_removes_a_trait_and_stays_inside_of_one(merge):
    traits = merge(traits={"first_name": None, "absent": None, "a": {"b": None}})
    assert traits.json()["person"]["traits"] == {"email": "jane@example.com", "a": {"b": None}}


@pytest.mark.parametrize("traits", [[], "x", 5, True, [["a", 1]]])
def test_traits_that_are_no_object_are_refused(merge, traits):
    assert bad_fields(merge(traits=traits)) == ["traits"]


@pytest.mark.parametrize(
    ("body", "email", "first_name"),
    [
        ({"email": "new@example.com"}, "new@example.com", "Jane"),
        ({"traits": {"email": "new@example.com"}}, "new@example.com", "Jane"),
        ({"email": "a@x.io", "traits": {"email": "b@x.io"}}, "b@x.io", "Jane"),
        ({"email": " new@example.com "}, "new@example.com", "Jane"),
        ({"email": None}, "jane@example.com", "Jane"),
        ({"traits": {"email": None}}, None, "Jane"),
        ({"email": "a@x.io", "traits": {"email": None}}, None, "Jane"),
    ],
)
def test_email_mirrors_the_trait(merge, workspace, body, email, first_name):
    person = merge(**body).json()["person"]
    assert person["email"] == person["traits"].get("email") == email
    assert person["traits"]["first_name"] == first_name
    assert Person.objects.in_workspace(workspace.id).get().email == email


@pytest.mark.parametrize(
    "email",
    ["", " ", "jane", "a@b", "a@b\n.c", "a@b.c d", "x" * 300 + "@x.io", "a\x00@x.io", 5, True, []],
)
def test_bad_email_is_refused(merge, jane, email):
    assert bad_fields(merge(email=email)) == ["email"]
    assert bad_fields(merge(traits={"email": email})) == ["traits.email"]
    jane.refresh_from_db()
    assert jane.email == "jane@example.com"


def test_lone_surrogate_in_an_email_is_refused(merge):
    assert bad_fields(merge(email="\ud800@x.io")) == ["email"]
    assert bad_fields(merge(traits={"email": "\ud800@x.io"})) == ["traits.email"]


def test_traits_of_64_kib_in_all_are_kept_and_more_is_refused(merge, jane):
    room = LIMIT - len('{"email":"jane@example.com","first_name":"Jane","a":""}')
    assert merge(traits={"a": "x" * room}).status_code == 200
    assert bad_fields(merge(traits={"b": 1})) == ["traits"]
    jane.refresh_from_db()
    assert "b" not in jane.traits.value


def test_bytes_count_and_not_characters(merge):
    assert bad_fields(merge(traits={"a": "€" * (LIMIT // 3)})) == ["traits"]


def test_refused_traits_create_nobody(api_client, base_url, workspace):
    body = {"external_id": "x", "traits": {"a": "x" * LIMIT}}
    assert bad_fields(post(api_client, f"{base_url}/people", body)) == ["traits"]
    assert not Person.objects.in_workspace(workspace.id).exists()


@pytest.mark.parametrize(
    "number",
    ["1", "-5", "99.99", "9223372036854775808", "0.1234567890123456789", "9" * 300, "1e308"],
)
def test_number_survives_later_merges(api_client, base_url, jane, number):
    body = '{"external_id": "jane", "traits": {"n": %s}}' % number  # noqa: UP031
    assert post(api_client, f"{base_url}/people", body).status_code == 200
    for _ in range(2):
        patch(api_client, f"{base_url}/people/jane", {"traits": {"first_name": "Ann"}})
    text = api_client.get(f"{base_url}/people/jane").content
    assert json.loads(text, parse_float=Decimal)["traits"]["n"] == Decimal(number)


@pytest.mark.parametrize("number", ["9" * 301, "1e400", "1E9999999999999999999"])
def test_number_of_over_300_digits_is_refused(api_client, base_url, number):
    body = '{"external_id": "jane", "traits": {"n": %s}}' % number  # noqa: UP031
    assert bad_fields(post(api_client, f"{base_url}/people", body)) == ["traits.n"]


def test_unstorable_characters_are_replaced_with_a_warning(merge):
    answer = merge(traits={"a\x00b": "x\ud83dy"}).json()
    assert answer["person"]["traits"]["a\ufffdb"] == "x\ufffdy"
    assert {warning["code"] for warning in answer["warnings"]} == {"character_replaced"}


def test_nesting_is_limited(merge):
    def nested(depth):
        return {"a": reduce(lambda inner, _: [inner], range(depth), 1)}

    assert merge(traits=nested(30)).status_code == 200
    assert bad_fields(merge(traits=nested(31))) == ["traits"]


def test_update_that_changes_nothing_leaves_the_time(api_client, base_url, workspace, clock):
    PersonFactory(workspace=workspace, jane=True)
    clock.advance(hours=1)
    answer = patch(api_client, f"{base_url}/people/jane", {"traits": {"first_name": "Jane"}})
    assert answer.json()["person"]["updated_at"] == "2024-01-15T10:30:00Z"
