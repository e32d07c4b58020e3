from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
from django.conf import settings
from django.db.backends.signals import connection_created
from django.test import Client

from events import ingest, quality
from flameup.api.limits import limiter
from tests import leaks, statements
from tests.factories import APIKeyFactory, PersonFactory, WorkspaceFactory
from tests.server import Server, running_server
from tests.twins import TwinClient
from workspaces.key_cache import keys
from workspaces.models import APIKey, Workspace
from workspaces.scopes import ALL_SCOPES


def _watch(connection: Any, **kwargs: Any) -> None:
    if statements.watch not in connection.execute_wrappers:
        connection.execute_wrappers.append(statements.watch)


# For the whole run and for every thread's connection, not for single tests.
connection_created.connect(_watch, dispatch_uid="tests.statements")
statements.watch_messages()
leaks.remember_keys()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search the database's files and the logs of the run for secrets, once all is written."""
    found = leaks.search(settings.DATA_DIR)
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["leaks"] = found
    elif found:
        raise AssertionError(f"secrets of API keys were left in {found[:10]}")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker of pytest-xdist has found."""
    leaks.note(getattr(node, "workeroutput", {}).get("leaks", []))


@pytest.fixture(autouse=True)
def empty_memory() -> None:
    """A test finds none of the keys and counts that an earlier one has left in memory."""
    keys.clear()
    limiter.cache_clear()


@pytest.fixture(autouse=True)
def _write_what_was_refused() -> Iterator[None]:
    """The recorder of a test writes nothing while tables are emptied, or into the next test."""
    yield
    if quality._recorder._thread is not None:
        quality.drain(10)
        quality._start_anew()


@pytest.fixture(scope="session")
def server(serve: Callable[[bool], Server]) -> Server:
    """A web server like the real one on the test database, for the whole run."""
    return serve(True)


@pytest.fixture(scope="session")
def serve(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[bool], Server]]:
    """Returns the web server with the edge, or the one without it, which run until the end."""
    folder = tmp_path_factory.mktemp("server")
    with ExitStack() as servers:

        @cache
        def start(has_edge: bool) -> Server:
            log = folder / f"server-{has_edge:d}.log"
            with django_db_blocker.unblock():
                return servers.enter_context(running_server(log, FLAMEUP_EDGE=f"{has_edge:d}"))

        yield start
    leaks.search(folder)


@pytest.fixture
def workspace(db: None) -> Workspace:
    return WorkspaceFactory(name="Acme")


@pytest.fixture
def other_workspace(db: None) -> Workspace:
    return WorkspaceFactory(name="Umbrella")


def client_of(api_key: APIKey) -> Client:
    """Return a client that sends this key, and tries the edge beside Django."""
    return TwinClient(headers={"authorization": f"Bearer {api_key.token}"})


@pytest.fixture
def api_client(workspace: Workspace) -> Client:
    """A client with a key of `workspace` that may do everything."""
    return client_of(APIKeyFactory(workspace=workspace))


@pytest.fixture
def make_client(workspace: Workspace) -> Callable[..., Client]:
    """Makes clients of `workspace`, or of the one given: `make_client(scopes=[...])`."""

    def make(scopes: Any = ALL_SCOPES, **kwargs: Any) -> Client:
        return client_of(APIKeyFactory(**{"workspace": workspace, "scopes": scopes, **kwargs}))

    return make


@pytest.fixture
def jane(workspace: Workspace) -> Any:
    return PersonFactory(workspace=workspace, jane=True)


@pytest.fixture
def base_url(workspace: Workspace) -> str:
    """The address of `workspace` in the API."""
    return f"/api/v1/workspaces/{workspace.public_id}"


@pytest.fixture(scope="session", autouse=True)
def _stop_writer(django_db_setup: None) -> Iterator[None]:
    """Let go of the database before it is dropped."""
    yield
    ingest.drain(10)
    quality.drain(10)
