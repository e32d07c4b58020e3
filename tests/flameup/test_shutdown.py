"""A server that is told to stop under load answers what it took, and loses nothing."""

import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from http.client import HTTPConnection, HTTPException
from itertools import count
from threading import Event as Flag
from urllib.parse import urlsplit

import pytest
from django.db import connection as database
from django.db import transaction

from events.models import Event
from events.services import quality_counts
from flameup.management.children import web_command, web_service
from people.services import shut_out_writers
from tests.events.threads import wait_until_blocked
from tests.factories import APIKeyFactory, WorkspaceFactory
from tests.flameup.running import wait_for
from tests.server import db, running_server  # noqa: F401 (a fixture)

pytestmark = pytest.mark.any_server

CLIENTS = 6
# A worker is killed after 3 s, and what is left after the supervisor's patience.
STOP_SECONDS = 3.0
PATIENCE_SECONDS = web_service("127.0.0.1", 0, ()).patience
BODY = json.dumps({"external_id": "user_123", "event": "signed_up"})
KEPT_ALIVE = 24
# More than the server's own patience, after which it kills.
DELAY_SECONDS = 4


@pytest.fixture
def api_key(db):  # noqa: F811 (the fixture)
    return APIKeyFactory(workspace=WorkspaceFactory(), rate_limit=0)


@pytest.fixture
def server(request, api_key, tmp_path):
    """A web server of the test's own, with the options of a real one."""
    with serving(tmp_path / "server.log", FLAMEUP_EDGE=getattr(request, "param", "1")) as running:
        yield running


def serving(log, **environment):
    command = partial(web_command, "127.0.0.1", workers=1)
    return running_server(log, command_for=command, **environment)


each_way = pytest.mark.parametrize("server", ["1", "0"], ids=["edge", "no edge"], indirect=True)


@dataclass
class Run:
    """What a client heard until it was not heard any more."""

    ids: list[str] = field(default_factory=list)
    others: list[tuple[int, bytes]] = field(default_factory=list)


def connect(server):
    address = urlsplit(server.url)
    return HTTPConnection(address.hostname, address.port, timeout=10)


def track(connection, api_key, body=BODY):
    headers = {"Authorization": f"Bearer {api_key.token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/track", body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def track_with_ids(server, api_key, name, *, is_over):
    """Track events, each under a message id of its own; return statuses and ids of events.

    A client whose connection is closed goes on on a new one until all is over.
    """
    outcomes = []
    with closing(connect(server)) as connection:
        for number in count():
            message_id = f"{name}-{number}"
            body = json.dumps({"external_id": name, "event": "seen", "message_id": message_id})
            try:
                status, answer = track(connection, api_key, body)
            except (ConnectionError, HTTPException):
                outcomes.append((None, None))
                connection.close()
                if is_over():
                    break
            else:
                outcomes.append((status, json.loads(answer).get("event_id")))
    return outcomes


def track_on(server, api_key, run, *, keep_alive):
    """Track events until there is no answer."""
    with closing(connect(server)) as connection:
        while True:
            try:
                status, body = track(connection, api_key)
            except (ConnectionError, HTTPException):
                return
            if status == 200:
                run.ids.append(json.loads(body)["event_id"])
            else:
                run.others.append((status, body))
            if not keep_alive:
                connection.close()


def stop(server):
    """Tell the server to stop; return its exit code and how long it took."""
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    code = server.process.wait(20)
    return code, time.monotonic() - began


def is_listening(server):
    address = urlsplit(server.url)
    try:
        socket.create_connection((address.hostname, address.port), 1).close()
    except OSError:
        return False
    return True


def stored_ids(api_key):
    events = Event.objects.in_workspace(api_key.workspace_id)
    return {f"evt_{event_id.hex}" for event_id in events.values_list("id", flat=True)}


@each_way
def test_what_was_answered_under_load_is_stored(server, api_key):
    runs = [Run() for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for i, run in enumerate(runs):
            pool.submit(track_on, server, api_key, run, keep_alive=i % 2)
        wait_for(lambda: all(len(run.ids) > 5 for run in runs), 10, "the load")
        code, seconds = stop(server)
    assert [run.others for run in runs] == [[]] * CLIENTS
    assert {event_id for run in runs for event_id in run.ids} <= stored_ids(api_key)
    assert (code, seconds < STOP_SECONDS) == (0, True)


@each_way
def test_request_that_waits_for_the_database_is_answered(server, api_key):
    with closing(connect(server)) as connection, ThreadPoolExecutor(1) as pool:
        assert track(connection, api_key)[0] == 200
        with transaction.atomic():
            shut_out_writers(api_key.workspace_id)
            future = pool.submit(track, connection, api_key)
            wait_until_blocked(future)
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: not is_listening(server), 2, "the end of listening")
        assert future.result(STOP_SECONDS)[0] == 200
    assert server.process.wait(STOP_SECONDS) == 0
    assert len(stored_ids(api_key)) == 2


def test_what_was_refused_is_counted_before_the_end(server, api_key):
    odd = json.dumps({"external_id": "user_123", "event": "e", "ua": "x" * 2000})
    with closing(connect(server)) as client:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute("LOCK events_qualitycount")
            statuses = [track(client, api_key, body)[0] for body in ("{", odd, "{", odd)]
            server.process.send_signal(signal.SIGTERM)
            wait_for(lambda: not is_listening(server), 2, "the end of listening")
            time.sleep(0.5)
        assert server.process.wait(STOP_SECONDS) == 0
    counts = quality_counts(api_key.workspace_id, date(2020, 1, 1))
    assert statuses == [400, 200, 400, 200]
    assert sorted((row.outcome, row.api_key_id, row.count) for row in counts) == [
        ("rejected", api_key.id, 2),
        ("repaired", api_key.id, 2),
    ]


HEAD = b"POST /api/v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_clients_that_say_nothing_hold_up_no_stop(server, api_key):
    with closing(connect(server)) as idle, closing(connect(server)) as used:
        idle.connect()
        track(used, api_key)
        assert stop(server) < (0, 1.0)


@pytest.mark.parametrize(
    "data", [HEAD, HEAD + b"Content-Length: 50\r\n\r\n{"], ids=["head", "body"]
)
def test_client_that_stalls_holds_up_the_stop_for_seconds(server, data):
    with closing(connect(server)) as connection:
        connection.connect()
        connection.sock.sendall(data)
        # Until the server has begun to read it.
        time.sleep(0.3)
        assert stop(server) < (0, PATIENCE_SECONDS)


@each_way
def test_kept_alive_clients_hear_no_error_and_lose_nothing(server, api_key):
    is_stopped = Flag()
    with ThreadPoolExecutor(KEPT_ALIVE) as pool:
        futures = [
            pool.submit(track_with_ids, server, api_key, f"u{n}", is_over=is_stopped.is_set)
            for n in range(KEPT_ALIVE)
        ]
        wait_for(lambda: len(stored_ids(api_key)) > 10 * KEPT_ALIVE, 20, "the load")
        code, seconds = stop(server)
        is_stopped.set()
    outcomes = [outcome for future in futures for outcome in future.result()]
    assert {status for status, _ in outcomes} == {200, None}
    assert {event_id for status, event_id in outcomes if status == 200} <= stored_ids(api_key)
    assert (code, seconds < STOP_SECONDS) == (0, True)


@pytest.fixture
def delayed(api_key, tmp_path, settings):
    """A server that goes on for some seconds after it was told to stop."""
    settings.SHUTDOWN_DELAY = DELAY_SECONDS
    with serving(tmp_path / "server.log", FLAMEUP_SHUTDOWN_DELAY=f"{DELAY_SECONDS}") as running:
        yield running


def probe(connection):
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    return answer.status, json.load(answer), answer.headers["connection"]


def test_drain_begins_with_readiness_and_serves_on(delayed, api_key):
    with closing(connect(delayed)) as kept, closing(connect(delayed)) as other:
        assert probe(kept)[0] == 200
        assert track(other, api_key)[0] == 200
        began = time.monotonic()
        delayed.process.terminate()
        time.sleep(DELAY_SECONDS / 4)
        status, answer, header = probe(kept)
        assert (status, answer["status"], header) == (503, "unready", "close")
        assert "draining" in answer["problems"][0]
        # Kept alive since before, and new.
        for connection in (other, kept):
            assert track(connection, api_key)[0] == 200
            assert connection.sock is None
        assert delayed.process.wait(10) == 0
    assert DELAY_SECONDS < time.monotonic() - began < DELAY_SECONDS + STOP_SECONDS
    assert len(stored_ids(api_key)) == 3


def test_clients_notice_nothing_until_the_delay_is_over(delayed, api_key):
    is_draining = Flag()
    with ThreadPoolExecutor(KEPT_ALIVE) as pool:
        futures = [
            pool.submit(track_with_ids, delayed, api_key, f"u{n}", is_over=is_draining.is_set)
            for n in range(KEPT_ALIVE)
        ]
        wait_for(lambda: len(stored_ids(api_key)) > 10 * KEPT_ALIVE, 20, "the load")
        delayed.process.terminate()
        time.sleep(DELAY_SECONDS / 2)
        assert not any(future.done() for future in futures)
        is_draining.set()
        assert delayed.process.wait(10) == 0
    outcomes = [[status for status, _ in future.result()] for future in futures]
    # Only the last, after which there is no server.
    assert {status for each in outcomes for status in each[:-1]} == {200}
    assert {each[-1] for each in outcomes} == {None}
