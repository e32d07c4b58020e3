"""Who changed what: written in the transaction of the change itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.http import HttpRequest

from flameup.api.request_ids import current_request_id
from workspaces.models import AuditEntry, User


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever makes a change: a user at an address, or a command."""

    label: str
    user: User | None = None
    address: str | None = None

    @classmethod
    def of_request(cls, request: HttpRequest) -> Self:
        """Return the user who is signed in."""
        user = request.user if isinstance(request.user, User) else None
        return cls(user.email if user else "anonymous", user, request.META.get("REMOTE_ADDR"))


# Changes by commands and by Flameup itself.
SYSTEM = Actor("system")


def record(
    *,
    by: Actor,
    workspace_id: int,
    action: str,
    target: object,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write down a change; `action` is `<thing>.<what was done>`, as in `api_key.revoked`.

    `before` and `after` hold the fields that changed, never a secret. Runs
    inside the transaction of the change, so that neither is without the other.
    """
    entry: AuditEntry = AuditEntry.objects.create(
        workspace_id=workspace_id,
        actor=by.user,
        actor_label=by.label,
        address=by.address,
        request_id=current_request_id(),
        action=action,
        target=str(target)[:255],
        before=dict(before or {}),
        after=dict(after or {}),
    )
    return entry
