"""Telling the workers that the outbox holds something, without ever waiting for the broker."""

import os
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import sleep

import structlog
from celery import current_app
from django.db import connection
from django.utils import timezone

from events.outbox.state import is_attended

log = structlog.get_logger(__name__)

TASK = "events.dispatch_outbox"
# After so many seconds the sweep has found what a hint was about.
EXPIRES_SECONDS = 5

_INTERVAL_SECONDS = 0.25


class Hinter:
    """Sends a hint soon after it is asked to, in a thread of its own, a few times a second at most.

    A hint that cannot be sent is dropped: a sweep finds what no hint has announced.
    A broker that does not answer holds up this thread alone.
    """

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._asked = Event()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._is_failing = False

    def hint(self) -> None:
        """Have a hint sent. No I/O."""
        self._asked.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    thread = Thread(target=self._run, name="outbox-hints", daemon=True)
                    thread.start()
                    self._thread = thread

    def _run(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            try:
                self._send()
                self._is_failing = False
            except Exception as error:  # noqa: BLE001 (whatever it is, the sweep makes up for it)
                if not self._is_failing:
                    log.warning("hints cannot be sent", error=str(error))
                self._is_failing = True
            sleep(_INTERVAL_SECONDS)


def send_hint() -> None:
    """Tell the workers, unless it is seen that none listens: the messages would only pile up."""
    try:
        if is_attended(timezone.now()):
            current_app.send_task(TASK, expires=EXPIRES_SECONDS, retry=False, ignore_result=True)
    finally:
        connection.close_if_unusable_or_obsolete()


_hinter = Hinter(send_hint)


def hint() -> None:
    """Have the workers told that the outbox holds something. No I/O."""
    _hinter.hint()


def _start_anew() -> None:
    """Give a forked process a thread of its own: threads are not forked."""
    global _hinter  # noqa: PLW0603 (one for each process)
    _hinter = Hinter(send_hint)


os.register_at_fork(after_in_child=_start_anew)
