"""A broker that is away is told of, and never waited for."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from threading import enumerate as threads

import httpx
import pytest

from flameup.celery import app
from flameup.health import broker
from flameup.health.broker import Inquiry
from tests.flameup.running import free_port, wait_for
from tests.server import db, running_server  # noqa: F401 (a fixture)

pytestmark = pytest.mark.any_server

AWAY = "The broker cannot be reached: no tasks."
REDIS = shutil.which("redis-server")


def test_folder_that_can_be_written_is_well():
    assert broker.warnings() == []


@pytest.fixture
def folder():
    """The folder of the messages, which is put back after the test."""
    folder = Path(app.conf.broker_transport_options["data_folder_out"])
    aside = folder.rename(folder.with_name("aside"))
    yield folder
    aside.rename(folder)


def test_folder_that_is_gone_is_warned_of(folder):
    assert broker.warnings() == [
        f"The broker's folder in {folder.parent} cannot be written: no tasks."
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_cannot_be_written_is_warned_of(folder):
    folder.mkdir(mode=0o500)
    assert len(broker.warnings()) == 1
    folder.rmdir()


@contextmanager
def black_hole():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@contextmanager
def nobody():
    yield free_port()


@contextmanager
def redis():
    port = free_port()
    command = [REDIS, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: answers(port), 10, "redis-server listens")
            yield port
        finally:
            process.terminate()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(server):
    began = time.monotonic()
    answer = httpx.get(f"{server.url}/readyz", timeout=20, trust_env=False)
    return answer.status_code, answer.json(), time.monotonic() - began


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("broker_at", [black_hole, nobody])
def test_broker_that_is_away_degrades(db, tmp_path, scheme, broker_at):  # noqa: F811 (the fixture)
    with broker_at() as port:
        url = f"{scheme}://127.0.0.1:{port}//"
        with running_server(tmp_path / "log", CELERY_BROKER_URL=url) as server:
            found = [ask(server) for _ in range(10)]
    assert {status for status, _, _ in found} == {200}
    assert {answer["status"] for _, answer, _ in found} == {"degraded"}
    assert all(AWAY in answer["warnings"] for _, answer, _ in found)
    assert max(seconds for _, _, seconds in found) < 0.5


@pytest.mark.skipif(REDIS is None, reason="redis-server is not installed")
def test_broker_that_answers_is_well(db, tmp_path):  # noqa: F811 (the fixture)
    with redis() as port:
        url = f"redis://127.0.0.1:{port}/0"
        with running_server(tmp_path / "log", CELERY_BROKER_URL=url) as server:
            assert AWAY not in ask(server)[1]["warnings"]


def timed(inquiry):
    began = time.monotonic()
    return inquiry.answer(), time.monotonic() - began


def test_only_the_first_inquiry_waits_and_one_thread_asks():
    go_on = Event()
    inquiry = Inquiry(lambda: go_on.wait(10))
    try:
        found, seconds = timed(inquiry)
        assert (found, 0.9 < seconds < 2) == (False, True)
        found, seconds = timed(inquiry)
        assert (found, seconds < 0.1) == (False, True)
        assert [thread.name for thread in threads()].count("inquiry") == 1
    finally:
        go_on.set()
    wait_for(inquiry.answer, 5, "the answer that came late")


def test_answer_is_remembered_for_seconds(monkeypatch):
    asked = []
    inquiry = Inquiry(lambda: asked.append(True) is None)
    assert [inquiry.answer() for _ in range(3)] == [True] * 3
    assert len(asked) == 1
    monkeypatch.setattr(broker, "REMEMBERED_SECONDS", 0.0)
    inquiry.answer()
    wait_for(lambda: len(asked) == 2, 5, "the second inquiry")
