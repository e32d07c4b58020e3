import pytest

from tests.api.endpoints import each_endpoint, names_in
from workspaces.scopes import ALL_SCOPES


@each_endpoint
def test_key_without_the_scope_is_refused_naming_it(make_client, workspace, jane, endpoint):
    others = [scope for scope in ALL_SCOPES if scope != endpoint.scope]
    answer = endpoint.call(make_client(others), **names_in(workspace))
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "insufficient_scope"
    assert endpoint.scope in answer.json()["message"]


@each_endpoint
def test_key_with_only_that_scope_is_let_in(make_client, workspace, jane, endpoint):
    answer = endpoint.call(make_client([endpoint.scope]), **names_in(workspace))
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("scopes", [[], ["events:read"]])
def test_refused_event_is_not_stored(make_client, count_events, scopes):
    client = make_client(scopes)
    client.post("/api/v1/track", {"external_id": "u", "event": "e"}, "application/json")
    assert count_events() == 0
