from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.factories import APIKeyFactory, EventFactory, UserFactory
from workspaces.models import APIKey, User, Workspace


@pytest.fixture
def operator(db: None) -> User:
    return UserFactory(email="op@example.com", operator=True)


@pytest.fixture
def admin(operator: User) -> Client:
    """A client that is signed in as an operator."""
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def api_key(workspace: Workspace) -> APIKey:
    return APIKeyFactory(workspace=workspace)


@pytest.fixture
def send_event(workspace: Workspace) -> Callable[..., Any]:
    """Stores an event in `workspace`: `send_event(event=…)`."""

    def send(**kwargs: Any) -> Any:
        return EventFactory(workspace=workspace, **kwargs)

    return send
