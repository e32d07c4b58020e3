"""Can tasks be handed to the broker? Without it events are stored still, and the rest waits."""

import math
import os
import time
from collections.abc import Callable
from threading import Event, Lock, Thread

from django.conf import settings

from flameup.celery import app

TIMEOUT_SECONDS = 1.0
REMEMBERED_SECONDS = 5.0


class Inquiry:
    """Asks a question that may take forever, and gives the last answer without waiting for it.

    One thread at a time asks, at most every REMEMBERED_SECONDS. An answer that takes
    more than TIMEOUT_SECONDS counts as a no; only for the very first one is it waited.
    """

    def __init__(self, question: Callable[[], bool]) -> None:
        self._question = question
        self._lock = Lock()
        self._answered = Event()
        self._asked_at = -math.inf
        self._is_asking = False
        self._last = True

    def answer(self) -> bool:
        """Return what was last answered, and see that it is asked again in time."""
        with self._lock:
            if not self._is_asking and self._age() >= REMEMBERED_SECONDS:
                self._is_asking, self._asked_at = True, time.monotonic()
                # A daemon: an answer that never comes must not hold up the process's end.
                Thread(target=self._ask, name="inquiry", daemon=True).start()
        if not self._answered.is_set():
            self._answered.wait(max(0.0, TIMEOUT_SECONDS - self._age()))
        is_late = self._is_asking and self._age() >= TIMEOUT_SECONDS
        return self._last and not is_late

    def _age(self) -> float:
        return time.monotonic() - self._asked_at

    def _ask(self) -> None:
        try:
            self._last = self._question()
        finally:
            self._is_asking = False
            self._answered.set()


def warnings() -> list[str]:
    """Return that the broker takes no tasks."""
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        if _can_write_messages():
            return []
        return [f"The broker's folder in {settings.CELERY_DATA_DIR} cannot be written: no tasks."]
    return [] if _server.answer() else ["The broker cannot be reached: no tasks."]


def _can_write_messages() -> bool:
    try:
        # Reading these for the first time makes the folders.
        folder = app.conf.broker_transport_options["data_folder_out"]
    except OSError:
        return False
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


def _is_reachable() -> bool:
    options = {}
    if settings.CELERY_BROKER_URL.startswith(("redis", "sentinel")):
        options = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    try:
        with app.connection_for_write(
            connect_timeout=TIMEOUT_SECONDS, transport_options=options
        ) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
    except Exception:  # noqa: BLE001 (each kind of broker has errors of its own)
        return False
    return True


_server = Inquiry(_is_reachable)
