from collections.abc import Callable
from typing import Any

import pytest

from tests.factories import APIKeyFactory, WorkspaceFactory
from tests.http.wire import Answer, exchange, request
from tests.server import Server, db  # noqa: F401 (a fixture)
from workspaces.models import Workspace


@pytest.fixture
def workspace(db: None) -> Workspace:  # noqa: F811 (the fixture)
    return WorkspaceFactory()


@pytest.fixture
def token(workspace: Workspace) -> str:
    return APIKeyFactory(workspace=workspace).token


@pytest.fixture(params=[True, False], ids=["edge", "no edge"])
def server(request: pytest.FixtureRequest, serve: Callable[[bool], Server]) -> Server:
    """The server with the edge, and the one without it: both give the same answers."""
    return serve(request.param)


Call = Callable[..., Answer]


@pytest.fixture
def call(server: Server, token: str) -> Call:
    """Sends a request with a good key; a header given by name replaces its own, None drops it."""

    def send(
        method: str,
        target: str | bytes,
        body: bytes = b"",
        *,
        length: bool = True,
        source: str = "",
        **headers: Any,
    ) -> Answer:
        usual: dict[str, Any] = {"Host": "localhost", "Authorization": f"Bearer {token}"}
        if body or method == "POST":
            usual["Content-Type"] = "application/json"
        usual |= {name.replace("_", "-"): value for name, value in headers.items()}
        pairs = [(name, value) for name, value in usual.items() if value is not None]
        data = request(method, target, pairs, body, length=length)
        return exchange(server.url, data, source=source)

    return send
