"""The yardstick: what psycopg's COPY does with the same rows, without people to find or answers."""

import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from uuid import UUID

import psycopg
from django.utils import timezone

from events.ingest.decode import Envelope, decode_item
from flameup.api.ids import uuid7
from flameup.benchmark.payloads import event_fields, start_of_spread
from flameup.benchmark.usage import cpu_seconds

_COPY = (
    "COPY events_event (workspace_id, id, person_id, event, timestamp, created_at, source,"
    " parameters, context) FROM STDIN"
)

EventRow = tuple[object, ...]


@dataclass
class CopyRun:
    """What copying took, the making of rows left out: seconds, and those of each commit."""

    rows: int = 0
    seconds: float = 0.0
    client_cpu: float = 0.0
    database_cpu: float = 0.0
    commits: list[float] = field(default_factory=list)

    def latency(self) -> dict[str, float]:
        """Return the percentiles of a commit in milliseconds."""
        times = sorted(self.commits)
        found = {
            f"p{percent}": times[len(times) * percent // 100] * 1000 for percent in (50, 90, 95, 99)
        }
        return found | {"max": times[-1] * 1000}


class Rows:
    """Makes rows of events like those of the API: it has decoded them, but for their ids."""

    def __init__(self, workspace_id: int, people: Mapping[str, UUID]) -> None:
        envelope = Envelope(workspace_id, timezone.now(), "api")
        start = start_of_spread()
        self._items = [
            decode_item(event_fields(number, start, len(people)), envelope)
            for number in range(len(people))
        ]
        self._people = people

    def make(self, count: int) -> list[EventRow]:
        """Return so many rows with ids of their own."""
        return [
            (
                item.workspace_id,
                uuid7(item.timestamp),
                self._people[item.person.value],
                item.event,
                item.timestamp,
                item.received_at,
                item.source,
                item.parameters,
                item.context,
            )
            for item in islice(cycle(self._items), count)
        ]


def copy_for(
    seconds: int, chunk: int, *, url: str, rows: Rows, count: int, database: int | None
) -> CopyRun:
    """Copy rounds of `count` rows, a commit for each chunk, for at least so many seconds.

    `database` is the process id of the server, if its processor time can be seen.
    """
    run = CopyRun()
    with psycopg.connect(url) as connection:
        while run.seconds < seconds:
            _copy(connection, rows.make(count), chunk, run, database)
    return run


def _copy(
    connection: "psycopg.Connection",
    rows: Sequence[EventRow],
    chunk: int,
    run: CopyRun,
    database: int | None,
) -> None:
    """Copy the rows and add what that took to the run."""
    client, server = _own_cpu(), cpu_seconds(database) or 0.0
    start = end = time.perf_counter()
    for first in range(0, len(rows), chunk):
        with connection.cursor().copy(_COPY) as copy:
            for row in rows[first : first + chunk]:
                copy.write_row(row)
        connection.commit()
        begun, end = end, time.perf_counter()
        run.commits.append(end - begun)
    run.rows += len(rows)
    run.seconds += end - start
    run.client_cpu += _own_cpu() - client
    run.database_cpu += (cpu_seconds(database) or 0.0) - server


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
