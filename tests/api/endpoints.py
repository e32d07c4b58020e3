"""Every endpoint of the API, for the tables of what holds for all of them."""

import json
from dataclasses import dataclass, field

import pytest

from tests.api.calls import BATCH, TRACK_PATHS, an_event
from tests.factories import EventFactory

OF_WORKSPACE = "/api/v1/workspaces/{workspace}"


@dataclass(frozen=True)
class Endpoint:
    """What to send, and the scope it takes; `{workspace}`, `{event}`: see `address`."""

    method: str
    path: str
    scope: str
    body: dict | None = field(default=None, hash=False)

    def __str__(self):
        return f"{self.method} {self.path}"

    def call(self, client, **names):
        kwargs = {"content_type": "application/json"} if self.body is not None else {}
        return client.generic(
            self.method, self.path.format(**names), data=_text(self.body), **kwargs
        )


def _text(body):
    return "" if body is None else json.dumps(body)


ENDPOINTS = [
    *(Endpoint("POST", path, "events:write", an_event()) for path in TRACK_PATHS),
    Endpoint("POST", BATCH, "events:write", {"events": [an_event()]}),
    Endpoint("GET", "/api/v1/people/jane/events", "events:read"),
    Endpoint("GET", f"{OF_WORKSPACE}/events", "events:read"),
    Endpoint("GET", f"{OF_WORKSPACE}/events/{{event}}", "events:read"),
    Endpoint("GET", f"{OF_WORKSPACE}/people/jane/events", "events:read"),
    Endpoint("GET", f"{OF_WORKSPACE}/people", "people:read"),
    Endpoint("GET", f"{OF_WORKSPACE}/people/search?q=jane", "people:read"),
    Endpoint("GET", f"{OF_WORKSPACE}/people/jane", "people:read"),
    Endpoint("POST", f"{OF_WORKSPACE}/people", "people:write", {"external_id": "jane"}),
    Endpoint("PATCH", f"{OF_WORKSPACE}/people/jane", "people:write", {"traits": {"a": 1}}),
    Endpoint("DELETE", f"{OF_WORKSPACE}/people/jane", "people:write"),
]
WITH_BODY = [endpoint for endpoint in ENDPOINTS if endpoint.body is not None]
NAMING_A_WORKSPACE = [endpoint for endpoint in ENDPOINTS if "{workspace}" in endpoint.path]

each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
each_with_body = pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
each_naming_a_workspace = pytest.mark.parametrize("endpoint", NAMING_A_WORKSPACE, ids=str)


def names_in(workspace):
    """Return the names for the paths in this workspace, in which jane does something."""
    event = EventFactory(workspace=workspace, external_id="jane")
    return {"workspace": workspace.public_id, "event": f"evt_{event.id.hex}"}
