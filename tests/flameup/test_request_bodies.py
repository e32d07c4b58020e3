import asyncio

import pytest

from flameup import request_bodies
from flameup.request_bodies import INCOMPLETE, BodyReader

LIMIT = 10


def body_of(*chunks, after=None):
    """Return a `receive` that gives these chunks, then what `after` does."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if after is None:
        messages[-1]["more_body"] = False

    async def receive():
        return messages.pop(0) if messages else await after()

    return receive


def read(receive, headers=(), query=b""):
    """Return the scope and the body that reach the application behind the reader."""
    seen = []

    async def application(scope, receive, send):
        seen.append((scope, await receive()))

    async def send(message):
        raise AssertionError("the reader itself answers nothing")

    scope = {"type": "http", "headers": list(headers), "query_string": query}
    asyncio.run(BodyReader(application, limit=LIMIT)(scope, receive, send))
    return seen


async def forever():
    await asyncio.Event().wait()


async def disconnect():
    return {"type": "http.disconnect"}


def test_the_body_arrives_whole_with_its_length():
    [(scope, message)] = read(body_of(b"abc", b"def"), [(b"transfer-encoding", b"chunked")])
    assert message == {"type": "http.request", "body": b"abcdef", "more_body": False}
    assert dict(scope["headers"])[b"content-length"] == b"6"
    assert b"transfer-encoding" not in dict(scope["headers"])


@pytest.mark.parametrize(
    ("size", "kept"), [(LIMIT, LIMIT), (LIMIT + 1, LIMIT + 1), (500, LIMIT + 1)]
)
def test_one_byte_more_than_the_limit_is_passed_on_at_most(size, kept):
    [(_, message)] = read(body_of(b"x" * (size // 2), b"x" * (size - size // 2)))
    assert len(message["body"]) == kept


def test_a_body_without_end_is_not_read_for_ever(monkeypatch):
    monkeypatch.setattr(request_bodies, "DRAINED_BYTES", 1000)

    async def more():
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    [(_, message)] = read(body_of(b"x", after=more))
    assert len(message["body"]) == LIMIT + 1


@pytest.mark.parametrize("limit", ["IDLE_SECONDS", "TOTAL_SECONDS"])
def test_a_stalled_body_is_marked_as_incomplete(monkeypatch, limit):
    monkeypatch.setattr(request_bodies, limit, 0.01)
    [(scope, _)] = read(body_of(b"{", after=forever))
    assert scope[INCOMPLETE] is True


def test_nothing_is_done_for_a_client_that_went_away():
    assert read(body_of(b"{", after=disconnect)) == []


def test_headers_that_would_pass_for_others_are_left_out():
    [(scope, _)] = read(body_of(b""), [(b"x_forwarded_for", b"1.1.1.1"), (b"x-real", b"yes")])
    names = [name for name, _ in scope["headers"]]
    assert (b"x-real" in names, b"x_forwarded_for" in names) == (True, False)


def test_a_missing_host_becomes_an_empty_one():
    [(scope, _)] = read(body_of(b""))
    assert dict(scope["headers"])[b"host"] == b""


def test_a_query_string_is_made_ascii():
    [(scope, _)] = read(body_of(b""), query="event=größe&x=%20".encode())
    assert scope["query_string"] == b"event=gr%C3%B6%C3%9Fe&x=%20"
