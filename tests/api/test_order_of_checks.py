import pytest
from django.test import Client

from flameup.api.limits import KEY_SECONDS
from tests.conftest import client_of
from tests.factories import APIKeyFactory

LARGE = "x" * (4 * 1024 * 1024 + 1)
OWN, OTHER = "/api/v1/workspaces/{own}/people", "/api/v1/workspaces/{other}/people"

# Each request has all the faults of those below it as well.
FAULTS = [
    ("no such path", 404, "not_found"),
    ("no key", 401, "invalid_api_key"),
    ("other workspace", 403, "wrong_workspace"),
    ("no scope", 403, "insufficient_scope"),
    ("limit", 429, "rate_limited"),
    ("media type", 415, "unsupported_media_type"),
    ("size", 413, "payload_too_large"),
    ("syntax", 400, "invalid_json"),
    ("none", 200, None),
]
ORDER = [name for name, _, _ in FAULTS]


@pytest.mark.parametrize(("fault", "status", "code"), FAULTS)
def test_first_fault_is_answered(workspace, other_workspace, limiter, fault, status, code):
    def has(name):
        return ORDER.index(name) >= ORDER.index(fault)

    scopes = [] if has("no scope") else ["people:write"]
    api_key = APIKeyFactory(workspace=workspace, scopes=scopes, rate_limit=1)
    client = Client() if has("no key") else client_of(api_key)
    path = OTHER if has("other workspace") else OWN
    path = path.format(own=workspace.public_id, other=other_workspace.public_id)
    body = LARGE if has("size") else "{" if has("syntax") else '{"external_id": "x"}'
    if has("limit"):
        limiter.take(api_key.limit_name, 1, KEY_SECONDS)
    answer = client.post(
        path + ("/a/b" if has("no such path") else ""),
        body,
        content_type="text/plain" if has("media type") else "application/json",
    )
    assert (answer.status_code, answer.json().get("error", {}).get("code")) == (status, code)


@pytest.mark.parametrize("path", [OWN, "/api/v1/track"])
def test_method_comes_before_the_body(api_client, workspace, path):
    answer = api_client.put(path.format(own=workspace.public_id), LARGE, content_type="text/plain")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", [OWN, "/api/v1/track"])
def test_key_comes_before_the_method(workspace, path):
    assert Client().put(path.format(own=workspace.public_id)).status_code == 401


def test_workspace_comes_before_the_method(api_client, other_workspace):
    assert api_client.put(OTHER.format(other=other_workspace.public_id)).status_code == 403


@pytest.mark.parametrize("path", [OWN, "/api/v1/track"])
def test_limit_comes_before_the_method(make_client, workspace, limiter, path):
    client = make_client(rate_limit=1)
    answers = [client.put(path.format(own=workspace.public_id)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [405, 429]
