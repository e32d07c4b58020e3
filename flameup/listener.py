"""News from the other processes of an installation, by PostgreSQL's LISTEN and NOTIFY."""

import os
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import psycopg
import structlog
from django.db import connection as caller_connection
from django.db import connections
from psycopg.sql import SQL, Identifier

log = structlog.get_logger(__name__)

APPLICATION_NAME = "flameup listener"

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0
# How soon the thread sees that it shall stop.
_POLL_SECONDS = 0.25
_STOP_SECONDS = 5.0
# A network that swallows packets is noticed within 4 s.
_KEEPALIVES = {
    "connect_timeout": 3,
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
}


class Subscription(NamedTuple):
    """Whom to tell of a channel's news, and that some may have been missed."""

    on_notice: Callable[[str], None]
    on_gap: Callable[[], None]


class Listener:
    """Hears what is notified on the channels that were subscribed to, in a thread of its own.

    The thread has a connection of its own and makes a new one when it is lost.
    `is_listening` tells whether the connection is up at this moment. Callbacks run in
    that thread and hold up all further news, so they only drop things from memory.
    """

    def __init__(self) -> None:
        self.is_listening = False
        self._subscriptions: dict[str, Subscription] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def subscribe(
        self, channel: str, on_notice: Callable[[str], None], on_gap: Callable[[], None]
    ) -> None:
        """Have `on_notice` called with the payload of each notification on the channel.

        `on_gap` is called whenever some may have been missed: when the connection is lost,
        and again once a new one listens, before `is_listening` says so. Whoever caches
        drops everything then. Raises RuntimeError once the listener runs.
        """
        if self._thread is not None:
            raise RuntimeError("subscribe before the listener is started")
        self._subscriptions[channel] = Subscription(on_notice, on_gap)

    def start(self) -> None:
        """Listen from now on; a listener that runs is left alone.

        Call it in each process that caches, after the fork: threads do not survive one.
        It returns at once and raises nothing when the database is away.
        """
        with self._lock:
            if self._thread is None:
                self._stopping = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(self._stopping,), name="listener", daemon=True
                )
                self._thread.start()

    def stop(self) -> None:
        """Stop listening and close the connection; a listener that does not run is left alone."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._stopping.set()
        if thread is not None:
            thread.join(_STOP_SECONDS)

    def warnings(self) -> list[str]:
        """Return that it was started and does not listen."""
        if self._thread is None or self.is_listening:
            return []
        return ["No news of other processes is heard: revoked keys are refused some seconds late."]

    def _forget_thread(self) -> None:
        """Begin anew, as a child does that has inherited these members, but not the thread."""
        self.is_listening = False
        self._lock = threading.Lock()
        self._thread = None

    def _run(self, stopping: threading.Event) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not stopping.is_set():
            was_listening = False
            try:
                with closing(_connect()) as connection:
                    self._listen(connection)
                    was_listening = True
                    self._follow(connection, stopping)
            except Exception as error:  # noqa: BLE001 (whatever it is, giving up is no answer)
                if was_listening or pause == _FIRST_PAUSE_SECONDS:
                    log.warning("not listening to the database", error=str(error))
            if self.is_listening:
                self.is_listening = False
                self._tell_of_gap()
            pause = _FIRST_PAUSE_SECONDS if was_listening else pause
            stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _listen(self, connection: "psycopg.Connection[Any]") -> None:
        for channel in self._subscriptions:
            connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
        # Only now, or what was read and changed since the loss would be taken for news that came.
        self._tell_of_gap()
        self.is_listening = True

    def _follow(self, connection: "psycopg.Connection[Any]", stopping: threading.Event) -> None:
        while not stopping.is_set():
            for notice in connection.notifies(timeout=_POLL_SECONDS):
                subscription = self._subscriptions.get(notice.channel)
                if subscription is not None:
                    _call(subscription.on_notice, notice.payload)

    def _tell_of_gap(self) -> None:
        for subscription in self._subscriptions.values():
            _call(subscription.on_gap)


def _connect() -> "psycopg.Connection[Any]":
    parameters = {**_KEEPALIVES, **connections["default"].get_connection_params()}
    return psycopg.connect(**parameters | {"application_name": APPLICATION_NAME}, autocommit=True)


def _call(callback: Callable[..., None], *args: str) -> None:
    try:
        callback(*args)
    except Exception:
        # One subscriber's fault must not cost the others their news.
        log.exception("a subscriber failed")


def notify(channel: str, payload: str) -> None:
    """Tell every process that listens to the channel, once the caller's transaction commits.

    The payload has at most 7,999 bytes. What is rolled back is never told.
    """
    with caller_connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, payload])


# The one of this process.
listener = Listener()
os.register_at_fork(after_in_child=listener._forget_thread)
start = listener.start
stop = listener.stop
