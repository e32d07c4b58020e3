"""Reads the body of each request before a thread is spent on it."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from time import monotonic
from typing import Any
from urllib.parse import quote

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Shortcut = Callable[[Scope, bytes, Send], Awaitable[bool]]

# The member of the scope that tells the views that the client stopped sending.
INCOMPLETE = "flameup.incomplete"
# The member that tells them that the request was counted against its key's limit already.
ADMITTED = "flameup.admitted"

IDLE_SECONDS = 5.0
TOTAL_SECONDS = 60.0
# What is read and thrown away of a body that is too large, so that its sender gets to the answer.
DRAINED_BYTES = 64 * 1024 * 1024


class BodyReader:
    """Hands a request to `application` once its body is here, at most `limit` + 1 bytes of it.

    One byte more than the limit is passed on, by which the view sees that the
    body was too large. A client that sends nothing for 5 s, or is not done after
    60 s, is answered with what the view makes of INCOMPLETE.

    The `shortcut` is asked first, with the scope, the body and `send`; where it
    returns True the request is answered.
    """

    def __init__(
        self, application: Application, *, limit: int, shortcut: Shortcut | None = None
    ) -> None:
        self.application = application
        self.limit = limit
        self.shortcut = shortcut
        self.deadlines = Deadlines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        body, is_incomplete = b"", False
        try:
            body = await self._read(scope, receive)
        except TimeoutError:
            is_incomplete = True
        except ConnectionError:
            return
        if self.shortcut and not is_incomplete and await self.shortcut(scope, body, send):
            return
        scope = {
            **scope,
            "headers": _headers(scope["headers"], len(body)),
            "query_string": _ascii(scope["query_string"]),
            INCOMPLETE: is_incomplete,
        }
        await self.application(scope, _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        """Return the body; raises TimeoutError, or ConnectionError when the client is gone."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (whoever awaits is in a task)
        length = _content_length(scope["headers"])
        body, size, more, last = b"", 0, length > 0, monotonic() + TOTAL_SECONDS
        try:
            while more:
                self.deadlines.set(task, min(monotonic() + IDLE_SECONDS, last))
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionError("The client went away.")
                chunk = message.get("body", b"")
                body += chunk[: self.limit + 1 - len(body)]
                size += len(chunk)
                more = message.get("more_body", False) and size < length
        except asyncio.CancelledError:
            if self.deadlines.has_expired(task):
                task.uncancel()
                raise TimeoutError from None
            raise
        finally:
            self.deadlines.remove(task)
        return body


class Deadlines:
    """Bounds on many short waits, for the price of a dictionary's entry each.

    A timer of its own for every request would cost as much as reading its body.
    One looks at all of them twice a second, which is how late a bound may be, and
    cancels the tasks that have waited too long.
    """

    TICK_SECONDS = 0.5

    def __init__(self) -> None:
        self._moments: dict[asyncio.Task[Any], float] = {}
        self._expired: set[asyncio.Task[Any]] = set()
        self._is_ticking = False

    def set(self, task: asyncio.Task[Any], moment: float) -> None:
        """Let a task wait until this moment of the monotonic clock."""
        self._moments[task] = moment
        if not self._is_ticking:
            self._tick(asyncio.get_running_loop())

    def has_expired(self, task: asyncio.Task[Any]) -> bool:
        """Say whether the task was cancelled because its moment had come."""
        return task in self._expired

    def remove(self, task: asyncio.Task[Any]) -> None:
        """Let a task wait as long as it likes."""
        self._moments.pop(task, None)
        if self._expired:
            self._expired.discard(task)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = monotonic()
        for task in [task for task, moment in self._moments.items() if moment <= now]:
            del self._moments[task]
            self._expired.add(task)
            task.cancel()
        self._is_ticking = bool(self._moments)
        if self._is_ticking:
            loop.call_later(self.TICK_SECONDS, self._tick, loop)


def _content_length(headers: list[tuple[bytes, bytes]]) -> int:
    """Return how many bytes of the body are read: its length, if the request says it, or a bound.

    Its end needs no sign then, which granian gives in a message of its own.
    """
    for name, value in headers:
        if name == b"content-length":
            # The server has checked it.
            return min(int(value), DRAINED_BYTES)
    return DRAINED_BYTES


def _headers(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    """Leave out headers whose names would pass for others, and say how long the body is.

    `X_Forwarded_For` and `X-Forwarded-For` are one and the same to WSGI.
    """
    kept = [
        (name, value)
        for name, value in headers
        if b"_" not in name and name.lower() not in {b"content-length", b"transfer-encoding"}
    ]
    if not any(name.lower() == b"host" for name, _ in kept):
        kept.append((b"host", b""))
    return [*kept, (b"content-length", str(length).encode())]


def _ascii(query: bytes) -> bytes:
    return query if query.isascii() else quote(query, safe="%&=+;/?:@!$'()*,-._~").encode()


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the whole body at once."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
