import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from events.models import Event
from people.models import Person
from tests.factories import APIKeyFactory, WorkspaceFactory
from tests.samples.running import SampleRunner
from tests.server import Server, db  # noqa: F401 (a fixture)
from workspaces.models import Workspace


@dataclass(frozen=True)
class Arrived:
    """An event as a test expects it."""

    external_id: str
    event: str
    parameters: dict[str, Any]


@pytest.fixture(scope="session")
def tool_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tools")


@pytest.fixture
def workspace(db: None) -> Workspace:  # noqa: F811 (the fixture)
    return WorkspaceFactory()


@pytest.fixture
def samples(server: Server, workspace: Workspace, tmp_path: Path, tool_cache: Path) -> SampleRunner:
    """Runs samples with a key of `workspace` that may do everything."""
    token = APIKeyFactory(workspace=workspace).token
    return SampleRunner(server, workspace.public_id, token, tmp_path, tool_cache)


@pytest.fixture
def api(samples: SampleRunner) -> Iterator[httpx.Client]:
    """Asks the server as the samples do, in their workspace."""
    address = f"{samples.server.url}/api/v1/workspaces/{samples.workspace_id}"
    headers = {"Authorization": f"Bearer {samples.token}"}
    with httpx.Client(base_url=address, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def arrived(api: httpx.Client, workspace: Workspace) -> Callable[[], list[Arrived]]:
    """Returns the events of the workspace, oldest first, when API and database agree."""

    def read() -> list[Arrived]:
        listed = api.get("/events", params={"limit": 500}).json()["events"]
        shown = [Arrived(row["external_id"], row["event"], row["parameters"]) for row in listed]
        assert shown == _stored(workspace)
        return shown[::-1]

    return read


def _stored(workspace: Workspace) -> list[Arrived]:
    people = {row.id: row for row in Person.objects.in_workspace(workspace.id)}
    return [
        Arrived(people[row.person_id].external_id, row.event, json.loads(row.parameters))
        for row in Event.objects.in_workspace(workspace.id).newest_first()
    ]
