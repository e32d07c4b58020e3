"""The user that PostgreSQL runs as: ourselves, or a system user when we are root."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flameup.postgres.errors import PostgresError

SYSTEM_USER = "flameup"
_USERADD_ATTEMPTS = 10


@dataclass(frozen=True)
class Account:
    """A user of this machine; `is_other` means that we are root and hand processes over to it."""

    uid: int
    gid: int
    is_other: bool

    @property
    def process_options(self) -> dict[str, Any]:
        """Return what `subprocess` needs to run a process as this user."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Make this user the owner of a file or folder that we have just made."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def can(self, test: str, path: Path) -> bool:
        """Tell whether this user passes a test of the shell, such as `-x`, on the path."""
        command: Sequence[str] = ("/bin/sh", "-c", f'test {test} "$1"', "sh", str(path))
        return subprocess.run(command, cwd="/", check=False, **self.process_options).returncode == 0


def server_account(cluster: Path) -> Account:
    """Return the user to run the server as, creating the system user where it is needed.

    A cluster that exists keeps its owner, so that root can use what another user has made.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_other=False)
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, is_other=True)
    entry = _find_system_user() or _create_system_user()
    return Account(entry.pw_uid, entry.pw_gid, is_other=True)


def _find_system_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _create_system_user() -> pwd.struct_passwd:
    """Create the user; another start may do so at this moment, or hold the file of users."""
    program = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise PostgresError(
            "PostgreSQL refuses to run as root, and there is no `useradd` to create a user for it. "
            f"Create a system user named {SYSTEM_USER!r}, start as an ordinary user, or set "
            "DATABASE_URL."
        )
    shell = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin") or "/bin/false"
    command = [program, "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", shell, SYSTEM_USER]
    for _ in range(_USERADD_ATTEMPTS):
        attempt = subprocess.run(command, check=False, capture_output=True, text=True)
        if (entry := _find_system_user()) is not None:
            return entry
        time.sleep(0.2)
    raise PostgresError(f"The system user {SYSTEM_USER!r} cannot be created: {attempt.stderr}")
