"""What was sent and what was answered, written down outside of what is being broken."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Lock


class Outcome(StrEnum):
    """What a client knows of an event.

    `FAILED` is a refusal (4xx but 429), after which it must not be stored. `UNKNOWN` is
    everything else that is no success: an error of the server, or no answer at all.
    """

    SENT = "sent"
    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass
class Tally:
    """The ids of the events of each outcome; one may be in several, if it was sent again."""

    sent: set[str] = field(default_factory=set)
    ok: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def of(self, outcome: Outcome) -> set[str]:
        """Return the ids of this outcome."""
        found: set[str] = getattr(self, outcome)
        return found


class Ledger:
    """A file of lines: an outcome, and the ids of events.

    A line is on disk when `note` returns; those of many threads share an fsync.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = Lock()
        self._flushing = Lock()
        self._lines: list[str] = []
        self._noted = self._flushed = 0

    def note(self, outcome: Outcome, ids: Iterable[str]) -> None:
        """Write down what is known of these events now."""
        with self._lock:
            self._lines.append(f"{outcome} {' '.join(ids)}\n")
            self._noted += 1
            mine = self._noted
        with self._flushing:
            if self._flushed < mine:
                self._flush()

    def _flush(self) -> None:
        with self._lock:
            lines, self._lines, noted = self._lines, [], self._noted
        os.write(self._descriptor, "".join(lines).encode())
        os.fsync(self._descriptor)
        self._flushed = noted

    def read(self) -> Tally:
        """Return what stands in the file."""
        tally = Tally()
        for line in self.file.read_text().splitlines():
            outcome, *ids = line.split()
            tally.of(Outcome(outcome)).update(ids)
        return tally

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


@contextmanager
def open_ledger(file: Path) -> Iterator[Ledger]:
    """Open a ledger meanwhile."""
    ledger = Ledger(file)
    try:
        yield ledger
    finally:
        ledger.close()
