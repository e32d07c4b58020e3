from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.factories import APIKeyFactory, WorkspaceFactory
from tests.http.wire import Answer, exchange, request
from tests.samples.server import Server, running_server
from workspaces.models import Workspace


@pytest.fixture(scope="session")
def server(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with (
        django_db_blocker.unblock(),
        running_server(tmp_path_factory.mktemp("server") / "server.log") as running,
    ):
        yield running


@pytest.fixture
def db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database as the server sees it: what a test writes is committed, and stays.

    Emptying every table after each of these tests would take longer than the
    tests, and none looks into another's workspace.
    """
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def workspace(db: None) -> Workspace:
    return WorkspaceFactory()


@pytest.fixture
def token(workspace: Workspace) -> str:
    return APIKeyFactory(workspace=workspace).token


Call = Callable[..., Answer]


@pytest.fixture
def call(server: Server, token: str) -> Call:
    """Sends a request with a good key; a header given by name replaces its own, None drops it."""

    def send(
        method: str, target: str | bytes, body: bytes = b"", *, length: bool = True, **headers: Any
    ) -> Answer:
        usual: dict[str, Any] = {"Host": "localhost", "Authorization": f"Bearer {token}"}
        if body or method == "POST":
            usual["Content-Type"] = "application/json"
        usual |= {name.replace("_", "-"): value for name, value in headers.items()}
        pairs = [(name, value) for name, value in usual.items() if value is not None]
        return exchange(server.url, request(method, target, pairs, body, length=length))

    return send
