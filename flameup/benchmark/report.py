"""What a benchmark says in the end: a table for people, or one JSON document."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from flameup.benchmark.rows import Ledger, Row, ratios_of
from flameup.benchmark.soak import Sample, Soak

_MEBIBYTE = 2**20
_BUSY = 0.95
_VERDICTS = {True: "level", False: "RISING", None: "too short to tell"}

_COLUMNS = (
    "", "requests/s", "events/s", "p50 ms", "p95 ms", "p99 ms", "web CPU %", "database CPU %",
    "load CPU %", "worker MiB",
)  # fmt: skip


@dataclass
class Report:
    """All that was measured; `options` are those of the command line."""

    machine: dict[str, Any]
    options: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    soak: Soak | None = None

    def complaints(self, *, allow_errors: bool) -> list[str]:
        """Return the reasons for which the run has failed."""
        wrong = _failures(self.rows)
        if self.soak is not None and self.soak.errors:
            wrong.append(f"soak: {_counts(self.soak.errors)}")
        return [*([] if allow_errors else wrong), *filter(None, [self.ledger.complaint()])]

    def as_document(self) -> dict[str, Any]:
        """Return everything as values of JSON."""
        return {
            "machine": self.machine,
            "options": self.options,
            "rows": [asdict(row) for row in self.rows],
            "ratios": ratios_of(self.rows),
            "ledger": asdict(self.ledger),
            "soak": None if self.soak is None else _soak_document(self.soak),
        }

    def as_text(self) -> str:
        """Return everything as aligned lines."""
        parts = [
            _machine_lines(self.machine),
            _aligned([_COLUMNS, *map(_cells, self.rows)]),
            _notes(self.rows),
            _aligned([(name, f"{ratio:.3f}") for name, ratio in ratios_of(self.rows).items()]),
            _ledger_lines(self.ledger),
            [] if self.soak is None else _soak_lines(self.soak),
        ]
        return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _machine_lines(machine: dict[str, Any]) -> list[str]:
    memory = machine["memory_bytes"] / 2**30
    settings = [f"{name} {value}" for name, value in machine["database"].items()]
    return [
        f"{machine['processor']}, {machine['cores']} cores, {memory:.0f} GiB",
        f"{machine['system']}, load average {machine['load_average']} before the start",
        f"Python {machine['python']}",
        f"PostgreSQL: {', '.join(settings)}",
    ]


def _cells(row: Row) -> tuple[str, ...]:
    shares = (row.cpu.web, row.cpu.database, row.cpu.load)
    return (
        row.name,
        f"{row.requests_per_second:,.0f}",
        f"{row.events_per_second:,.0f}",
        *(f"{row.latency[name]:,.1f}" for name in ("p50", "p95", "p99")),
        *("-" if share is None else f"{share * 100:.0f}" for share in shares),
        "-" if row.peak_memory is None else f"{row.peak_memory / _MEBIBYTE:.1f}",
    )


def _notes(rows: Sequence[Row]) -> list[str]:
    """Return what keeps a row from being taken at face value."""
    limited = [
        f"{row.name}: wrk was as busy as it can be; the server could do more"
        for row in rows
        if row.cpu.web is not None and (row.cpu.load or 0) > _BUSY
    ]
    return _failures(rows) + limited


def _failures(rows: Sequence[Row]) -> list[str]:
    return [f"{row.name}: {_counts(row.errors)}" for row in rows if row.errors]


def _counts(errors: Mapping[str, int]) -> str:
    return "errors: " + ", ".join(f"{count:,} of {name}" for name, count in errors.items())


def _ledger_lines(ledger: Ledger) -> list[str]:
    return [
        f"Acknowledged {ledger.acknowledged:,} events, stored {ledger.stored:,}.",
        f"Up to {ledger.unsure:,} more were under way when wrk stopped: "
        + (ledger.complaint() or "as it must be."),
    ]


def _soak_lines(soak: Soak) -> list[str]:
    head = ("events", "resident MiB", "proportional MiB", "private MiB")
    verdict = _VERDICTS[soak.is_level()]
    peak = soak.peak
    return [
        *_aligned([head, *map(_sample_cells, soak.shown())]),
        f"Peak: {peak.memory.resident / _MEBIBYTE:.1f} MiB after {peak.events:,} events.",
        f"The last third of {len(soak.samples)} samples is {verdict}.",
    ]


def _sample_cells(sample: Sample) -> tuple[str, ...]:
    memory = sample.memory
    sizes = (memory.resident, memory.proportional, memory.private)
    return (f"{sample.events:,}", *(f"{size / _MEBIBYTE:.1f}" for size in sizes))


def _soak_document(soak: Soak) -> dict[str, Any]:
    return {
        "samples": [asdict(sample) for sample in soak.samples],
        "errors": dict(soak.errors),
        "peak": asdict(soak.peak),
        "is_level": soak.is_level(),
    }


def _aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Return the cells as lines: the first column to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
