"""Where the embedded server keeps its things, all of it computed from the data folder."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

DATABASE = ROLE = "flameup"
PORT = "5432"  # only part of the socket's name: the server listens on no network

# A socket's path has 108 bytes in Linux and 104 in macOS, one of them for the final zero.
_LONGEST_SOCKET_PATH = 103
_SOCKET_NAME = f".s.PGSQL.{PORT}"


@dataclass(frozen=True)
class Layout:
    """The files and folders of one embedded server."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def draft(self) -> Path:
        """The folder a cluster is made in, before it gets its name."""
        return self.data_dir / "postgres.draft"

    @property
    def passfile(self) -> Path:
        return self.data_dir / "postgres.password"

    @property
    def log_folder(self) -> Path:
        return self.data_dir / "log" / "postgresql"

    @property
    def start_log(self) -> Path:
        """What the server wrote before it opened its own log."""
        return self.log_folder / "start.log"

    @property
    def owner_lock(self) -> Path:
        """Held by whoever runs the server, and by the server itself."""
        return self.data_dir / "postgres.owner.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by the commands that use the server; exclusive in order to stop it."""
        return self.data_dir / "postgres.users.lock"

    @cached_property
    def socket_folder(self) -> Path:
        """A folder in the data folder or, when that path is too long, one of `/tmp`."""
        near = self.data_dir / "postgres.socket"
        # libpq takes a comma for the next of several hosts.
        is_usable = "," not in str(near)
        if is_usable and len(os.fsencode(near / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
            return near
        digest = hashlib.sha256(os.fsencode(self.data_dir.resolve())).hexdigest()[:16]
        return _temporary_root() / f"flameup-{os.geteuid()}-{digest}"


def _temporary_root() -> Path:
    """Return the folder for temporary files that every process of this machine agrees on.

    `TMPDIR` may differ between the server and a command, and may be closed to the server's user.
    """
    shared = Path("/tmp")  # noqa: S108 (the folder in it is checked to be ours)
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())
