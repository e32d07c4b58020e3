import asyncio
import threading

import pytest

from flameup.bridge import ThreadBridge

SCOPE = {
    "type": "http", "method": "POST", "path": "/größe", "query_string": b"a=1",
    "http_version": "1.1", "headers": [(b"x-test", b"yes")],
    "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 5),
}  # fmt: skip


class Response:
    """What Django gives back: an iterable with `streaming`, which is closed in the end."""

    def __init__(self, chunks, streaming=False):
        self.chunks = chunks
        self.streaming = streaming
        self.is_closed = False

    def __iter__(self):
        return iter(self.chunks)

    def close(self):
        self.is_closed = True


def call(application, send=None, body=b""):
    """Return what the application behind the bridge sends."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def collect(message):
        sent.append(message)

    asyncio.run(ThreadBridge(application, threads=2)(SCOPE, receive, send or collect))
    return sent


def answering(response, seen=None):
    def application(environ, start_response):
        if seen is not None:
            seen.append((environ, threading.current_thread()))
        start_response("201 Created", [("Content-Type", "text/plain"), ("X-Name", "ü")])
        return response

    return application


def test_complete_answer_goes_over_in_one_piece():
    response = Response([b"ab", b"", b"cd"])
    head, body = call(answering(response))
    assert head == {
        "type": "http.response.start",
        "status": 201,
        "headers": [(b"content-type", b"text/plain"), (b"x-name", b"\xfc")],
    }
    assert body == {"type": "http.response.body", "body": b"abcd"}
    assert response.is_closed


def test_request_reaches_the_application_in_a_thread():
    seen = []
    call(answering(Response([]), seen), body=b"hello")
    [(environ, thread)] = seen
    assert environ["wsgi.input"].read() == b"hello"
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/größe"
    assert (environ["HTTP_X_TEST"], environ["REMOTE_ADDR"]) == ("yes", "127.0.0.1")
    assert thread is not threading.main_thread()


def test_streamed_answer_goes_chunk_by_chunk():
    response = Response(iter([b"a", b"", b"b"]), streaming=True)
    head, *chunks = call(answering(response))
    assert head["status"] == 201
    assert [(chunk["body"], chunk.get("more_body", False)) for chunk in chunks] == [
        (b"a", True), (b"b", True), (b"", False),
    ]  # fmt: skip
    assert response.is_closed


def test_client_that_goes_away_ends_the_stream():
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"x"

    async def send(message):
        if len(taken) == 3:
            raise ConnectionError("gone")

    response = Response(endless(), streaming=True)
    with pytest.raises(ConnectionError):
        call(answering(response), send)
    assert len(taken) == 3
    assert response.is_closed


def test_failure_of_the_application_is_raised():
    def application(environ, start_response):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call(application)


def test_path_apart_is_answered_while_all_threads_wait():
    go_on = threading.Event()

    def application(environ, start_response):
        if environ["PATH_INFO"] != "/alive":
            assert go_on.wait(10)
        start_response("200 OK", [])
        return Response([])

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask_aside():
        bridge = ThreadBridge(application, threads=1, apart=["/alive"])
        answered = []

        async def ask(path):
            async def send(message):
                answered.append(path)

            await bridge({**SCOPE, "path": path}, receive, send)

        held_up = asyncio.create_task(ask("/other"))
        await asyncio.sleep(0)
        await asyncio.wait_for(ask("/alive"), 5)
        assert set(answered) == {"/alive"}
        go_on.set()
        await held_up

    asyncio.run(ask_aside())
