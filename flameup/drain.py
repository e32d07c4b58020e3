"""The last seconds of a web process: not ready any more, serving still, then the server's own stop.

The ASGI server (granian) stops at SIGTERM by closing its port and every connection
that is idle, and tells the application only when the last request is answered. So
whoever is to send no more requests, as a load balancer, is told before that, from here.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from threading import Event

from flameup.request_bodies import Application, Message, Receive, Scope, Send

_begun = Event()


def has_begun() -> bool:
    """Tell whether this process was asked to stop."""
    return _begun.is_set()


def begin_at_sigterm(
    delay: float,
    *,
    release: Callable[[], object],
    give_up: Callable[[], object],
    give_up_seconds: float,
) -> None:
    """Have SIGTERM begin the drain, and the server stop `delay` seconds later.

    `release` is called as the server stops, and lets go those who could be answered.
    `give_up` is called in a thread `give_up_seconds` after that, where requests keep the
    server until then: it answers those who wait in vain. Call this from the server's
    event loop, once the server has set its own handlers.
    """
    loop = asyncio.get_running_loop()

    def begin() -> None:
        # Once only: a worker of granian hangs at the third signal.
        if _begun.is_set():
            return
        _begun.set()
        # To the server it means what SIGTERM did.
        loop.call_later(delay, signal.raise_signal, signal.SIGINT)
        loop.call_later(delay, release)
        loop.call_later(delay + give_up_seconds, loop.run_in_executor, None, give_up)

    loop.add_signal_handler(signal.SIGTERM, begin)


class ClosingConnections:
    """Has each answer close its connection once the drain has begun.

    A client that keeps one would otherwise find it closed at the end, maybe with a
    request under way, of which it could not know whether it was read.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Return the application's coroutine, because one more would cost every request."""
        return self.application(scope, receive, _closing(send) if _begun.is_set() else send)


def _closing(send: Send) -> Send:
    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return closing
