"""How many requests a key may send, and how many wrong keys an address.

Windows are fixed and aligned to the clock: the seconds of a key, the minutes of an
address. Where processes share a counter in Redis, each takes a lease of some
requests from it and admits those without asking.
"""

import time
from collections.abc import Callable, Iterator
from functools import cache
from operator import length_hint
from threading import Lock
from typing import NamedTuple, Protocol

from django.conf import settings

KEY_SECONDS = 1

# How many names a window remembers, of which the oldest gives way. More addresses than these with
# wrong keys within a minute are an attack that no limit per address would stop.
MAX_NAMES = 100_000

# A lease is a twentieth of the limit: so many requests wait for Redis, and so much can be left
# unused with a process that gets no more requests.
_LEASES_PER_LIMIT = 20


class Verdict(NamedTuple):
    """Whether a request is admitted, and the limit that decided.

    `limit` is 0 where there is none. `remaining` is what this process knows to be left
    of the window, which other processes may have to themselves as well; 0 when refused.
    `reset_seconds` are whole seconds until the next window begins.
    """

    is_allowed: bool
    limit: int
    remaining: int
    reset_seconds: int


# What Verdict() itself calls, in a third of its time.
_verdict = tuple.__new__

UNLIMITED = Verdict(is_allowed=True, limit=0, remaining=0, reset_seconds=0)


class Counter(Protocol):
    """Counts for all processes together."""

    def is_away(self) -> bool:
        """Say, without asking it, that the counter failed a moment ago."""
        ...

    def lease(self, name: str, count: int, limit: int, seconds: int) -> int | None:
        """Return how many of `count` further requests are within `limit`.

        What was counted under the name is forgotten after about so many seconds. None
        when the counter fails, which it says for a while from then on.
        """
        ...


class _Share:
    """What one name may still have here in a window; `is_last`: there is no more to be had.

    The tickets count down to 0. They are an iterator because the interpreter gives each
    of its numbers to one thread without a lock, which would cost as much as all the rest.
    """

    __slots__ = ("asking", "is_last", "tickets")

    def __init__(self, count: int, *, is_last: bool) -> None:
        self.tickets = _countdown(count)
        self.is_last = is_last
        self.asking = Lock()


class _Window:
    """The shares of one stretch of time; those of the one before are dropped with it."""

    __slots__ = ("ends_at", "shares", "starts_at", "usable_from")

    def __init__(self, now: float, seconds: int) -> None:
        self.starts_at = int(now // seconds) * seconds
        self.ends_at = self.starts_at + seconds
        # A thread that looked at the clock before the window began, and was then held up, must not
        # bring the last one back; a clock that was put back may.
        self.usable_from = self.starts_at - 1
        self.shares: dict[str, _Share] = {}


class Limiter:
    """Admits so many requests a window under a name; safe to use from any thread.

    Without a `counter` each of the `processes` admits its part of the limit, rounded up.
    With one they share the limit exactly: what is admitted in a window of one number is
    never more. Its number comes from the process's own clock, because only so is known
    without asking that a window is over; a clock that is ahead begins its windows ahead.
    """

    def __init__(
        self,
        processes: int = 1,
        counter: Counter | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._processes = processes
        self._counter = counter
        self._clock = clock
        self._windows: dict[int, _Window] = {}
        self._lock = Lock()

    def take(self, name: str, limit: int, window_seconds: int) -> Verdict:
        """Count a request, waiting a moment for the shared counter where need be.

        `limit` is the number of requests in a window of so many seconds, 0 for no limit.
        A counter that fails admits everything: no client shall suffer from it.
        """
        while (verdict := self.take_at_once(name, limit, window_seconds)) is None:
            self._ask(name, limit, window_seconds)
        return verdict

    def take_at_once(self, name: str, limit: int, window_seconds: int) -> Verdict | None:
        """Count a request like `take`, but never wait: None, and nothing counted, where it would.

        It takes less than a microsecond.
        """
        if not limit:
            return UNLIMITED
        now = self._clock()
        window = self._windows.get(window_seconds)
        if window is None or not window.usable_from <= now < window.ends_at:
            window = self._begin_window(now, window_seconds)
        share = window.shares.get(name) or self._new_share(window, name, limit)
        # Before the tickets: the last of them may come between the two.
        is_last = share.is_last
        left = next(share.tickets, None)
        if left is not None:
            return _verdict(Verdict, (True, limit, left, window.ends_at - int(now)))
        if is_last:
            return Verdict(False, limit, 0, window.ends_at - int(now))
        if self._counter is not None and self._counter.is_away():
            return Verdict(True, limit, 0, window.ends_at - int(now))
        return None

    def _begin_window(self, now: float, seconds: int) -> _Window:
        with self._lock:
            window = self._windows.get(seconds)
            if window is None or not window.usable_from <= now < window.ends_at:
                window = self._windows[seconds] = _Window(now, seconds)
            return window

    def _new_share(self, window: _Window, name: str, limit: int) -> _Share:
        part = 0 if self._counter else -(-limit // self._processes)
        with self._lock:
            shares = window.shares
            if name not in shares and len(shares) >= MAX_NAMES:
                del shares[next(iter(shares))]
            return shares.setdefault(name, _Share(part, is_last=self._counter is None))

    def _ask(self, name: str, limit: int, window_seconds: int) -> None:
        """Lease from the shared counter; one thread asks, those that waited use what it brought."""
        window = self._begin_window(self._clock(), window_seconds)
        share = window.shares.get(name) or self._new_share(window, name, limit)
        counter = self._counter
        with share.asking:
            has_some = share.is_last or length_hint(share.tickets)
            if counter is None or has_some or counter.is_away():
                return
            count = max(1, limit // _LEASES_PER_LIMIT)
            numbered = f"{window_seconds}:{window.starts_at}:{name}"
            granted = counter.lease(numbered, count, limit, 2 * window_seconds)
            if granted is not None:
                share.tickets = _countdown(granted)
                share.is_last = granted < count


def _countdown(count: int) -> Iterator[int]:
    return iter(range(count - 1, -1, -1))


@cache
def limiter() -> Limiter:
    """Return the limiter of this process."""
    if not settings.REDIS_URL:
        return Limiter(settings.WEB_WORKERS)
    # The client takes a while to import, and few installations need it.
    from flameup.api.redis_counter import RedisCounter  # noqa: PLC0415

    return Limiter(counter=RedisCounter(settings.REDIS_URL))
