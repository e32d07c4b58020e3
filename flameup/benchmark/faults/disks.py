"""Disks that run full: small ones in memory, for the database's data and for its log."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flameup.benchmark.faults.errors import Unavailable

DATA_MEGABYTES, LOG_MEGABYTES = 300, 160
_BLOCK = bytes(1024 * 1024)
_SMALLEST = 4096


class Disk:
    """A small file system, which can be filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leave no space on it meanwhile."""
        self._fill()
        try:
            yield
        finally:
            self._ballast.unlink()

    def _fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            size = len(_BLOCK)
            while size >= _SMALLEST:
                try:
                    file.write(_BLOCK[:size])
                except OSError:
                    size //= 2


class Disks:
    """The disk with the database's data, and the one with its write-ahead log."""

    def __init__(self, data: Disk, log: Disk) -> None:
        self.data = data
        self.log = log


@contextmanager
def two_disks(folder: Path) -> Iterator[Disks]:
    """Mount two disks meanwhile; raises Unavailable where that is not allowed."""
    with ExitStack() as mounted:
        yield Disks(
            mounted.enter_context(_mounted(folder / "data", DATA_MEGABYTES)),
            mounted.enter_context(_mounted(folder / "log", LOG_MEGABYTES)),
        )


@contextmanager
def _mounted(folder: Path, megabytes: int) -> Iterator[Disk]:
    folder.mkdir(parents=True)
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs", str(folder)]
    done = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode or os.geteuid():
        raise Unavailable(f"no disk can be mounted: {done.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607
