"""Changes to users, workspaces, members and keys.

Those within a workspace are audited there; a user belongs to none.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction
from django.utils import timezone

from flameup.api.text import clean_name
from workspaces.audit import SYSTEM, Actor, record
from workspaces.key_cache import announce_change
from workspaces.models import APIKey, Membership, User, Workspace, new_uuid
from workspaces.scopes import ALL_SCOPES
from workspaces.tokens import new_token

KEY_FIELDS = frozenset({"name", "scopes", "rate_limit", "expires_at"})
USER_FIELDS = frozenset({"name", "is_active", "is_staff"})
MAX_RATE_LIMIT = 2**31 - 1
WORKSPACE_FIELDS = frozenset({"name", "time_zone"})


class LastOwner(ValueError):
    """A workspace keeps at least one owner."""


class LastOperator(ValueError):
    """An instance keeps at least one operator who may sign in."""


@transaction.atomic
def create_user(*, email: str, password: str | None = None, is_operator: bool = False) -> User:
    """Make an account; an operator may use the admin over all workspaces."""
    user = User(email=User.objects.normalize_email(email), is_staff=is_operator)
    user.is_superuser = is_operator
    user.set_password(password)
    user.save()
    return user


@transaction.atomic
def update_user(*, user: User, **changes: Any) -> None:
    """Change `name`, `is_active` or `is_staff` (operator); raises ValueError, LastOperator."""
    _require_known(changes, USER_FIELDS)
    for name, value in changes.items():
        setattr(user, name, value)
    if not (user.is_staff and user.is_active):
        _keep_an_operator(user)
    user.is_superuser = user.is_staff
    user.save(update_fields=[*changes, "is_superuser"])


@transaction.atomic
def set_password(*, user: User, password: str) -> None:
    """Give a user another password, which ends every session of theirs."""
    user.set_password(password)
    user.save(update_fields=["password"])


@transaction.atomic
def create_workspace(*, name: str, owner: User, by: Actor = SYSTEM) -> Workspace:
    """Make a workspace that belongs to `owner`; raises ValueError for a name it cannot have."""
    name = clean_name(name, "name")
    workspace = Workspace.objects.create(name=name)
    record(
        by=by,
        workspace_id=workspace.id,
        action="workspace.created",
        target=workspace,
        after={"name": name},
    )
    add_member(workspace=workspace, user=owner, role=Membership.Role.OWNER, by=by)
    return workspace


@transaction.atomic
def update_workspace(*, workspace: Workspace, by: Actor, **changes: Any) -> None:
    """Change settings: `name`, `time_zone`; raises ValueError for any other or a wrong value."""
    _require_known(changes, WORKSPACE_FIELDS)
    if "name" in changes:
        changes["name"] = clean_name(changes["name"], "name")
    if "time_zone" in changes and changes["time_zone"] not in available_timezones():
        raise ValueError(f"unknown time zone: {changes['time_zone']}")
    before = {name: getattr(workspace, name) for name in changes}
    for name, value in changes.items():
        setattr(workspace, name, value)
    workspace.save(update_fields=list(changes))
    record(
        by=by,
        workspace_id=workspace.id,
        action="workspace.changed",
        target=workspace,
        before=before,
        after=changes,
    )


@transaction.atomic
def add_member(*, workspace: Workspace, user: User, role: str, by: Actor = SYSTEM) -> Membership:
    """Let a user into a workspace."""
    membership = Membership.objects.create(workspace=workspace, user=user, role=role)
    record(
        by=by,
        workspace_id=workspace.id,
        action="member.added",
        target=user,
        after={"role": str(role)},
    )
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: Actor) -> None:
    """Give a member another role; raises LastOwner."""
    before = membership.role
    _keep_an_owner(membership, role)
    membership.role = role
    membership.save(update_fields=["role"])
    record(
        by=by,
        workspace_id=membership.workspace_id,
        action="member.changed",
        target=membership.user,
        before={"role": before},
        after={"role": str(role)},
    )


@transaction.atomic
def remove_member(*, membership: Membership, by: Actor) -> None:
    """Take a member out of the workspace; raises LastOwner."""
    _keep_an_owner(membership, None)
    record(
        by=by,
        workspace_id=membership.workspace_id,
        action="member.removed",
        target=membership.user,
        before={"role": membership.role},
    )
    membership.delete()


@transaction.atomic
def create_api_key(
    *,
    workspace: Workspace,
    name: str,
    scopes: Iterable[str],
    mode: str = APIKey.Mode.LIVE,
    rate_limit: int = 1000,
    expires_at: datetime | None = None,
    key_id: UUID | None = None,
    by: Actor = SYSTEM,
) -> tuple[APIKey, str]:
    """Make a key; return it with its whole text, which cannot be had again.

    Whoever chooses the `key_id` makes it once: IntegrityError if there is such a key.
    Raises ValueError for a value that a key cannot have.
    """
    if expires_at is not None and expires_at <= timezone.now():
        raise ValueError("a new key must end in the future")
    values = _clean_key({"name": name, "scopes": scopes, "rate_limit": rate_limit})
    token = new_token(mode, workspace.public_id.removeprefix("ws_"))
    api_key: APIKey = APIKey.objects.create(
        id=key_id or new_uuid(),
        workspace=workspace,
        mode=mode,
        public_id=token.public_id,
        digest=token.digest,
        **values,
        created_by=by.user,
        expires_at=expires_at,
    )
    _record_key("created", api_key, by, after={**api_key.described, "mode": str(mode)})
    return api_key, token.text


@transaction.atomic
def update_api_key(*, api_key: APIKey, by: Actor, **changes: Any) -> None:
    """Change `name`, `scopes`, `rate_limit` or `expires_at`; raises ValueError."""
    _require_known(changes, KEY_FIELDS)
    changes = _clean_key(changes)
    api_key.refresh_from_db(from_queryset=APIKey.objects.select_for_update())
    before = api_key.described
    for name, value in changes.items():
        setattr(api_key, name, value)
    api_key.save(update_fields=list(changes))
    announce_change(api_key)
    after = api_key.described
    _record_key(
        "changed",
        api_key,
        by,
        before={name: before[name] for name in changes},
        after={name: after[name] for name in changes},
    )


@transaction.atomic
def rotate_api_key(
    *,
    api_key: APIKey,
    grace: timedelta = timedelta(0),
    successor_id: UUID | None = None,
    by: Actor = SYSTEM,
) -> tuple[APIKey, str]:
    """Make a key like this one and end this one after `grace`; return the new one and its text.

    Raises ValueError for a key that is revoked, expired or was rotated before,
    and IntegrityError if there is a key of the `successor_id` already.
    """
    now = timezone.now()
    keys = APIKey.objects.in_workspace(api_key.workspace_id)
    api_key = keys.select_related("workspace").select_for_update(of=["self"]).get(id=api_key.id)
    if not api_key.is_usable_at(now):
        raise ValueError("a key that is revoked or expired cannot be rotated")
    if api_key.successor_id is not None:
        raise ValueError("this key was rotated before; rotate the key that took its place")
    successor, text = create_api_key(
        workspace=api_key.workspace,
        name=api_key.name,
        scopes=api_key.scopes,
        mode=api_key.mode,
        rate_limit=api_key.rate_limit,
        expires_at=api_key.expires_at,
        key_id=successor_id,
        by=by,
    )
    before = api_key.described
    api_key.expires_at = min(api_key.expires_at or now + grace, now + grace)
    api_key.successor_id = successor.id
    api_key.save(update_fields=["expires_at", "successor_id"])
    announce_change(api_key)
    after = {**api_key.described, "successor": successor.public_part}
    _record_key("rotated", api_key, by, before=before, after=after)
    return successor, text


@transaction.atomic
def revoke_api_key(*, api_key: APIKey, by: Actor = SYSTEM) -> None:
    """Refuse the key from now on; a key that is revoked stays so, and once is enough."""
    keys = APIKey.objects.in_workspace(api_key.workspace_id)
    now = timezone.now()
    if keys.filter(id=api_key.id, revoked_at=None).update(revoked_at=now) == 1:
        announce_change(api_key)
        _record_key("revoked", api_key, by, before=api_key.described)
    api_key.revoked_at = api_key.revoked_at or now


def _record_key(what: str, api_key: APIKey, by: Actor, **states: Any) -> None:
    record(
        by=by,
        workspace_id=api_key.workspace_id,
        action=f"api_key.{what}",
        target=api_key,
        **states,
    )


def _clean_key(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a key as they are stored; raises ValueError."""
    cleaned = dict(values)
    if "name" in cleaned:
        cleaned["name"] = clean_name(cleaned["name"], "name")
    if "scopes" in cleaned:
        chosen = set(cleaned["scopes"])
        _require_known(chosen, frozenset(ALL_SCOPES))
        cleaned["scopes"] = sorted(chosen)
    if not 0 <= cleaned.get("rate_limit", 0) <= MAX_RATE_LIMIT:
        raise ValueError(f"a rate limit is a number from 0 to {MAX_RATE_LIMIT:,}")
    return cleaned


def _require_known(names: Iterable[str], known: frozenset[str]) -> None:
    if unknown := ", ".join(sorted(set(names) - known)):
        raise ValueError(f"unknown: {unknown}; known are {', '.join(sorted(known))}")


def _keep_an_owner(membership: Membership, role: str | None) -> None:
    """Raise LastOwner if the workspace would be left without one.

    The owners are locked, so that two of them cannot leave at the same time.
    """
    owners = Membership.objects.select_for_update().filter(
        workspace_id=membership.workspace_id, role=Membership.Role.OWNER
    )
    if role != Membership.Role.OWNER and [owner.pk for owner in owners] == [membership.pk]:
        raise LastOwner("a workspace keeps at least one owner")


def _keep_an_operator(user: User) -> None:
    """Raise LastOperator if nobody else could use the admin.

    The operators are locked, so that two of them cannot leave at the same time.
    """
    operators = User.objects.select_for_update().filter(is_staff=True, is_active=True)
    if [operator.pk for operator in operators] == [user.pk]:
        raise LastOperator("an instance keeps at least one operator who may sign in")
