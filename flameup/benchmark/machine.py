"""What a benchmark ran on, without which its figures say nothing."""

import os
import platform
from pathlib import Path
from typing import Any

from flameup.benchmark.database import setting

_DATABASE_SETTINGS = (
    "server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers",
    "max_wal_size",
)  # fmt: skip


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, memory, load before the start, versions, the database's settings."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "load_average": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "database": {name: setting(name) for name in _DATABASE_SETTINGS},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
