"""Slows down whoever is refused again and again, so that refusing leaves time for the others."""

import asyncio
import random
from http import HTTPStatus
from time import monotonic

from flameup.request_bodies import Application, Message, Receive, Scope, Send

# What a process answers at once in a second; a client that minds its limit is refused less often.
AT_ONCE = 50
# A client that does not pause has so many seconds' less to send. By chance, so that those who were
# held back together do not come back together.
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 3.0
# More than this would be a burden in itself.
MOST_HELD = 10_000


class Brake:
    """Holds back answers of 429 for seconds while there are many; any other goes at once.

    A client on a connection of its own sends its next request only then. Without it
    a thousand connections of one key, all above its limit, take the whole
    processor to be told so.
    """

    def __init__(self, application: Application) -> None:
        self.application = application
        self.held = 0
        self._second, self._count = 0, 0
        self._released: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def braked(message: Message) -> None:
            if message.get("status") == HTTPStatus.TOO_MANY_REQUESTS and self._are_many():
                await self._hold()
            await send(message)

        await self.application(scope, receive, braked)

    def release(self) -> None:
        """Hold back nothing any more, called in the event loop: the process ends."""
        if self._released is None:
            self._released = asyncio.Event()
        self._released.set()

    def _are_many(self) -> bool:
        second = int(monotonic())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count > AT_ONCE and self.held < MOST_HELD

    async def _hold(self) -> None:
        if self._released is None:
            self._released = asyncio.Event()
        self.held += 1
        try:
            seconds = random.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)  # noqa: S311 (no secret)
            await asyncio.wait_for(self._released.wait(), seconds)
        except TimeoutError:
            # It was held back to the end.
            return
        finally:
            self.held -= 1
