"""A clock of the application that can be put back and forth.

The processes that are given its `environment` ask a file how wrong it is. That it is
theirs alone, and not the machine's, is what happens where one machine of several has
a wrong clock.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone

_VARIABLE = "FLAMEUP_FAULTS_CLOCK"
_CACHED_SECONDS = 0.2


class Clock:
    """The clock of the processes that have its `environment`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._write(0)
        self.environment = {_VARIABLE: str(file)}

    def set(self, moment: datetime | None) -> None:
        """Have it be this moment now, or the true one, by the time this returns."""
        self._write(0 if moment is None else (moment - datetime.now(UTC)).total_seconds())
        time.sleep(2 * _CACHED_SECONDS)

    def _write(self, offset: float) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(str(offset))
        draft.replace(self._file)


def install() -> None:
    """Have this process go by the clock in its environment, if there is any."""
    if file := os.environ.get(_VARIABLE):
        # The one module that asks for the time past Django.
        from events.api import track  # noqa: PLC0415 (once the apps are there)

        offset, true_time, true_now = _offset_in(Path(file)), time.time, timezone.now
        time.time = lambda: true_time() + offset()
        timezone.now = lambda: true_now() + timedelta(seconds=offset())
        track.now = lambda: datetime.now(UTC) + timedelta(seconds=offset())  # type: ignore[assignment]


def _offset_in(file: Path) -> Callable[[], float]:
    """Return what tells the seconds in a file, read anew a few times a second."""
    seconds, read_at = 0.0, -1.0

    def offset() -> float:
        nonlocal seconds, read_at
        if (now := time.monotonic()) > read_at + _CACHED_SECONDS:
            seconds, read_at = float(file.read_text()), now
        return seconds

    return offset
