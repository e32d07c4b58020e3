"""Refusals are held back while there are many, and nothing else is."""

import asyncio
import time

import pytest

from flameup import brake
from flameup.brake import Brake

pytestmark = pytest.mark.any_server


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(brake, "AT_ONCE", 10)
    monkeypatch.setattr(brake, "SHORTEST_SECONDS", 0.3)
    monkeypatch.setattr(brake, "LONGEST_SECONDS", 0.4)
    monkeypatch.setattr(brake, "monotonic", lambda: 1000.0)


async def answer(scope, receive, send):
    await send({"type": "http.response.start", "status": scope["status"], "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def ask(application, status):
    """Return after how many seconds the status was sent, having seen the whole answer."""
    began, moments = time.monotonic(), []

    async def send(message):
        moments.append(time.monotonic() - began)

    await application({"type": "http", "status": status}, None, send)
    assert len(moments) == 2
    return moments[0]


async def ask_many(application, statuses):
    return await asyncio.gather(*(ask(application, status) for status in statuses))


def test_few_refusals_are_sent_at_once():
    assert max(asyncio.run(ask_many(Brake(answer), [429] * 10))) < 0.25


def test_many_are_held_back_and_others_are_not():
    seconds = asyncio.run(ask_many(Brake(answer), [429] * 30 + [200, 401, 503] * 10))
    held = [each > 0.25 for each in seconds]
    assert held == [False] * 10 + [True] * 20 + [False] * 30


def test_each_second_begins_anew(monkeypatch):
    application = Brake(answer)
    assert max(asyncio.run(ask_many(application, [429] * 11))) > 0.25
    monkeypatch.setattr(brake, "monotonic", lambda: 1001.0)
    assert max(asyncio.run(ask_many(application, [429] * 10))) < 0.25


def test_no_more_are_held_than_may_be(monkeypatch):
    monkeypatch.setattr(brake, "MOST_HELD", 5)
    application = Brake(answer)
    seconds = asyncio.run(ask_many(application, [429] * 30))
    assert sum(each > 0.25 for each in seconds) == 5
    assert application.held == 0


def test_end_of_the_process_releases_them(monkeypatch):
    monkeypatch.setattr(brake, "SHORTEST_SECONDS", 30.0)
    monkeypatch.setattr(brake, "LONGEST_SECONDS", 30.0)

    async def run():
        application = Brake(answer)
        asking = asyncio.create_task(ask_many(application, [429] * 30))
        while application.held < 20:
            await asyncio.sleep(0.01)
        application.release()
        return await asyncio.wait_for(asking, 5), await ask_many(application, [429] * 30)

    before, after = asyncio.run(run())
    assert max(*before, *after) < 5


def test_client_that_goes_away_is_held_no_more(monkeypatch):
    async def run():
        application = Brake(answer)
        asking = asyncio.create_task(ask_many(application, [429] * 30))
        while application.held < 20:
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return application.held

    assert asyncio.run(run()) == 0
