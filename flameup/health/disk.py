"""Is there room left on the disk of the data folder?"""

import os
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from flameup import env
from flameup.postgres.layout import Layout

_MIB = 1024 * 1024
# Whichever is less: a part of a small disk, so many bytes of a large one. PostgreSQL ends itself
# when it cannot write its log any more, so the process stops taking events while there is room
# for some segments of it (16 MiB each), for a checkpoint and for the deletion of what can go.
_FULL_PART, _FULL_BYTES = 0.01, 200 * _MIB
_LOW_PART, _LOW_BYTES = 0.1, 2048 * _MIB


class Disk(NamedTuple):
    """The room on a disk, in bytes; `free` is what others than root may use."""

    size: int
    free: int

    @classmethod
    def of(cls, folder: Path) -> "Disk":
        """Return the room on the disk of a folder."""
        found = os.statvfs(folder)
        return cls(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)

    @property
    def is_full(self) -> bool:
        return self.free < min(self.size * _FULL_PART, _FULL_BYTES)

    @property
    def is_low(self) -> bool:
        return self.free < min(self.size * _LOW_PART, _LOW_BYTES)


def problems() -> list[str]:
    """Return that the disk of the embedded database is full.

    Another database has a disk of its own, and then a full data folder is a warning.
    """
    if env.string("DATABASE_URL"):
        return []
    disk = _disk()
    return [_told(disk)] if disk.is_full else []


def warnings() -> list[str]:
    """Return that the disk of the data folder fills up."""
    disk = _disk()
    return [_told(disk)] if disk.is_low else []


def _disk() -> Disk:
    cluster = Layout(settings.DATA_DIR).cluster
    return Disk.of(cluster if cluster.exists() else settings.DATA_DIR)


def _told(disk: Disk) -> str:
    return f"The disk of {settings.DATA_DIR} has only {disk.free // _MIB:,} MiB left."
