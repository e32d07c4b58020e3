"""What the API needs to know of the key a request came with."""

from typing import Protocol, cast
from uuid import UUID

from rest_framework.request import Request


class Access(Protocol):
    """The right to act in one workspace, within scopes; an APIKey is one."""

    id: UUID
    workspace_id: int
    scopes: list[str]
    rate_limit: int

    @property
    def is_test(self) -> bool: ...

    @property
    def limit_name(self) -> str: ...


def access_of(request: Request) -> Access:
    """Return the key of a request that was let in."""
    return cast("Access", request.auth)
