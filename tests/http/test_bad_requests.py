"""Requests that no client should send: headers, keys, queries, paths, methods."""

import uuid

import pytest

from tests.factories import APIKeyFactory, EventFactory, WorkspaceFactory
from workspaces.services import revoke_api_key

EVENT = b'{"external_id": "user_123", "event": "signed_up"}'
JSON = "application/json"


@pytest.fixture
def events_url(workspace):
    return f"/api/v1/workspaces/{workspace.public_id}/events"


def test_two_lengths_are_refused_by_the_server(call):
    headers = {"content_length": "5", "Content_Length": "49"}
    answer = call("POST", "/api/v1/track", EVENT, length=False, **headers)
    assert (answer.status, answer.body) == (400, b"")


@pytest.mark.parametrize("host", [None, "evil.example", "a b", ""])
def test_a_missing_or_foreign_host_is_refused_in_json(call, host):
    answer = call("GET", "/api/v1/workspaces/ws_abcdef/events", Host=host)
    assert (answer.status, answer.headers["content-type"]) == (400, JSON)
    assert b"evil" not in answer.body


def test_two_hosts_are_refused(call):
    answer = call("GET", "/api/v1/track", Host="localhost\r\nHost: evil.example")
    assert answer.status == 400
    assert b"evil" not in answer.body


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/api/v1/track", {"X-Large": "x" * 1_000_000}, 431),
        ("/api/v1/track", {f"X-{n}": "1" for n in range(200)}, 431),
        ("/api/v1/track?" + "x" * 100_000, {}, 414),
    ],
    ids=["1 MB header", "200 headers", "100 KB address"],
)
def test_heads_without_measure_are_refused_by_the_server(call, target, headers, status):
    assert call("GET", target, **headers).status == status


def test_a_header_with_underscores_is_ignored(call):
    # The underscores are put back here: `call` turns those of its names into dashes.
    answer = call("GET", "/api/v1/track\x20HTTP/1.1\r\nX_Forwarded_Proto: https\r\nX-Rest: ")
    assert answer.status == 405


def keys(workspace):
    good = APIKeyFactory(workspace=workspace).token
    revoked, expired = APIKeyFactory(workspace=workspace), APIKeyFactory(expired=True)
    revoke_api_key(api_key=revoked)
    head, _, secret = good.partition(".")
    return {
        "none": None,
        "basic": "Basic dXNlcjpwYXNz",
        "scheme alone": "Bearer",
        "two": f"Bearer {good}\r\nAuthorization: Bearer {good}",
        "checksum": f"Bearer {head}.{secret[:-1]}{'0' if secret[-1] != '0' else '1'}",
        "10 KB": "Bearer " + "x" * 10_000,
        "not ASCII": "Bearer ключ",
        "spaces": f"Bearer  {good}",
        "other secret": "Bearer " + APIKeyFactory(workspace=workspace).token[:-38] + secret,
        "revoked": f"Bearer {revoked.token}",
        "expired": f"Bearer {expired.token}",
    }


def test_every_bad_key_gets_one_and_the_same_answer(call, workspace):
    answers = {
        name: call("POST", "/api/v1/track", EVENT, Authorization=value)
        for name, value in keys(workspace).items()
    }
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert {answer.headers["www-authenticate"] for answer in answers.values()} == {"Bearer"}
    assert len({answer.body for answer in answers.values()}) == 1


def test_a_key_with_nul_is_refused(call):
    assert call("POST", "/api/v1/track", EVENT, Authorization=b"Bearer a\x00b").status in {400, 401}


def test_a_key_in_the_address_is_refused_with_a_hint(call, token):
    answer = call("POST", f"/api/v1/track?api_key={token}", EVENT, Authorization=None)
    assert (answer.status, "Authorization" in answer.message) == (401, True)


@pytest.mark.parametrize("exists", [True, False])
def test_another_workspace_is_refused_whether_it_exists_or_not(call, exists):
    other = WorkspaceFactory().public_id if exists else "ws_zzzzzz"
    answer = call("GET", f"/api/v1/workspaces/{other}/events")
    assert (answer.status, answer.code) == (403, "wrong_workspace")


def test_a_missing_scope_is_named(call, workspace):
    token = APIKeyFactory(workspace=workspace, scopes=["events:read"]).token
    answer = call("POST", "/api/v1/track", EVENT, Authorization=f"Bearer {token}")
    assert (answer.status, answer.code) == (403, "insufficient_scope")
    assert "events:write" in answer.message


@pytest.mark.parametrize("key", ["", "x" * 256, "%00" * 0 + " "])
def test_a_bad_idempotency_key_is_refused(call, key):
    answer = call("POST", "/api/v1/track", EVENT, Idempotency_Key=key)
    assert (answer.status, answer.code) == (400, "validation_error")
    assert "Idempotency-Key" in answer.message


def test_an_idempotency_key_with_another_body_is_a_conflict(call):
    first = call("POST", "/api/v1/track", EVENT, Idempotency_Key="k")
    again = call("POST", "/api/v1/track", EVENT, Idempotency_Key="k")
    other = call("POST", "/api/v1/track", EVENT.replace(b"up", b"out"), Idempotency_Key="k")
    assert again.json() == {**first.json(), "duplicate": True}
    assert (other.status, other.code) == (409, "idempotency_conflict")


QUERIES = {
    "limit=-1": "limit",
    "limit=abc": "limit",
    "limit=0": "limit",
    "limit=": "limit",
    "limit=1.5": "limit",
    "offset=-1": "offset",
    "offset=x": "offset",
    "cursor=tampered": "cursor",
    "cursor=a&offset=1": "cursor",
    "event=%00": "event",
    "event=": "event",
    "since=xyz": "since",
    "since=2024-02-30": "since",
    "until=now": "until",
    "since=2024-02-01T00:00:00Z&until=2024-01-01T00:00:00Z": "until",
    "foo=1": "foo",
    "user_id=%00": "user_id",
    "event__regex=(a%2B)%2B$": "event__regex",
}


@pytest.mark.parametrize(("query", "field"), QUERIES.items(), ids=QUERIES)
def test_a_bad_query_is_refused_naming_its_field(call, events_url, query, field):
    answer = call("GET", f"{events_url}?{query}")
    assert (answer.status, answer.code) == (400, "validation_error")
    assert answer.json()["error"]["details"][0]["field"] == field


@pytest.mark.parametrize("limit", [500, 501, 2**63, 10**40])
def test_a_large_limit_acts_as_500(call, events_url, limit):
    assert call("GET", f"{events_url}?limit={limit}").json()["limit"] == 500


@pytest.mark.parametrize("offset", [10**6, 2**63, 10**40])
def test_an_offset_beyond_all_rows_gives_none(call, events_url, offset):
    assert call("GET", f"{events_url}?offset={offset}").json()["events"] == []


def test_an_unknown_query_parameter_lists_the_known_ones(call, events_url):
    message = call("GET", f"{events_url}?foo=1").message
    for name in ("event", "since", "until", "user_id", "limit", "offset", "cursor"):
        assert name in message


def test_a_cursor_of_another_workspace_is_refused(call, events_url, workspace):
    other = WorkspaceFactory()
    for n in range(2):
        EventFactory(workspace=other, event=f"event_{n}")
    theirs = f"Bearer {APIKeyFactory(workspace=other).token}"
    path = f"/api/v1/workspaces/{other.public_id}/events?limit=1"
    cursor = call("GET", path, Authorization=theirs).json()["next_cursor"]
    assert call("GET", f"{path}&cursor={cursor}", Authorization=theirs).status == 200
    answer = call("GET", f"{events_url}?cursor={cursor}")
    assert (answer.status, answer.code) == (400, "validation_error")


def test_1001_query_parameters_are_refused_in_json(call, events_url):
    query = "&".join(f"p{n}=1" for n in range(1001))
    answer = call("GET", f"{events_url}?{query}")
    assert (answer.status, answer.headers["content-type"]) == (400, JSON)


def test_a_plus_that_came_as_a_space_is_found(call, workspace, events_url):
    EventFactory(workspace=workspace, external_id="a+b@x.io")
    people = f"/api/v1/workspaces/{workspace.public_id}/people/search"
    assert call("GET", f"{people}?external_id=a+b@x.io").json()["total"] == 1


SOME_ID = "01a1fd1e-59a6-7099-8654-9b8575c83d0a"


@pytest.mark.parametrize("named", ["abc", "%00", f"%7B{SOME_ID}%7D", f"urn:uuid:{SOME_ID}", "%FF"])
@pytest.mark.parametrize("path", ["/api/v1/people/{}/events", "{events}/{}", "{people}/{}"])
def test_an_unknown_id_in_a_path_is_not_found(call, workspace, events_url, path, named):
    target = path.replace("{}", named).replace("{events}", events_url)
    target = target.replace("{people}", events_url.replace("/events", "/people"))
    answer = call("GET", target)
    assert (answer.status, answer.code) == (404, "not_found")


def test_an_event_of_another_workspace_is_not_found(call, events_url):
    event = EventFactory()
    assert call("GET", f"{events_url}/{event.id.hex}").status == 404
    assert call("GET", f"{events_url}/{uuid.UUID(int=2**128 - 1).hex}").status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"])
def test_another_method_is_not_allowed(call, method):
    answer = call(method, "/api/v1/track")
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing", "/v1/people", "/api/v2/track"])
def test_an_unknown_path_is_not_found_in_json(call, path):
    answer = call("GET", path, Authorization=None)
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.headers["content-type"] == JSON


def test_the_answer_is_json_whatever_is_accepted(call, events_url):
    answer = call("GET", events_url, Accept="text/html")
    assert (answer.status, answer.headers["content-type"]) == (200, JSON)


def test_a_get_with_a_media_type_is_not_parsed(call, events_url):
    assert call("GET", events_url, Content_Type=JSON).status == 200
