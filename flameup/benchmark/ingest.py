"""How fast events get in: the API beside an empty application and beside a bare COPY."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from flameup.benchmark import copying, filling, rows, wrk
from flameup.benchmark.database import (
    count_events,
    count_settled_events,
    empty_events,
    own_database,
)
from flameup.benchmark.machine import describe_machine
from flameup.benchmark.payloads import BATCH, write_batches, write_singles
from flameup.benchmark.report import Report
from flameup.benchmark.rows import CPU, Row
from flameup.benchmark.soak import soak
from flameup.benchmark.tenant import Tenant, create_tenant, ensure_people
from flameup.benchmark.usage import cpu_seconds, database_process, watching_memory
from flameup.benchmark.web import HELLO, PRODUCT, Web, running_web

TRACK = "/api/v1/track"
TRACK_BATCH = "/api/v1/track/batch"

# Of these there may be none.
_MAY_BE_ZERO = {"warm-up", "rows", "soak"}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """The options of the command line, by their names there."""

    seconds: int = 10
    warm_up: int = 2
    connections: int = 64
    workers: int = 1
    people: int = 20_000
    copy_rows: int = 100_000
    rows: int = 0
    soak: int = 0
    soak_people: int = 1_000_000
    allow_errors: bool = False


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options to the command line."""
    for name, text in (
        ("seconds", "length of each measured run"),
        ("warm-up", "seconds of load before each measured run"),
        ("connections", "connections that are kept alive"),
        ("workers", "web workers"),
        ("people", "people that the events are about, all known beforehand"),
        ("copy-rows", "rows of a COPY in bulk"),
        ("rows", "measure also on a table filled with so many events"),
        ("soak", "send so many events and watch the worker's memory"),
        ("soak-people", "people in the soak"),
    ):
        default = getattr(Options, name.replace("-", "_"))
        kind = _count if name in _MAY_BE_ZERO else _positive_count
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{text} ({default:,})")
    parser.add_argument("--allow-errors", action="store_true", help="count errors, do not fail")


def run(options: Options, say: Say) -> Report:
    """Measure everything in a database that is dropped at the end; `say` hears how far it is."""
    wrk.require_wrk()
    with own_database() as url, TemporaryDirectory(prefix="flameup-benchmark-") as folder:
        report = Report(describe_machine(), asdict(options))
        say(f"making {options.people:,} people")
        tenant = create_tenant()
        people = ensure_people(tenant.workspace_id, options.people)
        bench = _Bench(
            options, say, url, tenant, people, report, _Bodies.write(Path(folder), options.people)
        )
        bench.run()
    return report


def _count(text: str) -> int:
    number = int(text.replace("_", "").replace(",", ""))
    if number < 0:
        raise ValueError(text)
    return number


def _positive_count(text: str) -> int:
    number = _count(text)
    if number == 0:
        raise ValueError(text)
    return number


@dataclass(frozen=True)
class _Bodies:
    """The files of prepared bodies."""

    singles: Path
    single_ids: Path
    batches: Path
    batch_ids: Path
    batches_of_anyone: Path

    @classmethod
    def write(cls, folder: Path, people: int) -> "_Bodies":
        bodies = cls(*(folder / name for name in cls.__dataclass_fields__))
        write_singles(bodies.singles, people)
        write_singles(bodies.single_ids, people, with_ids=True)
        write_batches(bodies.batches, people)
        write_batches(bodies.batch_ids, people, with_ids=True)
        write_batches(bodies.batches_of_anyone, people, with_new_people=True)
        return bodies


@dataclass
class _Bench:
    """One run of everything; each measurement begins with an empty table of events."""

    options: Options
    say: Say
    url: str
    tenant: Tenant
    people: Mapping[str, UUID]
    report: Report
    bodies: _Bodies
    database: int | None = field(default_factory=database_process)

    def run(self) -> None:
        with running_web(HELLO, self.options.workers, {}) as web:
            self._measure(rows.HELLO, web, TRACK, self.bodies.singles, events_each=0)
        with self._product(edge=True) as web:
            single = self._measure(rows.SINGLE, web, TRACK, self.bodies.singles)
            self._measure(rows.SINGLE_IDS, web, TRACK, self.bodies.single_ids)
            self._batches(rows.BATCH, web, self.bodies.batches)
            self._batches(rows.BATCH_IDS, web, self.bodies.batch_ids)
            rate = single.requests_per_second / 2
            self._measure(rows.PACED, web, TRACK, self.bodies.singles, rate=rate)
        with running_web(HELLO, self.options.workers, {}) as web:
            # What of that latency is the machine's, and the load generator's.
            self._measure(
                rows.HELLO_PACED, web, TRACK, self.bodies.singles, events_each=0, rate=rate
            )
        with self._product(edge=False) as web:
            self._measure(rows.SINGLE_PLAIN, web, TRACK, self.bodies.singles)
        source = copying.Rows(self.tenant.workspace_id, self.people)
        self._copy(rows.COPY_CHUNKS, BATCH, source)
        self._copy(rows.COPY_BULK, self.options.copy_rows, source)
        if self.options.rows:
            self._run_filled()
        if self.options.soak:
            self._soak()

    def _run_filled(self) -> None:
        empty_events()
        filling.fill(self.tenant.workspace_id, self.options.rows, self.say)
        with self._product(edge=True) as web:
            self._measure(rows.FILLED_SINGLE, web, TRACK, self.bodies.singles, on_empty=False)
            self._batches(rows.FILLED_BATCH, web, self.bodies.batches, on_empty=False)

    def _product(self, *, edge: bool) -> AbstractContextManager[Web]:
        environment = {
            "DATABASE_URL": self.url,
            "FLAMEUP_EDGE": str(int(edge)),
            # With a consumer, without whom nothing is written to the outbox.
            "DJANGO_SETTINGS_MODULE": "flameup.benchmark.faults.settings",
        }
        return running_web(PRODUCT, self.options.workers, environment)

    def _batches(self, name: str, web: Web, bodies: Path, *, on_empty: bool = True) -> Row:
        return self._measure(name, web, TRACK_BATCH, bodies, events_each=BATCH, on_empty=on_empty)

    def _measure(
        self,
        name: str,
        web: Web,
        path: str,
        bodies: Path,
        *,
        events_each: int = 1,
        rate: float | None = None,
        on_empty: bool = True,
    ) -> Row:
        """Warm up, send for the measured seconds and count what is stored; return the row."""
        self.say(name)
        load = self._load(web.url_of(path), bodies, rate=rate)
        with self._counting(events_each, on_empty=on_empty) as runs:
            if self.options.warm_up:
                runs.append(wrk.run(load, self.options.warm_up))
                # What wrk has left open would be done at the cost of the measured run.
                count_settled_events(self.tenant.workspace_id)
            cpu, peak_memory = self._send(load, web, runs)
        row = _row(name, runs, cpu, peak_memory)
        self.report.rows.append(row)
        return row

    def _send(self, load: wrk.Load, web: Web, runs: list[wrk.Answers]) -> tuple[CPU, int | None]:
        """Send for the measured seconds, adding to the runs; return what that took."""
        web_before, database_before = cpu_seconds(web.process_id), cpu_seconds(self.database)
        with watching_memory(web.process_id) as peak:
            answers = wrk.run(load, self.options.seconds)
        cpu = CPU(
            web=_share(web_before, cpu_seconds(web.process_id), answers.seconds),
            database=_share(database_before, cpu_seconds(self.database), answers.seconds),
            load=answers.cpu_seconds / answers.seconds,
        )
        runs.append(answers)
        return cpu, peak.resident or None

    def _load(
        self, url: str, bodies: Path, *, rate: float | None = None, people: int | None = None
    ) -> wrk.Load:
        return wrk.Load(url, self.tenant.token, bodies, self.options.connections, rate, people)

    @contextmanager
    def _counting(self, events_each: int, *, on_empty: bool = True) -> Iterator[list[wrk.Answers]]:
        """Yield a list for the runs; then compare what they had accepted with what is stored."""
        before = self._begin(on_empty=on_empty)
        runs: list[wrk.Answers] = []
        yield runs
        if events_each:
            self._note(runs, events_each, before)

    def _begin(self, *, on_empty: bool = True) -> int:
        """Empty the table unless it shall stay; return how many events are in it."""
        if on_empty:
            empty_events()
        return count_events(self.tenant.workspace_id)

    def _note(self, runs: list[wrk.Answers], events_each: int, before: int) -> None:
        # Whatever was open at the end of each run, and whatever failed, may be stored or not.
        doubtful = sum(self.options.connections + sum(run.errors.values()) for run in runs)
        self.report.ledger.note(
            acknowledged=sum(run.accepted for run in runs),
            stored=count_settled_events(self.tenant.workspace_id) - before,
            unsure=doubtful * events_each,
        )

    def _copy(self, name: str, chunk: int, source: copying.Rows) -> None:
        self.say(name)
        self._begin()
        run = copying.copy_for(
            self.options.seconds,
            chunk,
            url=self.url,
            rows=source,
            count=self.options.copy_rows,
            database=self.database,
        )
        stored = count_events(self.tenant.workspace_id)
        self.report.ledger.note(acknowledged=run.rows, stored=stored)
        database = None if self.database is None else run.database_cpu / run.seconds
        self.report.rows.append(
            Row(
                name=name,
                requests_per_second=len(run.commits) / run.seconds,
                events_per_second=run.rows / run.seconds,
                latency=run.latency(),
                cpu=CPU(database=database, load=run.client_cpu / run.seconds),
            )
        )

    def _soak(self) -> None:
        with self._product(edge=True) as web, self._counting(BATCH) as runs:
            url, people = web.url_of(TRACK_BATCH), self.options.soak_people
            load = self._load(url, self.bodies.batches_of_anyone, people=people)
            self.report.soak, answers = soak(load, self.options.soak, web.process_id, self.say)
            runs.append(answers)


def _row(name: str, runs: list[wrk.Answers], cpu: CPU, peak_memory: int | None) -> Row:
    """Return what the last run was like, and what went wrong in any of them."""
    answers = runs[-1]
    return Row(
        name=name,
        requests_per_second=answers.requests / answers.seconds,
        events_per_second=answers.accepted / answers.seconds,
        latency=answers.latency,
        cpu=cpu,
        peak_memory=peak_memory,
        errors=sum((Counter(run.errors) for run in runs), Counter()),
    )


def _share(before: float | None, after: float | None, seconds: float) -> float | None:
    return None if before is None or after is None else (after - before) / seconds
