"""Processes that end with the one that started them, and locks that tell whether they have."""

import ctypes
import fcntl
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

_LOCK_POLL_SECONDS = 0.05


def end_with_parent(signal_number: signal.Signals, parent: int) -> None:
    """Have the kernel send this process the signal when its parent dies (Linux).

    The kernel watches the thread that forked, so that thread must live as long as the
    parent does. A change of user clears the wish.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal_number))
    # The parent may have died between the fork and the wish.
    if os.getppid() != parent:
        os._exit(1)


def ending_with_parent(signal_number: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` by which a child ends with the process that calls this."""
    return partial(end_with_parent, signal_number, os.getpid())


def allow_open_files() -> None:
    """Let this process and its children open as many files and connections as the system allows.

    The usual thousand is less than a web server may have clients.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children_of(parent: int) -> Iterator[int]:
    """Yield the ids of the running child processes (Linux; elsewhere none)."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may itself hold spaces and parentheses.
            state, parent_id = entry.read_bytes().rpartition(b")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(parent_id) == parent and state != b"Z":
            yield int(entry.parent.name)


def is_running(process_id: int) -> bool:
    """Tell whether a process of this id exists, be it another user's."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def kill_group(group: int) -> None:
    """Kill every process of the group; an empty group is no error."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


class FileLock:
    """An advisory lock on a file, which the processes that inherit `descriptor` hold as well.

    It is free only when each of them has ended, however it ended.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def acquire(self, *, is_shared: bool = False) -> bool:
        """Take the lock if nobody holds it in the way; return whether it is ours."""
        try:
            fcntl.flock(
                self.descriptor, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
            )
        except BlockingIOError:
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Take the lock within so many seconds; return whether it is ours."""
        deadline = time.monotonic() + seconds
        while not self.acquire():
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOCK_POLL_SECONDS)
        return True

    def release(self) -> None:
        """Give the lock back for this process and every one that inherited it."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the lock; processes that inherited it still hold it."""
        os.close(self.descriptor)
