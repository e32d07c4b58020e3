import re

import pytest
from django.test import Client

from tests.api.calls import BATCH, TRACK, TRACK_PATHS, post
from tests.api.endpoints import each_endpoint, names_in


def test_error_has_the_documented_shape(api_client):
    answer = post(api_client, TRACK, {"external_id": "u"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {
        "success": False,
        "error": {
            "code": "validation_error",
            "message": "event: this field is required.",
            "details": [{"field": "event", "message": "this field is required."}],
        },
        "message": "event: this field is required.",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/v1/",
        "/api/v1/nope",
        "/api/v1/track/",
        "/api/v1/people",
        "/api/v2/track",
        "/v1/event",
        "/api/v1/%00",
        "/api/v1/%ff",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_path_is_answered_in_json(db, path, method):
    answer = Client().generic(method, path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/json"
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense"])
def test_answer_is_json_whatever_is_accepted(api_client, base_url, accept):
    answer = api_client.get(f"{base_url}/events", headers={"accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        *((path, {"POST"}) for path in [*TRACK_PATHS, BATCH]),
        ("/api/v1/people/jane/events", {"GET", "HEAD"}),
        ("{base}/events", {"GET", "HEAD"}),
        ("{base}/events/evt_1", {"GET", "HEAD"}),
        ("{base}/people/jane/events", {"GET", "HEAD"}),
        ("{base}/people", {"GET", "HEAD", "POST"}),
        ("{base}/people/search", {"GET", "HEAD"}),
        ("{base}/people/jane", {"GET", "HEAD", "PATCH", "DELETE"}),
    ],
)
def test_other_methods_are_refused_naming_the_allowed(api_client, base_url, path, allowed):
    every = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
    for method in every - allowed - {"HEAD"}:
        answer = api_client.generic(method, path.format(base=base_url))
        assert (method, answer.status_code) == (method, 405)
        assert answer.json()["error"]["code"] == "method_not_allowed"
        assert set(re.split(r",\s*", answer["Allow"])) == allowed


@each_endpoint
def test_every_answer_has_a_request_id(api_client, workspace, jane, endpoint):
    names = names_in(workspace)
    answers = [endpoint.call(client, **names) for client in (api_client, Client())]
    ids = {answer["X-Request-Id"] for answer in answers}
    assert len(ids) == 2
    assert all(ids)


@pytest.mark.parametrize("path", ["/api/v1/nope", "/healthz", "/openapi.json"])
def test_answers_beside_the_endpoints_have_a_request_id(db, path):
    assert Client().get(path)["X-Request-Id"]


@each_endpoint
def test_head_and_get_agree(api_client, workspace, jane, endpoint):
    if endpoint.method == "GET":
        names = names_in(workspace)
        head = api_client.head(endpoint.path.format(**names))
        assert (head.status_code, head.content) == (200, b"")


def test_address_with_very_many_parameters_is_refused_in_json(api_client, base_url):
    query = "&".join(f"p{i}=1" for i in range(1_001))
    answer = api_client.get(f"{base_url}/events?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "validation_error"
