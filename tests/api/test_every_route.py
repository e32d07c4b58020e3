"""Every route of the API, asked with every wrong key: a new route without a row here fails."""

import json
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories import APIKeyFactory, EventFactory
from workspaces.models import APIKey
from workspaces.services import revoke_api_key
from workspaces.tokens import checksum

# Method and route, and the scope it takes.
SCOPES = {
    ("POST", "api/v1/track"): "events:write",
    ("POST", "api/v1/events"): "events:write",
    ("POST", "v1/events"): "events:write",
    ("POST", "api/v1/track/batch"): "events:write",
    ("GET", "api/v1/people/<str:person_id>/events"): "events:read",
    ("GET", "api/v1/workspaces/<str:workspace_id>/events"): "events:read",
    ("GET", "api/v1/workspaces/<str:workspace_id>/events/<str:event_id>"): "events:read",
    ("GET", "api/v1/workspaces/<str:workspace_id>/people/<str:person_id>/events"): "events:read",
    ("GET", "api/v1/workspaces/<str:workspace_id>/people"): "people:read",
    ("POST", "api/v1/workspaces/<str:workspace_id>/people"): "people:write",
    ("GET", "api/v1/workspaces/<str:workspace_id>/people/search"): "people:read",
    ("GET", "api/v1/workspaces/<str:workspace_id>/people/<str:person_id>"): "people:read",
    ("PATCH", "api/v1/workspaces/<str:workspace_id>/people/<str:person_id>"): "people:write",
    ("DELETE", "api/v1/workspaces/<str:workspace_id>/people/<str:person_id>"): "people:write",
}
ROUTES = sorted(SCOPES)
OF_A_WORKSPACE = [route for route in ROUTES if "workspace_id" in route[1]]
OF_A_ROW = [route for route in ROUTES if "person_id" in route[1] or "event_id" in route[1]]


def walk(patterns, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the methods and routes below `api/` and `v1/`."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith(("api/", "v1/")):
            methods = set(pattern.callback.actions) - {"head"}
            yield from ((method.upper(), route) for method in methods)


def test_every_route_has_its_expectations():
    assert set(walk(get_resolver().url_patterns)) == set(SCOPES)


def ask(route, token, **ids):
    method, path = route
    for name, value in ids.items():
        path = path.replace(f"<str:{name}>", value)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = "" if method == "GET" else json.dumps({"external_id": "user_123", "event": "e"})
    return Client().generic(method, f"/{path}", body, "application/json", headers=headers)


@pytest.fixture
def ids(workspace):
    event = EventFactory(workspace=workspace)
    return {
        "workspace_id": workspace.public_id,
        "person_id": str(event.person_id),
        "event_id": f"evt_{event.id.hex}",
    }


def _revoked(workspace):
    api_key = APIKeyFactory(workspace=workspace)
    revoke_api_key(api_key=api_key)
    return api_key.token


def _deleted(workspace):
    api_key = APIKeyFactory(workspace=workspace)
    APIKey.objects.in_workspace(workspace.id).filter(id=api_key.id).delete()
    return api_key.token


def _other_secret(workspace):
    body = APIKeyFactory(workspace=workspace).token[:-38] + "x" * 32
    return body + checksum(body)


WRONG_KEYS = {
    "no key": lambda workspace: None,
    "malformed": lambda workspace: "nonsense",
    "wrong checksum": lambda workspace: APIKeyFactory(workspace=workspace).token[:-6] + "000000",
    "unknown": _deleted,
    "other secret": _other_secret,
    "expired": lambda workspace: APIKeyFactory(workspace=workspace, expired=True).token,
    "revoked": _revoked,
}
ANSWER = {
    "success": False,
    "error": {
        "code": "invalid_api_key",
        "message": "The API key is missing, invalid, expired or revoked.",
        "details": [],
    },
    "message": "The API key is missing, invalid, expired or revoked.",
}


@pytest.mark.parametrize("route", ROUTES, ids="{0[0]} {0[1]}".format)
@pytest.mark.parametrize("kind", WRONG_KEYS)
def test_a_wrong_key_gets_the_one_answer(workspace, ids, route, kind):
    answer = ask(route, WRONG_KEYS[kind](workspace), **ids)
    assert (answer.status_code, answer.json()) == (401, ANSWER)
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("kind", ["unknown", "other secret", "expired", "revoked"])
def test_each_key_of_the_right_form_costs_one_query(workspace, kind, django_assert_num_queries):
    token = WRONG_KEYS[kind](workspace)
    with django_assert_num_queries(1):
        ask(("POST", "api/v1/track"), token)


@pytest.mark.parametrize("route", ROUTES, ids="{0[0]} {0[1]}".format)
def test_a_key_without_the_scope_is_told_which(workspace, ids, route):
    scope = SCOPES[route]
    others = sorted(set(SCOPES.values()) - {scope})
    answer = ask(route, APIKeyFactory(workspace=workspace, scopes=others).token, **ids)
    message = f"This API key lacks the scope {scope}."
    error = {"code": "insufficient_scope", "message": message, "details": []}
    assert (answer.status_code, answer.json()["error"]) == (403, error)


@pytest.mark.parametrize("route", OF_A_WORKSPACE, ids="{0[0]} {0[1]}".format)
def test_a_key_of_another_workspace_is_refused(ids, other_workspace, route):
    answer = ask(route, APIKeyFactory(workspace=other_workspace).token, **ids)
    message = "This API key belongs to another workspace."
    error = {"code": "wrong_workspace", "message": message, "details": []}
    assert (answer.status_code, answer.json()["error"]) == (403, error)


@pytest.mark.parametrize("route", OF_A_ROW, ids="{0[0]} {0[1]}".format)
def test_ids_of_another_workspace_are_not_found(ids, other_workspace, route):
    """The same key and workspace, but the person and the event are somebody else's."""
    token = APIKeyFactory(workspace=other_workspace).token
    answer = ask(route, token, **{**ids, "workspace_id": other_workspace.public_id})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
