from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured

from flameup import env
from flameup.api import limits
from flameup.api.limits import UNLIMITED, Limiter, Verdict, limiter
from flameup.api.redis_counter import RedisCounter


class Clock:
    now = 1_700_000_040.25

    def __call__(self):
        return self.now


class FakeCounter:
    """Counts like Redis, in this process, and fails when it is told to."""

    def __init__(self):
        self.totals = {}
        self.calls = []
        self.fails = False

    def is_away(self):
        return self.fails

    def lease(self, name, count, limit, seconds):
        self.calls.append((name, count, seconds))
        total = self.totals[name] = self.totals.get(name, 0) + count
        return min(count, max(0, limit - (total - count)))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def counter():
    return FakeCounter()


def admitted(limiter, count, limit, name="a", seconds=1):
    return sum(limiter.take(name, limit, seconds).is_allowed for _ in range(count))


def test_a_verdict_tells_what_remains_and_until_when(clock):
    limiter = Limiter(clock=clock)
    assert limiter.take("a", 2, 60) == Verdict(True, 2, 1, 60)
    clock.now += 30.5
    assert limiter.take("a", 2, 60) == Verdict(True, 2, 0, 30)
    clock.now += 28.75
    assert limiter.take("a", 2, 60) == Verdict(False, 2, 0, 1)


@pytest.mark.parametrize(("step", "expected"), [(0.74, 0), (0.75, 5), (1.0, 5), (-1.3, 5)])
def test_windows_are_aligned_to_the_clock(clock, step, expected):
    limiter = Limiter(clock=clock)
    assert admitted(limiter, 9, 5) == 5
    clock.now += step
    assert admitted(limiter, 9, 5) == expected


def test_a_minute_ends_with_the_clock_however_late_it_was_begun(clock):
    limiter = Limiter(clock=clock)
    clock.now += 59
    assert admitted(limiter, 9, 5, seconds=60) == 5
    clock.now += 1
    assert admitted(limiter, 9, 5, seconds=60) == 5


def test_a_thread_that_was_held_up_does_not_bring_the_last_window_back(clock):
    limiter = Limiter(clock=clock)
    assert admitted(limiter, 9, 5) == 5
    clock.now -= 0.5
    assert admitted(limiter, 9, 5) == 0
    clock.now += 0.5
    assert admitted(limiter, 9, 5) == 0


def test_windows_of_other_lengths_are_counted_apart(clock):
    limiter = Limiter(clock=clock)
    assert admitted(limiter, 9, 5, seconds=1) == 5
    assert admitted(limiter, 9, 5, seconds=60) == 5


@pytest.mark.parametrize(("processes", "limit", "part"), [(1, 5, 5), (2, 5, 3), (4, 1, 1)])
def test_a_process_has_its_part_rounded_up(clock, processes, limit, part):
    assert admitted(Limiter(processes, clock=clock), 9, limit) == part


def test_no_limit_is_no_limit(clock, counter):
    assert Limiter(clock=clock).take_at_once("a", 0, 1) is UNLIMITED
    assert Limiter(counter=counter, clock=clock).take("a", 0, 1) is UNLIMITED
    assert counter.calls == []


def test_names_of_past_windows_are_dropped(clock):
    limiter = Limiter(clock=clock)
    for _ in range(3):
        for number in range(10):
            limiter.take(f"name {number} {clock.now}", 5, 1)
        clock.now += 1
    assert sum(len(window.shares) for window in limiter._windows.values()) == 10


def test_so_many_names_are_remembered_in_a_window(clock, monkeypatch):
    monkeypatch.setattr(limits, "MAX_NAMES", 3)
    limiter = Limiter(clock=clock)
    for number in range(10):
        limiter.take(str(number), 1, 1)
    assert len(limiter._windows[1].shares) == 3
    assert not limiter.take("9", 1, 1).is_allowed


@pytest.mark.parametrize("is_shared", [False, True])
def test_threads_share_exactly(clock, counter, is_shared):
    limiter = Limiter(counter=counter if is_shared else None, clock=clock)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: admitted(limiter, 300, 1000), range(8))) == 1000


def test_a_thread_that_waited_uses_what_another_has_leased(clock, counter):
    limiter = Limiter(counter=counter, clock=clock)
    # As when both found nothing left, and the second then waited for the first.
    for _ in range(2):
        limiter._ask("a", 100, 1)
    assert len(counter.calls) == 1
    assert admitted(limiter, 200, 100) == 100


def test_a_twentieth_is_leased_and_spent_without_asking(clock, counter):
    limiter = Limiter(counter=counter, clock=clock)
    assert limiter.take_at_once("a", 100, 1) is None
    assert limiter.take("a", 100, 1) == Verdict(True, 100, 4, 1)
    assert [limiter.take_at_once("a", 100, 1) is not None for _ in range(5)] == [True] * 4 + [False]
    assert counter.calls == [("1:1700000040:a", 5, 2)]


def test_a_refusal_is_not_asked_for_twice(clock, counter):
    limiter = Limiter(counter=counter, clock=clock)
    assert admitted(limiter, 50, 20) == 20
    assert len(counter.calls) == 21
    assert limiter.take_at_once("a", 20, 1) == Verdict(False, 20, 0, 1)


@pytest.mark.parametrize("limit", [1, 7, 19, 20, 21, 100, 999])
def test_processes_share_a_counter_exactly(clock, counter, limit):
    processes = [Limiter(counter=counter, clock=clock) for _ in range(3)]
    verdicts = [processes[i % 3].take("a", limit, 1) for i in range(3 * limit + 9)]
    assert sum(verdict.is_allowed for verdict in verdicts) == limit


def test_a_lease_ends_with_its_window(clock, counter):
    limiter = Limiter(counter=counter, clock=clock)
    limiter.take("a", 100, 1)
    clock.now += 1
    assert limiter.take_at_once("a", 100, 1) is None


def test_a_counter_that_fails_admits_everything_but_what_it_refused(clock, counter):
    limiter = Limiter(counter=counter, clock=clock)
    assert admitted(limiter, 9, 5) == 5
    counter.fails = True
    assert admitted(limiter, 9, 5) == 0
    assert admitted(limiter, 9, 5, name="b") == 9
    assert limiter.take_at_once("b", 5, 1) == Verdict(True, 5, 0, 1)


def test_processes_divide_the_limit_unless_there_is_a_redis(settings):
    settings.WEB_WORKERS = 3
    assert limiter()._processes == 3
    limiter.cache_clear()
    settings.REDIS_URL = "redis://localhost:1/0"
    assert isinstance(limiter()._counter, RedisCounter)


@pytest.mark.parametrize("url", ["redis://localhost:6379/0", "rediss://h", "unix:///run/redis", ""])
def test_the_url_of_a_redis_is_read(monkeypatch, url):
    monkeypatch.setenv("FLAMEUP_REDIS_URL", url)
    assert env.redis_url("FLAMEUP_REDIS_URL") == url


@pytest.mark.parametrize("url", ["amqp://u:secret@h", "localhost", "redis://:secret@h:port"])
def test_another_url_is_refused_and_not_quoted(monkeypatch, url):
    monkeypatch.setenv("FLAMEUP_REDIS_URL", url)
    with pytest.raises(ImproperlyConfigured, match="FLAMEUP_REDIS_URL") as caught:
        env.redis_url("FLAMEUP_REDIS_URL")
    assert "secret" not in str(caught.value)
