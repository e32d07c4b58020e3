"""Answers in time, whatever the application behind does."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from flameup.request_bodies import Application, Message, Receive, Scope, Send


class Prompt:
    """Answers the requests to one path within `seconds`: with `late` where no answer is there.

    What comes too late is thrown away. Until it has come, further requests are
    answered at once, so that no more than those of a few seconds ever wait.
    """

    def __init__(
        self, application: Application, *, path: str, seconds: float, late: Sequence[Message]
    ) -> None:
        self.application = application
        self.path = path
        self.seconds = seconds
        self.late = late
        # In the order in which they began.
        self._running: dict[asyncio.Task[list[Message]], float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") != self.path:
            await self.application(scope, receive, send)
            return
        for message in await self._answer(scope, receive):
            await send(message)

    async def _answer(self, scope: Scope, receive: Receive) -> Sequence[Message]:
        if self._is_stuck():
            return self.late
        task = asyncio.create_task(self._collect(scope, receive))
        self._running[task] = monotonic()
        task.add_done_callback(self._running.pop)
        await asyncio.wait({task}, timeout=self.seconds)
        return task.result() if task.done() else self.late

    def _is_stuck(self) -> bool:
        first = next(iter(self._running.values()), None)
        return first is not None and monotonic() - first >= self.seconds

    async def _collect(self, scope: Scope, receive: Receive) -> list[Message]:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self.application(scope, receive, collect)
        return messages


def json_answer(status: int, members: Mapping[str, Any]) -> list[Message]:
    """Return the messages of an answer in JSON."""
    headers = [(b"content-type", b"application/json")]
    body = json.dumps(members).encode()
    return [
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
    ]
