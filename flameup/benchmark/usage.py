"""How much processor time and memory processes use, as Linux tells it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from django.db import connection

from flameup.processes import children_of

_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 0.2
_KIBIBYTE = 1024
_LOCAL = ("localhost", "127.", "::1", "/")


@dataclass(frozen=True)
class Memory:
    """Memory of a process in bytes.

    `resident` is all that it has in memory, `proportional` (PSS) counts what n
    processes share as an n-th, and `private` is what only this one has.
    """

    resident: int
    proportional: int
    private: int


def cpu_seconds(root: int | None) -> float | None:
    """Return the processor time of a process and all its descendants; None if it cannot be seen.

    Children that have ended count from when their parent has collected them.
    """
    if root is None or (times := _times(root)) is None:
        return None
    # Of the others the ended children are left out, which are few and short.
    below = (_times(process_id) or (0.0, 0.0) for process_id in descendants(root))
    return sum(times) + sum(own for own, _ in below)


def descendants(root: int) -> Iterator[int]:
    """Yield the ids of the processes below this one."""
    for child in children_of(root):
        yield child
        yield from descendants(child)


def database_process() -> int | None:
    """Return the id of the database server's first process, if it runs on this machine."""
    if not str(connection.settings_dict["HOST"] or "/").startswith(_LOCAL):
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = Path(f"/proc/{cursor.fetchone()[0]}")
    try:
        # In a container the server counts its processes otherwise than we do.
        if not (backend / "comm").read_text().startswith("postgres"):
            return None
        return int(_stat_fields(backend)[1])
    except OSError:
        return None


def memory_of(process_id: int) -> Memory | None:
    """Return what a process has in memory; None where Linux does not tell."""
    try:
        lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return None
    sizes = {line.split(":")[0]: int(line.split()[1]) * _KIBIBYTE for line in lines}
    private = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return Memory(sizes["Rss"], sizes["Pss"], private)


def largest_below(root: int) -> int | None:
    """Return the id of the descendant that has most in memory: a server's busiest worker."""
    return max(descendants(root), key=resident_bytes, default=None)


def resident_bytes(process_id: int) -> int:
    """Return the resident memory of a process; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Peak:
    """The most bytes that one of the watched processes had in memory."""

    resident: int = 0
    stopping: Event = field(default_factory=Event)

    def watch(self, process_ids: list[int]) -> None:
        """Look again and again until `stopping` is set."""
        while not self.stopping.wait(_SAMPLE_SECONDS):
            self.resident = max(self.resident, *map(resident_bytes, process_ids))


@contextmanager
def watching_memory(root: int) -> Iterator[Peak]:
    """Watch the descendants of a process meanwhile."""
    process_ids = list(descendants(root))
    peak = Peak(max(map(resident_bytes, process_ids), default=0))
    watcher = Thread(target=peak.watch, args=(process_ids or [root],), daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        peak.stopping.set()
        watcher.join()


def _times(process_id: int) -> tuple[float, float] | None:
    """Return the seconds that a process has used, and those of its children that have ended."""
    try:
        ticks = [int(text) for text in _stat_fields(Path(f"/proc/{process_id}"))[11:15]]
    except OSError:
        return None
    return sum(ticks[:2]) / _TICKS, sum(ticks[2:]) / _TICKS


def _stat_fields(process: Path) -> list[bytes]:
    """Return the fields of its `stat` from the third on: state, parent, …"""
    return (process / "stat").read_bytes().rpartition(b")")[2].split()
