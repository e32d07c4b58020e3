"""The tenancy root: users, workspaces, memberships and API keys."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property

from flameup.api.ids import to_base36, uuid7
from workspaces.querysets import TenantQuerySet

# Eight base-36 digits: far from colliding, and exact in a double, as JavaScript reads numbers.
_SMALLEST_ID, _LARGEST_ID = 36**7, 36**8 - 1
_PUBLIC_ID = re.compile(r"ws_([1-9a-z][a-z0-9]{5,11})", re.ASCII)


def new_workspace_id() -> int:
    """Return a random id; no sequence, so that any machine of a cluster can make one."""
    return _SMALLEST_ID + secrets.randbelow(_LARGEST_ID - _SMALLEST_ID)


def new_uuid() -> UUID:
    """Return a UUIDv7 of this moment."""
    return uuid7(timezone.now())


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in, by e-mail; `is_staff` marks an operator of the instance."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=255, blank=True)
    is_staff = models.BooleanField("operator", default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_any_case"),
        ]

    def __str__(self) -> str:
        return self.email


class Workspace(models.Model):
    """A tenant: people, events and keys belong to exactly one."""

    id = models.BigIntegerField(primary_key=True, default=new_workspace_id, editable=False)
    name = models.CharField(max_length=255)
    time_zone = models.CharField(max_length=64, default="UTC")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Raised whenever a name may stop meaning the person it meant: people.services.
    people_version = models.BigIntegerField(default=0, editable=False)

    members = models.ManyToManyField(User, through="Membership", related_name="workspaces")

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        """The id that clients use: `ws_` and the number in base 36."""
        return format_workspace_id(self.id)


class Membership(models.Model):
    """What a user may do in a workspace."""

    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        MEMBER = "member"
        VIEWER = "viewer"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}"


class TenantModel(models.Model):
    """A row of a table that is distributed by workspace.

    Everything that Django does by primary key names the workspace as well, so
    that a cluster sends it to one node and a wrong id cannot reach over.
    The key in the database is (workspace_id, id); see the migrations.
    """

    # Without a foreign key in the database: each insert would lock the workspace's row.
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def public_workspace_id(self) -> str:
        """The id of the workspace as clients use it."""
        return format_workspace_id(self.workspace_id)

    def _do_update(self, base_qs: Any, *args: Any, **kwargs: Any) -> Any:
        base_qs = base_qs.filter(workspace_id=self.workspace_id)
        return super()._do_update(base_qs, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row."""
        rows = type(self)._base_manager.filter(workspace_id=self.workspace_id, pk=self.pk)
        count = rows._raw_delete(rows.db)
        return count, {self._meta.label: count}

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Any = None,
        from_queryset: models.QuerySet[Self] | None = None,
    ) -> None:
        """Read the row again."""
        rows = from_queryset if from_queryset is not None else type(self)._base_manager.all()
        super().refresh_from_db(using, fields, rows.filter(workspace_id=self.workspace_id))


class APIKey(TenantModel):
    """A key of an app: its hash, what it may do, and until when."""

    class Mode(models.TextChoices):
        LIVE = "live"
        TEST = "test"

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    name = models.CharField(max_length=255)
    mode = models.CharField(max_length=4, choices=Mode, default=Mode.LIVE)
    public_id = models.CharField(max_length=8, editable=False)
    digest = models.BinaryField(editable=False)
    scopes = ArrayField(models.CharField(max_length=64))
    rate_limit = models.PositiveIntegerField("requests a second, 0 for no limit", default=1000)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    successor_id = models.UUIDField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    LAST_USED_EVERY = timedelta(minutes=1)

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "public_id"], name="apikey_public_id"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.public_part})"

    @property
    def public_part(self) -> str:
        """The part of the key before its secret, by which people and logs name it."""
        return f"ws_{self.mode}_{self.public_id}_{to_base36(self.workspace_id)}"

    @property
    def described(self) -> dict[str, Any]:
        """What the audit log says of the key."""
        return {
            "name": self.name,
            "scopes": list(self.scopes),
            "rate_limit": self.rate_limit,
            "expires_at": self.expires_at and self.expires_at.isoformat(),
        }

    @cached_property
    def is_test(self) -> bool:
        return bool(self.mode == self.Mode.TEST)

    @cached_property
    def limit_name(self) -> str:
        """The name by which the requests of the key are counted, against `rate_limit`."""
        return f"key:{self.id.hex}"

    def is_usable_at(self, moment: datetime) -> bool:
        """Say whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > moment)


class AuditEntry(TenantModel):
    """One change in a workspace: who, when, from where, what, before and after."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    actor = models.ForeignKey(
        User, models.SET_NULL, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    actor_label = models.CharField(max_length=255)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64)
    action = models.CharField(max_length=64)
    target = models.CharField(max_length=255)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["workspace", "created_at", "id"], name="audit_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.action} {self.target}"


def format_workspace_id(number: int) -> str:
    """Return `ws_` and the number in base 36."""
    return f"ws_{to_base36(number)}"


def parse_workspace_id(text: str) -> int | None:
    """Return the number behind a `ws_…`; None if it can be no workspace's."""
    match = _PUBLIC_ID.fullmatch(text)
    return int(match[1], 36) if match else None
