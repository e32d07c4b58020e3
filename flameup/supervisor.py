"""One process that runs the others: restarts what dies, and leaves nothing behind."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from flameup.processes import adopt_orphans, children_of, ending_with_parent, kill_group

logger = logging.getLogger(__name__)

_TICK_SECONDS = 0.1
_FIRST_PAUSE_SECONDS = 0.2
_HEALTHY_SECONDS = 30.0
STOP_SECONDS = 9.5
_KILLED_SECONDS = 5.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Service:
    """A process to keep running.

    `start` must make it the leader of a session of its own. Services are stopped by
    ascending `stop_order`; `patience` is how many seconds one may take before the next is
    stopped as well. One that dies again and again is started again after at most
    `longest_pause` seconds.
    """

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_order: int = 0
    patience: float = 3.0
    longest_pause: float = 5.0


def start_process(
    command: Sequence[str],
    *,
    folder: str,
    environment: dict[str, str],
    inherited: Sequence[int],
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in its own session that gets `death_signal` when this one dies.

    Its output goes to our standard error, for our standard output is for answers.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=2,
        cwd=folder,
        env=environment,
        start_new_session=True,
        pass_fds=inherited,
        preexec_fn=ending_with_parent(death_signal),  # noqa: PLW1509 (calls the kernel only)
    )


class Supervisor:
    """Keeps services running until it is asked to stop, then stops one after the other.

    Use it from the main thread only: the children end with the thread that started them.
    """

    def __init__(self, stop_seconds: float = STOP_SECONDS) -> None:
        self.children: list[_Child] = []
        self._stop_seconds = stop_seconds
        self._is_stopping = False
        adopt_orphans()

    def add(self, service: Service) -> None:
        """Start a service and keep it running from now on; raise what its first start raises."""
        child = _Child(service)
        self.children.append(child)
        child.start()

    def wait_until(self, is_ready: Callable[[], bool], seconds: float) -> bool:
        """Keep the services running until the condition holds; return whether it does."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if time.monotonic() > deadline:
                return False
            self.tend()
            time.sleep(_TICK_SECONDS / 5)
        return True

    def run(self) -> None:
        """Keep the services running until a signal asks to stop."""
        with _handling_stop_signals(self._ask_to_stop):
            while not self._is_stopping:
                self.tend()
                time.sleep(_TICK_SECONDS)

    def tend(self) -> None:
        """Bury the dead and start again what is due."""
        for child in self._take_dead():
            child.note_death()
            kill_orphans(self._process_ids())
        for child in self.children:
            if child.is_due():
                child.start_again()

    def stop(self) -> None:
        """Stop all services in their order; kill what is left after `stop_seconds` in all."""
        with _handling_stop_signals(self._ask_to_stop):
            deadline = time.monotonic() + self._stop_seconds
            stopping: list[_Child] = []
            for child in sorted(self.children, key=lambda child: child.service.stop_order):
                child.send_stop()
                stopping.append(child)
                patience = time.monotonic() + child.service.patience
                is_last = len(stopping) == len(self.children)
                self._wait_for(stopping[-1:], deadline if is_last else min(deadline, patience))
            self._wait_for(stopping, deadline)
            self._kill_rest()

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True

    def _process_ids(self) -> set[int]:
        return {child.process.pid for child in self.children if child.process is not None}

    def _take_dead(self) -> "Iterator[_Child]":
        """Yield the services that have ended, before their process id is free for another."""
        while (dead := _ended_child()) is not None:
            child = next((c for c in self.children if c.process and c.process.pid == dead), None)
            # A worker whose service was killed keeps its port, so the whole group goes first.
            kill_group(dead)
            if child is None:
                os.waitpid(dead, 0)
            else:
                yield child

    def _wait_for(self, children: "Sequence[_Child]", deadline: float) -> None:
        while any(child.process for child in children) and time.monotonic() < deadline:
            for dead in self._take_dead():
                dead.bury()
            time.sleep(_TICK_SECONDS / 5)

    def _kill_rest(self) -> None:
        """Kill every descendant that is left, until there is none."""
        deadline = time.monotonic() + _KILLED_SECONDS
        for process_id in self._process_ids():
            kill_group(process_id)
        while time.monotonic() < deadline:
            kill_orphans(set())
            for dead in self._take_dead():
                dead.bury()
            if not _has_children():
                return
            time.sleep(_TICK_SECONDS / 5)


class _Child:
    """A service, its process and when to start it again."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.process: subprocess.Popen[bytes] | None = None
        self._pause = _FIRST_PAUSE_SECONDS
        self._started_at = 0.0
        self._due_at = 0.0

    def start(self) -> None:
        """Start the process."""
        self._started_at = time.monotonic()
        self.process = self.service.start()

    def start_again(self) -> None:
        """Start the process; a start that fails counts as a death."""
        try:
            self.start()
        except Exception as error:  # noqa: BLE001 (whatever it is, giving up is no answer)
            self._plan_restart(f"does not start ({error})")

    def is_due(self) -> bool:
        """Tell whether it is down and its pause is over."""
        return self.process is None and time.monotonic() >= self._due_at

    def note_death(self) -> None:
        """Take note that the process has ended by itself."""
        if time.monotonic() - self._started_at >= _HEALTHY_SECONDS:
            self._pause = _FIRST_PAUSE_SECONDS
        self._plan_restart(f"ended with {self.bury()}")

    def bury(self) -> int | None:
        """Collect the ended process; return its exit code."""
        process, self.process = self.process, None
        return process.wait() if process is not None else None

    def send_stop(self) -> None:
        """Ask the process to stop."""
        if self.process is not None:
            # Not by Popen, which would collect a process that has just died, unseen by us.
            os.kill(self.process.pid, self.service.stop_signal)

    def _plan_restart(self, reason: str) -> None:
        logger.warning("%s %s; starting it again in %.1f s", self.service.name, reason, self._pause)
        self._due_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, self.service.longest_pause)


def kill_orphans(known: set[int]) -> None:
    """Kill the processes that came to us because their own parent, a service, has died.

    PostgreSQL's processes are in sessions of their own; one that is busy would go on
    for a while without its server, and a new server cannot start beside it.
    """
    for process_id in children_of(os.getpid()):
        if process_id not in known:
            try:
                os.kill(process_id, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _ended_child() -> int | None:
    """Return the id of a child that has ended, and leave its status to be collected."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return found.si_pid if found is not None else None


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


@contextmanager
def _handling_stop_signals(
    handler: Callable[[int, FrameType | None], None],
) -> Iterator[None]:
    previous = {number: signal.getsignal(number) for number in _STOP_SIGNALS}
    for number, action in previous.items():
        # `nohup` has the terminal's end ignored, and it stays so.
        if action is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, action in previous.items():
            signal.signal(number, action)
