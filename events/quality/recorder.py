"""One thread of each web process writes what the requests of the process have noted."""

import time
from threading import Event, Lock, Thread
from time import monotonic

import structlog
from django.db import connection

from events.ingest.salvage import is_worth_another_try
from events.quality.tables import Day, write
from events.quality.tally import Tally, day_of, size_of

log = structlog.get_logger(__name__)

# What waits in memory, beside counts: of those there are few, however many items they count.
MAX_WAITING_ITEMS = 1_000
MAX_WAITING_BYTES = 8 * 1024 * 1024

# Between the beginnings of two commits: a flood of bad requests costs five of them a second.
_INTERVAL_SECONDS = 0.2
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 5.0


class Recorder:
    """Gathers tallies and writes them, in a thread that the first one starts.

    What comes while it writes is written together afterwards. While the database is
    away counts add up and items wait, up to a bound in memory; those beyond it are
    counted and not kept. A commit whose answer is lost counts twice, and keeps once.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting = Tally()
        # Of waiting items, and of those that are just being written.
        self._held_items = self._held_bytes = 0
        self._full: set[Day] = set()
        self._thread: Thread | None = None
        self._has_more = Event()
        self._is_closed = Event()
        self._end = 0.0
        self._is_done = True

    def record(self, tally: Tally) -> None:
        """Take a tally, without waiting for anything; it belongs to the recorder from now on."""
        with self._lock:
            self._waiting.add_counts(tally)
            for item in tally.items:
                size = size_of(item)
                is_room = (
                    self._held_items < MAX_WAITING_ITEMS
                    and self._held_bytes + size <= MAX_WAITING_BYTES
                )
                if is_room and day_of(item) not in self._full:
                    self._waiting.items.append(item)
                    self._held_items += 1
                    self._held_bytes += size
            if self._thread is None and not self._is_closed.is_set():
                self._start()
        self._has_more.set()

    def drain(self, seconds: float) -> bool:
        """Write what waits and end the thread; say whether all was written in that time."""
        self._end = monotonic() + seconds
        self._is_closed.set()
        self._has_more.set()
        if self._thread is not None:
            self._thread.join(seconds)
        return self._is_done and not self._waiting

    def _start(self) -> None:
        # It holds up no exit: whoever stops the process drains first.
        thread = Thread(target=self._run, name="quality-recorder", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The system has no thread to give: the request is answered all the same, and the next
            # one tries again.
            log.warning("the recorder does not start")
        else:
            self._thread = thread

    def _run(self) -> None:
        while True:
            if not self._is_closed.is_set():
                self._has_more.wait()
            self._has_more.clear()
            tally, started = self._take(), monotonic()
            if tally and not self._write(tally):
                break
            if not tally and self._is_closed.is_set():
                break
            self._is_closed.wait(max(started + _INTERVAL_SECONDS - monotonic(), 0))
        connection.close()

    def _take(self) -> Tally:
        with self._lock:
            taken, self._waiting = self._waiting, Tally()
            self._is_done = not taken
        return taken

    def _write(self, tally: Tally) -> bool:
        """Write a tally, however long it takes; False where the process ends before that.

        What the database refuses for good is found by halving, and left out.
        """
        pieces, pause = [tally], _FIRST_PAUSE_SECONDS
        while pieces:
            try:
                full = write(pieces[-1], connection)
            except Exception as error:  # noqa: BLE001 (whatever it is, the next must be written)
                if not is_worth_another_try(error):
                    pieces += _halved(pieces.pop(), error)
                    continue
                log.warning("recording is tried again", error=str(error))
                connection.close()
                if not self._may_try_again(pause):
                    return False
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                pieces.pop()
                self._note_full(full)
        self._let_go(tally)
        return True

    def _may_try_again(self, pause: float) -> bool:
        """Wait a while; False when the process ends and has no time left."""
        if not self._is_closed.wait(pause):
            return True
        time.sleep(_FIRST_PAUSE_SECONDS)
        return monotonic() < self._end

    def _note_full(self, full: set[Day]) -> None:
        """Take no more items of these days into memory; days that are over are forgotten."""
        if full:
            last = max(day for _, day in full)
            with self._lock:
                self._full = {kept for kept in self._full | full if kept[1] >= last}

    def _let_go(self, tally: Tally) -> None:
        with self._lock:
            self._held_items -= len(tally.items)
            self._held_bytes -= sum(map(size_of, tally.items))
            self._is_done = True


def _halved(tally: Tally, error: Exception) -> list[Tally]:
    halves = tally.halves()
    if not halves:
        log.error("something refused or repaired cannot be recorded", exc_info=error)
    return halves
