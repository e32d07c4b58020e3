"""Changes to users, workspaces and keys."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from workspaces.models import APIKey, Membership, User, Workspace
from workspaces.scopes import ALL_SCOPES
from workspaces.tokens import new_token


@transaction.atomic
def create_user(*, email: str, password: str | None = None, is_operator: bool = False) -> User:
    """Make an account; an operator may use the admin over all workspaces."""
    user = User(email=User.objects.normalize_email(email), is_staff=is_operator)
    user.is_superuser = is_operator
    user.set_password(password)
    user.save()
    return user


@transaction.atomic
def create_workspace(*, name: str, owner: User) -> Workspace:
    """Make a workspace that belongs to `owner`."""
    workspace = Workspace.objects.create(name=name)
    Membership.objects.create(workspace=workspace, user=owner, role=Membership.Role.OWNER)
    return workspace


@transaction.atomic
def create_api_key(
    *,
    workspace: Workspace,
    name: str,
    scopes: Iterable[str],
    mode: str = APIKey.Mode.LIVE,
    rate_limit: int = 1000,
    created_by: User | None = None,
    expires_at: datetime | None = None,
) -> tuple[APIKey, str]:
    """Make a key; return it with its whole text, which cannot be had again.

    Raises ValueError for a scope that does not exist.
    """
    scopes = sorted(set(scopes))
    if unknown := set(scopes) - set(ALL_SCOPES):
        raise ValueError(f"unknown scopes: {', '.join(sorted(unknown))}")
    token = new_token(mode, workspace.public_id.removeprefix("ws_"))
    api_key = APIKey.objects.create(
        workspace=workspace,
        name=name,
        mode=mode,
        public_id=token.public_id,
        digest=token.digest,
        scopes=scopes,
        rate_limit=rate_limit,
        created_by=created_by,
        expires_at=expires_at,
    )
    return api_key, token.text


def revoke_api_key(*, api_key: APIKey) -> None:
    """Refuse the key from now on; a key that is revoked stays so."""
    APIKey.objects.in_workspace(api_key.workspace_id).filter(id=api_key.id, revoked_at=None).update(
        revoked_at=timezone.now()
    )
