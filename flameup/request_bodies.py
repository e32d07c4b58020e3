"""Reads the body of each request before a thread is spent on it."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

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
    """

    def __init__(self, application: Application, *, limit: int) -> None:
        self.application = application
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        body, is_incomplete = b"", False
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                body = await self._read(receive)
        except TimeoutError:
            is_incomplete = True
        except ConnectionError:
            return
        scope = {
            **scope,
            "headers": _headers(scope["headers"], len(body)),
            "query_string": _ascii(scope["query_string"]),
            INCOMPLETE: is_incomplete,
        }
        await self.application(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive) -> bytes:
        body, drained, more = bytearray(), 0, True
        while more and drained < DRAINED_BYTES:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("The client went away.")
            chunk, more = message.get("body", b""), message.get("more_body", False)
            room = self.limit + 1 - len(body)
            body += chunk[:room]
            drained += max(len(chunk) - room, 0)
        return bytes(body)


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
