"""Load from wrk, and what it saw."""

import json
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.management import CommandError

from flameup.processes import ending_with_parent

_SCRIPT = Path(__file__).parent / "load" / "track.lua"

# It is ended by a signal instead.
_ENDLESS_SECONDS = 7 * 24 * 3600

# Is told how many events are accepted so far; returns whether to go on.
OnProgress = Callable[[int], bool]


@dataclass(frozen=True)
class Load:
    """Requests to send.

    `bodies` has a body a line. `rate` is requests per second, without it as
    many as are answered; `people` is how many the open external ids are drawn from.
    """

    url: str
    token: str
    bodies: Path
    connections: int
    rate: float | None = None
    people: int | None = None

    def environment(self, report_every: int | None) -> dict[str, str]:
        """Return the environment by which the script knows what to do."""
        values = {
            "BODIES": self.bodies,
            "TOKEN": self.token,
            # With 8 more digits in front of it a UUID.
            "ID": str(uuid4())[8:],
            "RATE": self.rate,
            "PEOPLE": self.people,
            "REPORT": report_every,
        }
        given = {name: str(value) for name, value in values.items() if value is not None}
        return os.environ | {f"FLAMEUP_BENCHMARK_{name}": text for name, text in given.items()}


@dataclass(frozen=True)
class Answers:
    """What came of a run: numbers of requests and events, seconds, latencies in milliseconds.

    `statuses` counts the answers that were not 2xx, and as "rejected" the events that
    a batch had refused; `socket_errors` the requests
    without an answer. `cpu_seconds` is what wrk itself has used.
    """

    requests: int
    accepted: int
    seconds: float
    received_bytes: int
    latency: dict[str, float]
    statuses: dict[str, int]
    socket_errors: dict[str, int]
    cpu_seconds: float = 0.0

    @property
    def errors(self) -> dict[str, int]:
        """Return how often what went wrong: by status, or by what failed of the connection."""
        return self.statuses | {name: n for name, n in self.socket_errors.items() if n}


def require_wrk() -> str:
    """Return the path of wrk; raises a CommandError that says how to install it."""
    program = shutil.which("wrk")
    if program is None:
        raise CommandError(
            "The benchmark needs the load generator wrk, which is not installed. On Debian and "
            "Ubuntu: apt-get install wrk; on macOS: brew install wrk."
        )
    return program


def run(load: Load, seconds: int) -> Answers:
    """Send the load for so many seconds."""
    return _run(load, seconds, None, None)


def run_until(load: Load, on_progress: OnProgress, *, every: int) -> Answers:
    """Send the load, tell after each `every` accepted events, and end when told to."""
    return _run(load, _ENDLESS_SECONDS, on_progress, every)


def parse_answers(line: str, cpu_seconds: float = 0.0) -> Answers:
    """Read the line that the script prints at the end."""
    found: dict[str, Any] = json.loads(line)
    return Answers(
        requests=found["requests"],
        accepted=found["accepted"],
        seconds=found["duration_us"] / 1e6,
        received_bytes=found["bytes"],
        latency={name: value / 1000 for name, value in found["latency_us"].items()},
        statuses=found["statuses"],
        socket_errors=found["socket_errors"],
        cpu_seconds=cpu_seconds,
    )


def _run(
    load: Load, seconds: int, on_progress: OnProgress | None, report_every: int | None
) -> Answers:
    before = _children_cpu_seconds()
    command = [require_wrk(), "-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "30s"]
    with subprocess.Popen(
        [*command, "-s", str(_SCRIPT), load.url],
        env=load.environment(report_every),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for us, who end wrk.
        start_new_session=True,
        preexec_fn=ending_with_parent(signal.SIGTERM),  # noqa: PLW1509 (calls the kernel only)
    ) as process:
        try:
            lines = _follow(process, on_progress or (lambda _: True))
        except BaseException:
            process.kill()
            raise
    return _last_line(lines, _children_cpu_seconds() - before)


def _follow(process: "subprocess.Popen[str]", on_progress: OnProgress) -> list[str]:
    """Return all that wrk prints, having passed on its progress."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if line.startswith('{"accepted"') and not on_progress(json.loads(line)["accepted"]):
            # On this signal it ends as if its time were over.
            process.send_signal(signal.SIGINT)
    return lines


def _last_line(lines: Iterable[str], cpu_seconds: float) -> Answers:
    results = [line for line in lines if line.startswith('{"requests"')]
    if not results:
        raise CommandError("wrk failed:\n" + "".join(lines).strip())
    return parse_answers(results[-1], cpu_seconds)


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
