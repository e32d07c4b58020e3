"""Django's synchronous views behind ASGI: each request in a thread, with one word back.

a2wsgi itself passes every message of an answer between the threads on its own and
waits for it, which takes longer than most views. Here an answer that is complete
goes over in one piece; only one that is streamed goes chunk by chunk.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from io import BytesIO
from typing import Any

from a2wsgi.wsgi import build_environ

from flameup.request_bodies import Message, Receive, Scope, Send

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Any]


class ThreadBridge:
    """Runs a WSGI application in `threads` threads; the body comes as one message.

    flameup.request_bodies sees to that. A client that goes away while an answer is
    streamed ends the stream. Each of the paths `apart` has a thread of its own, for
    when all others are held up.
    """

    def __init__(
        self, application: WSGIApplication, *, threads: int, apart: Collection[str] = ()
    ) -> None:
        self.application = application
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="view")
        self.pools_apart = {
            path: ThreadPoolExecutor(1, thread_name_prefix="view-apart") for path in apart
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        environ: dict[str, Any] = build_environ(scope, BytesIO(message.get("body", b"")))  # type: ignore[arg-type, assignment]
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        pool = self.pools_apart.get(scope["path"], self.pool)
        pool.submit(self._run, environ, send, loop, done)
        for message in await done:
            await send(message)

    def _run(
        self,
        environ: dict[str, Any],
        send: Send,
        loop: asyncio.AbstractEventLoop,
        done: "asyncio.Future[list[Message]]",
    ) -> None:
        """Answer in this thread what is streamed, and give the loop what is not."""
        try:
            messages = self._answer(environ, send, loop)
        except BaseException as error:  # noqa: BLE001 (it is raised where it is waited for)
            _tell(loop, _fail, done, error)
        else:
            _tell(loop, _succeed, done, messages)

    def _answer(
        self, environ: dict[str, Any], send: Send, loop: asyncio.AbstractEventLoop
    ) -> list[Message]:
        head: Message = {"type": "http.response.start"}

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> None:
            head["status"] = int(status[:3])
            head["headers"] = [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
            ]

        with closing(self.application(environ, start_response)) as response:
            if not getattr(response, "streaming", True):
                return [head, {"type": "http.response.body", "body": b"".join(response)}]
            _stream(head, response, send, loop)
            return [{"type": "http.response.body", "body": b""}]


def _stream(
    head: Message, chunks: Iterable[bytes], send: Send, loop: asyncio.AbstractEventLoop
) -> None:
    """Send the chunks one by one, as fast as the client takes them."""

    def wait_for(message: Message) -> None:
        asyncio.run_coroutine_threadsafe(_send(send, message), loop).result()

    wait_for(head)
    for chunk in chunks:
        if chunk:
            wait_for({"type": "http.response.body", "body": chunk, "more_body": True})


async def _send(send: Send, message: Message) -> None:
    await send(message)


def _tell(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *args: object) -> None:
    # A loop that is closed has nobody left who waits.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *args)


def _succeed(done: "asyncio.Future[list[Message]]", messages: list[Message]) -> None:
    if not done.done():
        done.set_result(messages)


def _fail(done: "asyncio.Future[list[Message]]", error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
