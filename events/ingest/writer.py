"""Group commit: one thread of each web process stores what all its requests bring.

It takes everything that has arrived, stores it in one transaction and answers all
the requests at once; while it commits, the next group gathers. There is no timer:
an idle server commits at once.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic

import structlog
from django.db import DatabaseError, InterfaceError, connection

from events.ingest.items import Item, Outcome
from events.ingest.jobs import Job, Line, Result
from events.ingest.salvage import store_apart, store_rest
from flameup.api.errors import Overloaded, TemporarilyUnavailable

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 10.0
MAX_WAITING_BYTES = 64 * 1024 * 1024
# The last job may bring a group above this.
MAX_GROUP_ITEMS = 1_000

_TICK_SECONDS = 0.25
_LONGEST_GATHERING_SECONDS = 0.01
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 0.5


class Writer:
    """Stores jobs in groups, in a thread that the first job starts.

    A job is answered within PATIENCE_SECONDS: with TemporarilyUnavailable when
    the database could not be reached so long, or does not answer. What has not
    begun to be stored by then never is; of the rest it is not known.
    """

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._incoming: SimpleQueue[list[Job] | None] = SimpleQueue()
        self._gathered: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        self._lock = Lock()
        # In the order in which they came; whoever takes a job out answers it.
        self._deadlines: dict[Job, float] = {}
        # Of jobs that were given up as well, until the writer has let go of them.
        self._waiting_bytes = 0
        self._thread: Thread | None = None
        self._is_closed = False
        self._stopped = Event()

    def submit(self, items: Sequence[Item]) -> list[Outcome]:
        """Store items of one request and wait for it; raises TemporarilyUnavailable."""
        answered = Event()
        results: list[Result] = []

        def answer(result: Result) -> None:
            results.append(result)
            answered.set()

        self._put([Job(items, answer)])
        answered.wait()
        if isinstance(results[0], Exception):
            raise results[0]
        return list(results[0])

    def submit_soon(self, items: Sequence[Item]) -> asyncio.Future[Sequence[Outcome]]:
        """Store items of one request; the future of the running loop is done when they are."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        job = Job(items, partial(_settle, future), loop)
        if (gathered := self._gathered.get(loop)) is not None:
            gathered.append(job)
        else:
            self._gathered[loop] = [job]
            loop.call_soon(self._hand_over, loop, 0, monotonic() + _LONGEST_GATHERING_SECONDS)
        return future

    def _hand_over(self, loop: asyncio.AbstractEventLoop, seen: int, end: float) -> None:
        """Put in line what the loop has gathered, once it has a turn in which nothing comes.

        While its requests keep it busy, the writer would only take the interpreter's
        lock from it, a few of its microseconds at a time, for the sake of small groups.
        """
        count = len(self._gathered[loop])
        if seen < count < MAX_GROUP_ITEMS and monotonic() < end:
            loop.call_soon(self._hand_over, loop, count, end)
            return
        jobs = self._gathered.pop(loop)
        try:
            self._put(jobs)
        except Exception as error:  # noqa: BLE001 (whatever it is, they wait for an answer)
            _answer_all([(job, error) for job in jobs])

    def drain(self, seconds: float) -> bool:
        """Take no more jobs, and wait until those in line are answered; say whether they are."""
        with self._lock:
            self._is_closed = True
        end = monotonic() + seconds
        while self._deadlines and monotonic() < end:
            self._stopped.wait(_FIRST_PAUSE_SECONDS)
        self._stopped.set()
        self._incoming.put(None)
        if self._thread is not None:
            self._thread.join(max(end - monotonic(), 0))
        return not self._deadlines

    def _put(self, jobs: list[Job]) -> None:
        """Put jobs in line, all or none; raises TemporarilyUnavailable."""
        size = sum(job.size for job in jobs)
        with self._lock:
            if self._is_closed:
                raise TemporarilyUnavailable
            if self._waiting_bytes and self._waiting_bytes + size > MAX_WAITING_BYTES:
                raise Overloaded
            if self._thread is None:
                self._start()
            self._deadlines.update(dict.fromkeys(jobs, monotonic() + self._patience))
            self._waiting_bytes += size
        self._incoming.put(jobs)

    def _start(self) -> None:
        # They hold up no exit: whoever stops the process drains first.
        Thread(target=self._watch, name="ingest-watch", daemon=True).start()
        thread = Thread(target=self._write, name="ingest-writer", daemon=True)
        thread.start()
        # Only now: where the system has no thread to give, the next job tries again.
        self._thread = thread

    def _write(self) -> None:
        line = Line()
        while self._gather(line):
            jobs = line.take(MAX_GROUP_ITEMS)
            try:
                self._store(jobs)
            except Exception as error:
                log.exception("a group of events could not be stored")
                self._answer((job, error) for job in jobs)
            with self._lock:
                self._waiting_bytes -= sum(job.size for job in jobs)
        connection.close()

    def _gather(self, line: Line) -> bool:
        """Put what has arrived in line, waiting for it where there is none; False at the end."""
        try:
            jobs = self._incoming.get(block=not line)
            while jobs is not None:
                for job in jobs:
                    line.add(job)
                jobs = self._incoming.get_nowait()
        except Empty:
            return True
        # The end is to be found again once the line is empty.
        self._incoming.put(None)
        return bool(line)

    def _store(self, jobs: list[Job]) -> None:
        store, pause = store_apart, _FIRST_PAUSE_SECONDS
        # Those that were given up meanwhile are left out.
        while jobs := [job for job in jobs if job in self._deadlines]:
            try:
                outcomes = store([item for job in jobs for item in job.items], connection)
            except (DatabaseError, InterfaceError) as error:
                log.warning("storing is tried again", error=str(error), requests=len(jobs))
                connection.close()
                if self._stopped.wait(pause):
                    # The process ends: nobody would be told any more.
                    self._answer((job, TemporarilyUnavailable()) for job in jobs)
                store, pause = store_rest, min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                self._answer(_shared_out(outcomes, jobs))

    def _watch(self) -> None:
        """Answer those who have waited too long, also while the writer itself is stuck."""
        while not self._stopped.wait(_TICK_SECONDS):
            now = monotonic()
            late = []
            with self._lock:
                for job, deadline in self._deadlines.items():
                    if deadline > now:
                        break
                    late.append(job)
            self._answer((job, TemporarilyUnavailable()) for job in late)

    def _answer(self, results: Iterable[tuple[Job, Result]]) -> None:
        """Answer those who still wait, with one wake-up for all of an event loop."""
        here: list[tuple[Job, Result]] = []
        elsewhere: dict[asyncio.AbstractEventLoop, list[tuple[Job, Result]]] = {}
        with self._lock:
            for job, result in results:
                if self._deadlines.pop(job, None) is not None:
                    pairs = here if job.loop is None else elsewhere.setdefault(job.loop, [])
                    pairs.append((job, result))
        _answer_all(here)
        for loop, pairs in elsewhere.items():
            # A loop that is closed has nobody left who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_answer_all, pairs)


def _shared_out(
    outcomes: Sequence[Outcome], jobs: Iterable[Job]
) -> Iterator[tuple[Job, Sequence[Outcome]]]:
    start = 0
    for job in jobs:
        end = start + len(job.items)
        yield job, outcomes[start:end]
        start = end


def _answer_all(pairs: Iterable[tuple[Job, Result]]) -> None:
    for job, result in pairs:
        job.answer(result)


def _settle(future: asyncio.Future[Sequence[Outcome]], result: Result) -> None:
    if future.done():
        # Cancelled: its client has gone away.
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
