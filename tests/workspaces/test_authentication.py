from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tests.api.calls import TRACK, an_event, post
from tests.api.endpoints import each_endpoint, names_in
from tests.factories import APIKeyFactory
from workspaces.models import APIKey
from workspaces.services import revoke_api_key
from workspaces.tokens import checksum, new_token

REFUSAL = {
    "success": False,
    "error": {
        "code": "invalid_api_key",
        "message": "The API key is missing, invalid, expired or revoked.",
        "details": [],
    },
    "message": "The API key is missing, invalid, expired or revoked.",
}


def get_with(header):
    headers = {} if header is None else {"authorization": header}
    return Client().get("/api/v1/people/jane/events", headers=headers)


def assert_refused(answer):
    assert answer.status_code == 401
    assert answer.json() == REFUSAL
    assert answer["WWW-Authenticate"] == "Bearer"


def with_checksum(body):
    return body + checksum(body)


@each_endpoint
def test_request_without_a_key_is_refused(workspace, jane, endpoint):
    assert_refused(endpoint.call(Client(), **names_in(workspace)))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer undefined",
        "Bearer null",
        "Bearer " + "a" * 10_000,
        "Bearer ws_live_abc12345_abc123.your_secret_here",
        "Bearer ws_live_abc12345_abc123." + "a" * 38,
        "Bearer ws_live_\x00bc12345_abc123." + "a" * 38,
        "Bearer ws_live_äbc12345_abc123." + "a" * 38,
        "Bearer ws_live_abc12345_abc123. " + "a" * 38,
    ],
)
def test_malformed_key_is_refused_without_a_query(db, django_assert_num_queries, header):
    with django_assert_num_queries(0):
        assert_refused(get_with(header))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
        lambda token: token.replace("live", "test"),
        lambda token: token + "0",
        lambda token: token[:-1],
        lambda token: token.upper(),
        lambda token: f"{token},Bearer {token}",
        lambda token: f"{token} {token}",
        lambda token: f" {token}",
        lambda token: f"{token}\n",
    ],
    ids=["letter", "mode", "longer", "shorter", "upper", "two headers", "twice", "space", "line"],
)
def test_wrong_checksum_is_refused_without_a_query(workspace, django_assert_num_queries, spoil):
    token = APIKeyFactory(workspace=workspace).token
    with django_assert_num_queries(0):
        assert_refused(get_with(f"Bearer {spoil(token)}"))


def test_unknown_key_is_refused(workspace):
    assert_refused(get_with(f"Bearer {new_token('live', 'abc123').text}"))


def test_wrong_secret_is_refused(workspace):
    public_part = APIKeyFactory(workspace=workspace).token.partition(".")[0]
    assert_refused(get_with("Bearer " + with_checksum(f"{public_part}.{'a' * 32}")))


def test_key_under_the_name_of_another_workspace_is_refused(workspace, other_workspace):
    token = APIKeyFactory(workspace=workspace).token[:-6]
    moved = token.replace(workspace.public_id[3:], other_workspace.public_id[3:])
    assert_refused(get_with("Bearer " + with_checksum(moved)))


def test_live_key_does_not_pass_for_a_test_key(workspace):
    token = APIKeyFactory(workspace=workspace).token[:-6]
    assert_refused(get_with("Bearer " + with_checksum(token.replace("live", "test"))))


def test_expired_key_is_refused(workspace):
    assert_refused(get_with(f"Bearer {APIKeyFactory(workspace=workspace, expired=True).token}"))


def test_key_is_good_until_it_expires(workspace, jane, clock):
    api_key = APIKeyFactory(workspace=workspace, expires_at=clock() + timedelta(minutes=5))
    header = f"Bearer {api_key.token}"
    clock.advance(minutes=4, seconds=59)
    assert get_with(header).status_code == 200
    clock.advance(seconds=1)
    assert_refused(get_with(header))


def test_revoked_key_is_refused_and_stays_so(workspace, jane):
    api_key = APIKeyFactory(workspace=workspace)
    revoke_api_key(api_key=api_key)
    first = APIKey.objects.in_workspace(workspace.id).get().revoked_at
    revoke_api_key(api_key=api_key)
    assert_refused(get_with(f"Bearer {api_key.token}"))
    assert APIKey.objects.in_workspace(workspace.id).get().revoked_at == first


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_scheme_is_read_in_any_case(workspace, jane, scheme):
    token = APIKeyFactory(workspace=workspace).token
    assert get_with(f"{scheme} {token}").status_code == 200


def test_key_in_the_address_gets_a_hint(workspace, jane):
    token = APIKeyFactory(workspace=workspace).token
    answer = Client().get("/api/v1/people/jane/events", {"api_key": token})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert "Authorization: Bearer" in answer.json()["message"]
    assert token.encode() not in answer.content


def test_refused_event_is_not_stored(workspace, count_events):
    post(Client(), TRACK, an_event())
    assert count_events() == 0


def test_use_is_noted_at_most_once_a_minute(workspace, jane, clock):
    header = f"Bearer {APIKeyFactory(workspace=workspace).token}"
    noted = []
    for seconds in (0, 59, 2):
        clock.advance(seconds=seconds)
        get_with(header)
        noted.append(APIKey.objects.in_workspace(workspace.id).get().last_used_at)
    start = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
    assert noted == [start, start, start + timedelta(seconds=61)]


def test_refused_key_is_not_noted_as_used(workspace):
    get_with(f"Bearer {APIKeyFactory(workspace=workspace, expired=True).token}")
    assert APIKey.objects.in_workspace(workspace.id).get().last_used_at is None
