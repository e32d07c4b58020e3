"""Clients that are too many, too slow, or too greedy."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from flameup.benchmark import wrk
from flameup.benchmark.faults.client import Client
from flameup.benchmark.faults.killing import probe
from flameup.benchmark.faults.load import TRACK, Load
from flameup.benchmark.faults.system import HOST
from flameup.benchmark.faults.trial import PATIENCE_SECONDS, Fault, Trial
from flameup.benchmark.payloads import write_singles
from flameup.benchmark.usage import watching_memory

# What wrk keeps open in the benchmark of ingest, times 16.
_CONNECTIONS = 16 * 64
_LIMIT = 100
_OVERLOAD_SECONDS = 10
_CALM_SECONDS = 4.0
# Until what was refused last is not held back any more.
_SETTLING_SECONDS = 2.0
_P95 = 0.95
_STALLED_BODIES, _HALF_HEADERS = 300, 1_000
_STALLING_SECONDS = 8.0
_REFILL_SECONDS = 0.5
_PEOPLE = 1_000
_MEBIBYTE = 2**20

_HALF_HEADER = b"POST /api/v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Ty"
_STALLED_BODY = (
    b"POST /api/v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 500\r\n\r\n{"event": "x'
)


def overload(trial: Trial) -> None:
    """Send, over 16 times the connections and with one key, far more than it may."""
    greedy = trial.system.create_key(trial.system.workspace_id, rate_limit=_LIMIT)
    with trial.load() as load:
        before = _goodput(load, _CALM_SECONDS)
        with watching_memory(trial.system.web_server()) as memory:
            began = time.monotonic()
            answers = _flood(trial, greedy, _CONNECTIONS)
            ended = time.monotonic()
        during = _successes(load, began, ended) / (ended - began)
        header = _retry_after(trial, greedy)
        normal = _seconds_until_normal(load, ended, before)
    trial.expect_at_least(0.8, during / before, "goodput of the others ÷ before")
    trial.expect_at_most(10, normal, "normal again after")
    trial.expect_at_most(250, memory.resident / _MEBIBYTE, "memory of a worker", unit="MiB")
    refused = answers.statuses.get("429", 0)
    trial.expect("the greedy key gets 429", refused > 0, f"{refused:,} of {answers.requests:,}")
    trial.expect("with Retry-After", header is not None, header)
    trial.expect_only({"200"}, load.statuses(), "the others get their answers")


def stall_bodies(trial: Trial) -> None:
    """Begin to send 300 bodies, and stop in the middle."""
    _stall(trial, _STALLED_BODIES, _STALLED_BODY)


def send_half_headers(trial: Trial) -> None:
    """Begin to send 1,000 requests, and stop in the middle of the headers."""
    _stall(trial, _HALF_HEADERS, _HALF_HEADER)


def crowd_out(trial: Trial) -> None:
    """Have one workspace send ten times what it may, beside another that does not."""
    greedy_workspace = trial.system.create_workspace()
    greedy = trial.system.create_key(greedy_workspace, rate_limit=_LIMIT)
    with trial.load() as load:
        before = _calm_latency(load)
        crowded = time.monotonic()
        _flood(trial, greedy, 64, rate=10 * _LIMIT)
        measured = load.latency(_P95, since=crowded)
        after = _calm_latency(load)
    ratio = 2 * measured / (before + after)
    trial.expect_at_most(1.5, ratio, "p95 of the other ÷ its p95 before and after", unit="times")
    trial.expect_only({"200"}, load.statuses(), "the other gets its answers")


def _calm_latency(load: Load) -> float:
    load.wait_for_success(PATIENCE_SECONDS)
    time.sleep(_SETTLING_SECONDS)
    began = time.monotonic()
    time.sleep(_CALM_SECONDS)
    return load.latency(_P95, since=began)


def _stall(trial: Trial, count: int, data: bytes) -> None:
    slowest = 0.0
    with trial.load() as load:
        load.wait_for_success(PATIENCE_SECONDS)
        with _keeping_open(trial.system.port, count, data):
            until = time.monotonic() + _STALLING_SECONDS
            while time.monotonic() < until:
                began = time.monotonic()
                answered = probe(trial.system.port, PATIENCE_SECONDS)
                slowest = max(slowest, time.monotonic() - began if answered else PATIENCE_SECONDS)
                time.sleep(0.1)
    trial.expect_at_most(2, slowest, "the slowest probe took")
    trial.expect_only({"200"}, load.statuses(), "the others get their answers")


@contextmanager
def _keeping_open(port: int, count: int, data: bytes) -> Iterator[None]:
    """Keep so many connections open that have sent this and nothing more."""
    stopping = Event()

    def run() -> None:
        connections: list[socket.socket] = []
        while not stopping.is_set():
            connections = [each for each in connections if _is_open(each)]
            for _ in range(count - len(connections)):
                with suppress(OSError):
                    connections.append(_begin(port, data))
            stopping.wait(_REFILL_SECONDS)
        for connection in connections:
            connection.close()

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _begin(port: int, data: bytes) -> socket.socket:
    connection = socket.create_connection((HOST, port), PATIENCE_SECONDS)
    connection.sendall(data)
    connection.setblocking(False)
    return connection


def _is_open(connection: socket.socket) -> bool:
    try:
        is_open = bool(connection.recv(4096))
    except BlockingIOError:
        return True
    except OSError:
        is_open = False
    if not is_open:
        connection.close()
    return is_open


def _flood(trial: Trial, token: str, connections: int, rate: float | None = None) -> wrk.Answers:
    with TemporaryDirectory(prefix="flameup-faults-") as folder:
        bodies = Path(folder) / "bodies"
        write_singles(bodies, _PEOPLE)
        url = f"http://{HOST}:{trial.system.port}{TRACK}"
        return wrk.run(wrk.Load(url, token, bodies, connections, rate), _OVERLOAD_SECONDS)


def _retry_after(trial: Trial, token: str) -> str | None:
    """Return the header of a refusal to a key that is above its limit."""
    client = Client(trial.system.port, token)
    found = None
    for _ in range(3 * _LIMIT):
        answer = client.post(TRACK, {"external_id": "person_1", "event": "greedy"})
        found = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after")
        if found is not None:
            break
    client.close()
    return found


def _goodput(load: Load, seconds: float) -> float:
    load.wait_for_success(PATIENCE_SECONDS)
    began = time.monotonic()
    time.sleep(seconds)
    return _successes(load, began, time.monotonic()) / seconds


def _successes(load: Load, since: float, until: float) -> int:
    return load.statuses(since, until)["200"]


def _seconds_until_normal(load: Load, ended: float, usual: float) -> float:
    """Return after how many seconds nearly as much was acknowledged in a second as before."""
    while time.monotonic() - ended < PATIENCE_SECONDS:
        time.sleep(1)
        now = time.monotonic()
        if _successes(load, now - 1, now) >= 0.9 * usual:
            return now - ended
    return PATIENCE_SECONDS


FAULTS = [
    Fault("overload", "16 times the connections, one key far above its limit", overload),
    Fault("stalled_bodies", "300 stalled bodies", stall_bodies),
    Fault("half_headers", "1,000 half-sent headers", send_half_headers),
    Fault("neighbour", "one workspace at ten times its limit", crowd_out),
]
