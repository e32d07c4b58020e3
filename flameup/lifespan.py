"""What is done when the web server's process starts and before it ends."""

import asyncio
from collections.abc import Callable

from flameup.request_bodies import Application, Receive, Scope, Send


class Lifespan:
    """Calls `start` and `stop` as the ASGI server's lifespan protocol has it.

    `stop` may take a while and runs in a thread, so that the answers it brings
    about are sent meanwhile.
    """

    def __init__(
        self, application: Application, *, start: Callable[[], None], stop: Callable[[], None]
    ) -> None:
        self.application = application
        self.start = start
        self.stop = stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.application(scope, receive, send)
            return
        await receive()
        self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self.stop)
        await send({"type": "lifespan.shutdown.complete"})
