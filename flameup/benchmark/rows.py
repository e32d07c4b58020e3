"""What was measured, a row for each way of getting events in, and how the ways compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

HELLO = "hello world"
SINGLE = "single, edge on"
SINGLE_PLAIN = "single, edge off"
SINGLE_IDS = "single, edge on, message ids"
BATCH = "batches of 100"
BATCH_IDS = "batches of 100, message ids"
PACED = "single, half of the rate"
HELLO_PACED = "hello world, at that rate"
COPY_CHUNKS = "COPY in chunks of 100"
COPY_BULK = "COPY in bulk"
FILLED_SINGLE = "single, filled table"
FILLED_BATCH = "batches of 100, filled table"

REQUESTS, EVENTS = "requests_per_second", "events_per_second"

# Name, the row above the line, the row below it, and what is divided.
RATIOS = (
    ("single, edge on ÷ hello world", SINGLE, HELLO, REQUESTS),
    ("single, edge off ÷ hello world", SINGLE_PLAIN, HELLO, REQUESTS),
    ("batches ÷ COPY in chunks of 100", BATCH, COPY_CHUNKS, EVENTS),
    ("batches ÷ COPY in bulk", BATCH, COPY_BULK, EVENTS),
    ("single, filled ÷ empty table", FILLED_SINGLE, SINGLE, EVENTS),
    ("batches, filled ÷ empty table", FILLED_BATCH, BATCH, EVENTS),
)


@dataclass(frozen=True)
class CPU:
    """Processor time as a share of one core (1.5 is one and a half cores); None is unknown.

    `load` is what makes the load: wrk, or this process where it copies.
    """

    web: float | None = None
    database: float | None = None
    load: float | None = None


@dataclass(frozen=True)
class Row:
    """One measured run.

    `latency` is in milliseconds, by "p50" and so on; `peak_memory` is the most
    bytes a web worker had in memory; `errors` counts by status or socket error.
    """

    name: str
    requests_per_second: float
    events_per_second: float
    latency: Mapping[str, float]
    cpu: CPU = CPU()
    peak_memory: int | None = None
    errors: Mapping[str, int] = field(default_factory=dict)


def ratios_of(rows: Sequence[Row]) -> dict[str, float]:
    """Return every ratio of which both rows are there."""
    by_name = {row.name: row for row in rows}
    return {
        name: getattr(by_name[above], measure) / getattr(by_name[below], measure)
        for name, above, below, measure in RATIOS
        if above in by_name and below in by_name and getattr(by_name[below], measure)
    }


@dataclass
class Ledger:
    """What was acknowledged, and what is in the table: the one must be the other.

    wrk abandons the requests that are open when its time is over, and what
    failed may be stored all the same; `unsure` is how many events these are at most.
    `missing` and `surplus` are summed run by run, so that no run makes up for another.
    """

    acknowledged: int = 0
    stored: int = 0
    unsure: int = 0
    missing: int = 0
    surplus: int = 0

    def note(self, *, acknowledged: int, stored: int, unsure: int = 0) -> None:
        """Enter a run."""
        self.acknowledged += acknowledged
        self.stored += stored
        self.unsure += unsure
        self.missing += max(acknowledged - stored, 0)
        self.surplus += max(stored - acknowledged - unsure, 0)

    def complaint(self) -> str | None:
        """Return what is wrong; None if nothing is."""
        if self.missing:
            return f"{self.missing:,} acknowledged events are not stored"
        if self.surplus:
            return f"{self.surplus:,} events are stored that nobody can have sent"
        return None
