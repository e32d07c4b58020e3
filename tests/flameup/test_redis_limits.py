"""A real redis-server, processes that share it, and what happens when it fails."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis import Redis

from flameup.api import redis_counter
from flameup.api.limits import Limiter
from flameup.api.redis_counter import AWAY_SECONDS, TIMEOUT_SECONDS, RedisCounter
from tests.flameup.running import PROJECT, wait_for

PROGRAM = shutil.which("redis-server")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")

# Takes as much of a limit as it can get, in a window that the caller names.
TAKER = """
import sys
from flameup.api.limits import Limiter
from flameup.api.redis_counter import RedisCounter
url, limit, now = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
limiter = Limiter(counter=RedisCounter(url), clock=lambda: now)
sys.stdin.read()
print(sum(limiter.take("a", limit, 1).is_allowed for _ in range(2 * limit)))
"""


class Server:
    def __init__(self, folder: Path):
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.start()

    def start(self):
        command = [PROGRAM, "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self.process = subprocess.Popen(
            [*command, "--dir", str(self.socket.parent)], stdout=subprocess.DEVNULL
        )
        wait_for(self.answers, 10, "redis-server answers")

    def answers(self):
        if not self.socket.exists():
            return False
        with Redis.from_url(self.url, socket_timeout=1) as client:
            try:
                return client.ping()
            except OSError:
                return False

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.kill()


@pytest.fixture
def counter(server):
    return RedisCounter(server.url)


def still(now=1_700_000_040.25):
    return lambda: now


def elapsed(function, *args):
    start = time.perf_counter()
    return function(*args), time.perf_counter() - start


def test_two_processes_share_a_limit_exactly(server):
    command = [sys.executable, "-c", TAKER, server.url, "1000", str(time.time())]
    takers = [
        subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    counts = []
    for taker in takers:
        taker.stdin.close()
    for taker in takers:
        with taker.stdout:
            counts.append(int(taker.stdout.read()))
        assert taker.wait() == 0
    assert sum(counts) == 1000


def test_counts_are_forgotten_after_a_while(server, counter):
    counter.lease("a", 5, 100, 2)
    with Redis.from_url(server.url) as client:
        [key] = client.keys()
        assert (int(client.get(key)), 0 < client.ttl(key) <= 2) == (5, True)


def test_a_server_that_was_started_again_is_used_at_once(server, counter):
    assert counter.lease("a", 5, 100, 2) == 5
    server.kill()
    server.start()
    assert counter.lease("a", 5, 100, 2) == 5
    assert not counter.is_away()


def test_a_server_that_is_gone_admits_everything_and_is_tried_again(server, counter, caplog):
    limiter = Limiter(counter=counter, clock=still())
    server.kill()
    assert all(limiter.take("a", 1, 1).is_allowed for _ in range(50))
    assert len(caplog.records) == 1
    server.start()
    wait_for(lambda: not counter.is_away(), AWAY_SECONDS + 1, "asked again")
    assert [limiter.take("a", 1, 1).is_allowed for _ in range(3)] == [True, False, False]


def test_a_server_that_is_silent_delays_one_request_a_second(server, counter):
    limiter = Limiter(counter=counter, clock=still())
    counter.lease("a", 1, 100, 2)
    server.process.send_signal(signal.SIGSTOP)
    verdict, seconds = elapsed(limiter.take, "a", 1, 1)
    assert verdict.is_allowed
    assert TIMEOUT_SECONDS * 0.9 < seconds < TIMEOUT_SECONDS * 3
    verdicts, seconds = elapsed(lambda: [limiter.take("a", 1, 1) for _ in range(1000)])
    assert all(verdict.is_allowed for verdict in verdicts)
    assert seconds < TIMEOUT_SECONDS
    assert limiter.take_at_once("a", 1, 1).is_allowed


def test_only_one_tries_a_server_that_failed(counter, monkeypatch):
    away = []
    monkeypatch.setattr(counter, "_has_failed", True)
    monkeypatch.setattr(counter, "_add", lambda *args: away.append(counter.is_away()) or 1)
    assert counter.lease("a", 1, 1, 2) == 1
    assert away == [True]
    assert not counter.is_away()


def test_the_log_is_told_once_a_while(counter, monkeypatch, caplog):
    monkeypatch.setattr(redis_counter, "LOG_EVERY_SECONDS", 0.2)
    monkeypatch.setattr(counter, "_add", lambda *args: 1 / 0)
    for pause in (0, 0, 0.25):
        time.sleep(pause)
        assert counter.lease("a", 1, 1, 2) is None
    assert len(caplog.records) == 2
