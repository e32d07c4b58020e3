"""What a first start makes and every later one finds again: accounts, keys, the demo's progress."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from flameup.data_folder import write_private
from workspaces.audit import Actor
from workspaces.authentication import find_api_key
from workspaces.models import User, Workspace
from workspaces.scopes import ALL_SCOPES
from workspaces.services import create_api_key, create_user, create_workspace

ADMIN_EMAIL = "admin@flameup.local"
RATE_LIMIT = 1_000_000


@dataclass
class Access:
    """A workspace and a key to it."""

    workspace_id: str = ""
    api_key: str = ""


@dataclass
class Installation:
    """The contents of `quickstart.json`, which only its owner may read."""

    file: Path
    email: str = ADMIN_EMAIL
    password: str = ""
    first: Access = field(default_factory=Access)
    demo: Access = field(default_factory=Access)
    demo_ends_at: str = ""
    demo_sent: int = 0
    is_demo_done: bool = False
    is_password_changed: bool = False

    @classmethod
    def read(cls, file: Path) -> "Installation":
        """Return what an earlier start wrote, or a blank one."""
        if not file.exists():
            return cls(file)
        kept: dict[str, Any] = json.loads(file.read_text())
        kept |= {name: Access(**kept[name]) for name in ("first", "demo")}
        return cls(file, **kept)

    def save(self) -> None:
        """Write all of it to the file."""
        kept = asdict(self)
        del kept["file"]
        write_private(self.file, json.dumps(kept, indent=2) + "\n")

    def ensure_access(self, *, with_demo: bool) -> None:
        """Make the user, workspaces and keys that are missing, and keep them in the file."""
        owner = self._ensure_admin()
        self._ensure_workspace(self.first, "My workspace", owner)
        if with_demo and self._ensure_workspace(self.demo, "Demo", owner):
            self.demo_ends_at, self.demo_sent, self.is_demo_done = "", 0, False
        self.save()

    def _ensure_admin(self) -> User:
        """Return the admin; the password that its owner has since changed stays changed."""
        user = User.objects.filter(email__iexact=self.email).first()
        if user is not None and self.password:
            self.is_password_changed = not user.check_password(self.password)
            return user
        self.is_password_changed = False
        self.password = self.password or secrets.token_urlsafe(12)
        # Kept before it is needed: a start that dies in between must not lose it.
        self.save()
        if user is None:
            return create_user(email=self.email, password=self.password, is_operator=True)
        user.set_password(self.password)
        user.save(update_fields=["password"])
        return user

    def _ensure_workspace(self, access: Access, name: str, owner: User) -> bool:
        """Make sure that the access works; return whether the workspace is a new one."""
        api_key = find_api_key(access.api_key) if access.api_key else None
        if api_key is not None:
            return False
        mine = {workspace.public_id: workspace for workspace in owner.workspaces.all()}
        # Kept in the file before it is in the database: a start that dies in between finds nothing
        # by these and makes another workspace, while one that is not kept would be made twice.
        with transaction.atomic():
            workspace = mine.get(access.workspace_id)
            is_new = workspace is None
            workspace = workspace or create_workspace(name=name, owner=owner)
            access.workspace_id = workspace.public_id
            access.api_key = self._new_key(workspace, owner)
            self.save()
        return is_new

    def _new_key(self, workspace: Workspace, owner: User) -> str:
        return create_api_key(
            workspace=workspace,
            name="Quickstart",
            scopes=ALL_SCOPES,
            rate_limit=RATE_LIMIT,
            by=Actor(owner.email, owner),
        )[1]
