"""The workspace that everything is sent to, with its key and its people."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from flameup.benchmark.payloads import external_id
from people.identities import Identity, find_or_create_people
from workspaces.scopes import ALL_SCOPES
from workspaces.services import MAX_RATE_LIMIT, create_api_key, create_user, create_workspace

_CHUNK = 2_000


@dataclass(frozen=True)
class Tenant:
    """A workspace and the whole text of a key to it."""

    workspace_id: int
    token: str


def create_tenant() -> Tenant:
    """Make the workspace; its key's rate limit is checked and never reached."""
    owner = create_user(email="benchmark@example.com")
    workspace = create_workspace(name="Benchmark", owner=owner)
    _, token = create_api_key(
        workspace=workspace, name="Benchmark", scopes=ALL_SCOPES, rate_limit=MAX_RATE_LIMIT
    )
    return Tenant(workspace.id, token)


def ensure_people(workspace_id: int, count: int) -> dict[str, UUID]:
    """Make the first so many people as the API would; return their ids by external id."""
    found: dict[str, UUID] = {}
    for first in range(0, count, _CHUNK):
        numbers = range(first, min(first + _CHUNK, count))
        wanted = [Identity(workspace_id, external_id(number)) for number in numbers]
        with transaction.atomic():
            people = find_or_create_people(connection, wanted, timezone.now())
        found |= {identity.value: person.person_id for identity, person in people.items()}
    return found
