"""A client that sends what the edge would answer both ways, and compares the answers.

The edge (events.api.edge) is a shortcut: it may never be seen from outside which
way a request went. So whatever the tests of the API send to the tracking paths goes
through the edge first, in a savepoint that is rolled back, and then through Django.
"""

import re
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, transaction
from django.test import Client
from django.test.client import FakePayload

from events import ingest
from events.api.edge import BATCH_PATHS, TRACK_PATHS, Edge
from events.ingest.items import Item, Outcome
from events.models import Event
from flameup.request_bodies import ADMITTED, Message, Scope
from workspaces.authentication import cached_api_key, find_api_key
from workspaces.key_cache import keys

_EVENT_ID = re.compile(rb"evt_([0-9a-f]{32})")
_REQUEST_ID = re.compile(rb"req_[0-9a-f]{32}")

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class EdgeAnswer:
    """What the edge sent."""

    status: int
    headers: Headers
    body: bytes


class TwinClient(Client):
    """Compares both ways, but not outside of a test's transaction: what is committed stays."""

    # How many requests the edge has answered: those it hands over compare nothing.
    answered = 0

    def request(self, **request: Any) -> Any:
        environ = self._base_environ(**request)
        if not _may_be_sent_twice(environ):
            return super().request(**request)
        body = environ["wsgi.input"].read()
        scope = scope_of(environ)
        edge_answer, workspace_id = _ask_and_undo(scope, body)
        request["wsgi.input"] = FakePayload(body)
        if ADMITTED in scope:
            # It is one request, and counts once.
            request["asgi.scope"] = {ADMITTED: True}
        if edge_answer is None:
            return super().request(**request)
        TwinClient.answered += 1
        events = Event.objects.in_workspace(workspace_id)
        old_ids = set(events.values_list("id", flat=True))
        response = super().request(**request)
        expected = EdgeAnswer(response.status_code, list(response.items()), response.content)
        assert _comparable(edge_answer, old_ids) == _comparable(expected, old_ids)
        return response


def ask_edge(scope: Scope, body: bytes) -> EdgeAnswer | None:
    """Return the answer of the edge, which stores over this thread's connection.

    None if it hands the request over.
    """
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    if not _run(_edge()(scope, body, send)):
        assert not sent
        return None
    start, end = sent
    headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
    return EdgeAnswer(start["status"], headers, end["body"])


def scope_of(environ: dict[str, Any]) -> Scope:
    """Return the scope that the web server makes of the request behind this environ."""
    named = {name.removeprefix("HTTP_"): value for name, value in environ.items() if _is_sent(name)}
    named.setdefault("HOST", environ["SERVER_NAME"])
    return {
        "type": "http",
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"].encode("latin-1").decode(errors="replace"),
        "query_string": environ["QUERY_STRING"].encode("latin-1"),
        "headers": [
            (name.lower().replace("_", "-").encode(), str(value).encode("latin-1"))
            for name, value in named.items()
            # The client of the tests always has a jar.
            if name != "COOKIE" or value
        ],
    }


def _is_sent(name: str) -> bool:
    return name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}


def _may_be_sent_twice(environ: dict[str, Any]) -> bool:
    # What brings a scope of its own plays a request that the edge has seen already.
    return (
        environ["REQUEST_METHOD"] == "POST"
        and environ["PATH_INFO"] in TRACK_PATHS | BATCH_PATHS
        and "asgi.scope" not in environ
        and connection.in_atomic_block
    )


def _ask_and_undo(scope: Scope, body: bytes) -> tuple[EdgeAnswer | None, int]:
    """Ask the edge as if it knew the key, and forget the key; return its workspace as well."""
    header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    token = header.partition(" ")[2]
    was_known = cached_api_key(token.encode(errors="replace")) is not None
    with transaction.atomic():
        api_key = find_api_key(token)
        answer = ask_edge(scope, body)
        transaction.set_rollback(True)
    if api_key is None:
        return answer, 0
    if not was_known:
        keys.drop(api_key.workspace_id, api_key.id)
    return answer, api_key.workspace_id


async def _submit(items: Sequence[Item]) -> Sequence[Outcome]:
    # Within the test's transaction it stores at once, in this thread.
    return ingest.submit(items)


@cache
def _edge() -> Edge:
    # Which asks for an answer; and at the end of a request Django would close the connection of
    # the test's transaction.
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        return Edge(get_wsgi_application(), submit=_submit)
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


def _run(coroutine: Coroutine[Any, Any, bool]) -> bool:
    """Run a coroutine that waits for nothing; in an event loop Django refuses the database."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return bool(end.value)
    raise AssertionError("The edge waits for something.")


def _comparable(answer: EdgeAnswer, old_ids: set[UUID]) -> tuple[int, Headers, bytes]:
    """Return the answer with a number in place of each id that was minted for it."""
    numbers: dict[bytes, bytes] = {}

    def number(match: re.Match[bytes]) -> bytes:
        if UUID(match[1].decode()) in old_ids:
            return match[0]
        return numbers.setdefault(match[0], b"new event %d" % len(numbers))

    headers = [(name.lower(), value) for name, value in answer.headers]
    kept = sorted(header for header in headers if header[0] != "x-request-id")
    assert len(kept) == len(headers) - 1
    body = _REQUEST_ID.sub(b"request id", answer.body)
    return answer.status, kept, _EVENT_ID.sub(number, body)
