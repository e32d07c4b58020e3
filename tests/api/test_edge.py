"""Which requests the edge answers itself, and that it leaves all others as they were."""

import gzip
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.api import edge
from flameup.request_bodies import ADMITTED
from people.models import Person
from tests.api.calls import BATCH, TRACK, TRACK_PATHS, an_event, post
from tests.factories import APIKeyFactory
from tests.twins import TwinClient, ask_edge
from workspaces.authentication import find_api_key
from workspaces.scopes import EVENTS_READ

EVENT = json.dumps(an_event()).encode()


def a_batch(*events, **members):
    return json.dumps({"events": events or [an_event()], **members}).encode()


class Request:
    """A plain good request with a key that is known, but for what is said."""

    def __init__(self, workspace):
        self.workspace = workspace

    def __call__(self, path=TRACK, body=EVENT, *, method="POST", query=b"", known=True, **headers):
        more = headers.pop("more", [])
        api_key = APIKeyFactory(workspace=self.workspace, **headers.pop("key", {}))
        if known:
            find_api_key(api_key.token)
        usual = {
            "host": "localhost",
            "authorization": f"Bearer {api_key.token}",
            "content-type": "application/json",
            "content-length": str(len(body)),
        }
        usual |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [(name, value) for name, value in usual.items() if value is not None] + more
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [(name.encode(), _bytes(value)) for name, value in lines],
        }
        before = scope.copy()
        answer = ask_edge(scope, body)
        # But for having been counted, it is what it was.
        assert {**scope, ADMITTED: None} == {**before, ADMITTED: None}
        return answer


def _bytes(value):
    return value if isinstance(value, bytes) else value.encode()


@pytest.fixture
def ask(workspace):
    """Asks the edge; returns its answer, None if it hands the request over."""
    return Request(workspace)


ANSWERED = {
    **{path: {"path": path} for path in TRACK_PATHS},
    "batch": {"path": BATCH, "body": a_batch()},
    "batch of 100": {"path": BATCH, "body": a_batch(*[an_event()] * 100)},
    "batch with more": {"path": BATCH, "body": a_batch(sent_at="now")},
    "charset": {"content_type": "application/json; charset=utf-8"},
    "port": {"host": "localhost:8000"},
    "other headers": {"more": [("user-agent", "ü"), ("accept", "text/html"), ("cookie", "a=1")]},
    "idempotency key": {"idempotency_key": "k"},
    "idempotency key of a batch": {"path": BATCH, "body": a_batch(), "idempotency_key": "k"},
    "32 KiB": {"body": EVENT + b" " * (32 * 1024 - len(EVENT))},
    "byte order mark": {"body": b"\xef\xbb\xbf" + EVENT},
    "repaired": {"body": json.dumps(an_event(parameters={"a": "\0"})).encode()},
    "numeric id": {"body": json.dumps(an_event(external_id=5)).encode()},
    "https": {"x_forwarded_proto": "https"},
}


@pytest.mark.parametrize("request_", ANSWERED.values(), ids=ANSWERED)
def test_plain_good_request_is_answered(ask, count_events, request_):
    answer = ask(**request_)
    body = json.loads(answer.body)
    assert (answer.status, body["success"]) == (200, True)
    assert count_events() == len(body.get("event_ids", [1]))


HANDED_OVER = {
    "bad JSON": {"body": b"{"},
    "no JSON": {"body": b""},
    "no object": {"body": b"[]"},
    "bad UTF-8": {"body": b'{"external_id": "\xff", "event": "e"}'},
    "bad field": {"body": json.dumps(an_event(event=5)).encode()},
    "no person": {"body": b'{"event": "e"}'},
    "33 KiB": {"body": json.dumps(an_event(parameters={"x": "y" * 33_000})).encode()},
    "33 levels": {"body": b'{"parameters": {"x": ' + b"[" * 31 + b"]" * 31 + b"}}"},
    "301 digits": {"body": EVENT[:-1] + b', "parameters": {"x": %s}}' % (b"9" * 310)},
    "empty batch": {"path": BATCH, "body": b'{"events": []}'},
    "no batch": {"path": BATCH, "body": EVENT},
    "batch on another path": {"path": TRACK, "body": a_batch()},
    "101 events": {"path": BATCH, "body": a_batch(*[an_event()] * 101)},
    "bad item": {"path": BATCH, "body": a_batch(an_event(), {}, an_event())},
    "large item": {"path": BATCH, "body": a_batch(an_event(), an_event(x="y" * 33_000))},
    "unknown key": {"known": False},
    "no key": {"authorization": None},
    "no bearer": {"authorization": "Basic dXNlcjpwYXNz"},
    "wrong key": {"authorization": "Bearer ws_live_abc12345_abc123.your_secret_here"},
    "key that is not ASCII": {"authorization": "Bearer ключ"},
    "missing scope": {"key": {"scopes": [EVENTS_READ]}},
    "test key": {"key": {"test": True}},
    "two keys": {"more": [("authorization", "Bearer x")]},
    "two hosts": {"more": [("host", "localhost")]},
    "bad host": {"host": "evil.example"},
    "no host": {"host": None},
    "empty host": {"host": ""},
    "gzip": {"body": gzip.compress(EVENT), "content_encoding": "gzip"},
    "identity": {"content_encoding": "identity"},
    "text/plain": {"content_type": "text/plain"},
    "no media type": {"content_type": None},
    "utf-16": {"content_type": "application/json; charset=utf-16"},
    "query": {"query": b"a=1"},
    "trailing slash": {"path": f"{TRACK}/"},
    "other path": {"path": "/api/v1/workspaces/ws_abcdef/people"},
    "GET": {"method": "GET"},
    "PUT": {"method": "PUT"},
    "OPTIONS": {"method": "OPTIONS"},
    "idempotency key that is not ASCII": {"idempotency_key": b"\xfc"},
    "empty idempotency key": {"idempotency_key": ""},
    "long idempotency key": {"idempotency_key": "x" * 256},
    "two idempotency keys": {"idempotency_key": "a", "more": [("idempotency-key", "b")]},
}


@pytest.mark.parametrize("request_", HANDED_OVER.values(), ids=HANDED_OVER)
def test_any_other_request_is_handed_over_untouched(ask, workspace, count_events, request_):
    with CaptureQueriesContext(connection) as queries:
        assert ask(**request_) is None
    assert not [query for query in queries if "events_" in query["sql"]]
    assert count_events() == 0
    assert not Person.objects.in_workspace(workspace.id).exists()


@pytest.fixture
def behind_tls(settings):
    edge._is_allowed.cache_clear()
    settings.IS_BEHIND_TLS = True
    yield
    edge._is_allowed.cache_clear()


@pytest.mark.parametrize(
    ("protocol", "is_answered"), [("https", True), ("http", False), ("HTTPS", False), (None, False)]
)
def test_behind_tls_only_https_is_answered(ask, behind_tls, protocol, is_answered):
    assert (ask(x_forwarded_proto=protocol) is not None) == is_answered


@pytest.mark.parametrize("path", TRACK_PATHS)
def test_client_of_the_tests_asks_the_edge_as_well(api_client, count_events, path):
    before = TwinClient.answered
    post(api_client, path, an_event())
    post(api_client, BATCH, {"events": [an_event()]})
    assert TwinClient.answered == before + 2
    assert count_events() == 2


def test_client_of_the_tests_sees_what_the_edge_hands_over(api_client, count_events):
    before = TwinClient.answered
    post(api_client, TRACK, "{")
    post(api_client, TRACK, EVENT, query_params={"a": "1"})
    assert TwinClient.answered == before
    assert count_events() == 1


def test_client_of_the_tests_tells_answers_apart(api_client, monkeypatch):
    monkeypatch.setattr(edge, "track_members", lambda outcome: {"success": True})
    with pytest.raises(AssertionError):
        post(api_client, TRACK, an_event())
