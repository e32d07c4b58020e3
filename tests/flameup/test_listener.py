"""Real threads and connections: what one transaction notifies, another process hears."""

import os

import psycopg
import pytest
from django.db import connection, transaction

from flameup import listener as module
from flameup.listener import APPLICATION_NAME, Listener, notify
from tests.flameup.running import wait_for
from tests.server import db  # noqa: F401 (a fixture)

CHANNEL = "flameup_test"


class Subscriber:
    def __init__(self, listener):
        self.listener = listener
        self.news = []
        self.gaps = []

    def on_notice(self, payload):
        self.news.append(payload)
        if payload == "fail":
            raise ValueError(payload)

    def on_gap(self):
        self.gaps.append(self.listener.is_listening)


@pytest.fixture
def listener(db):  # noqa: F811 (the fixture)
    listener = Listener()
    yield listener
    listener.stop()


@pytest.fixture
def subscriber(listener):
    subscriber = Subscriber(listener)
    listener.subscribe(CHANNEL, subscriber.on_notice, subscriber.on_gap)
    return subscriber


def started(listener):
    listener.start()
    wait_for(lambda: listener.is_listening, 5, "listening")


def backends():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
            " AND datname = current_database()",
            [APPLICATION_NAME],
        )
        return [pid for (pid,) in cursor.fetchall()]


def terminate(pids):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [pids])


def test_what_is_notified_is_heard(listener, subscriber):
    started(listener)
    notify(CHANNEL, "one")
    notify(CHANNEL, "two")
    wait_for(lambda: subscriber.news == ["one", "two"], 1, "the news")


def test_nothing_is_heard_before_the_commit_or_after_a_rollback(listener, subscriber):
    started(listener)
    with transaction.atomic():
        notify(CHANNEL, "undone")
        transaction.set_rollback(True)
    with transaction.atomic():
        notify(CHANNEL, "done")
        assert subscriber.news == []
    wait_for(lambda: subscriber.news == ["done"], 1, "the news")


def test_a_subscriber_that_fails_hears_the_next_news(listener, subscriber):
    started(listener)
    notify(CHANNEL, "fail")
    notify(CHANNEL, "next")
    wait_for(lambda: subscriber.news == ["fail", "next"], 1, "the news")


def test_a_lost_connection_is_made_again_and_the_gap_told_before(listener, subscriber):
    own = set(backends())
    started(listener)
    subscriber.gaps.clear()
    terminate(list(set(backends()) - own))
    wait_for(lambda: len(subscriber.gaps) == 2, 2, "told at the loss and before it listens again")
    assert subscriber.gaps == [False, False]
    wait_for(lambda: listener.is_listening, 2, "listening again")
    notify(CHANNEL, "after")
    wait_for(lambda: subscriber.news == ["after"], 1, "the news")


def test_it_is_not_listening_while_the_database_is_away(listener, subscriber, monkeypatch):
    own = set(backends())
    started(listener)
    attempts = []

    def refuse():
        attempts.append(1)
        raise psycopg.OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_connect", refuse)
        terminate(list(set(backends()) - own))
        wait_for(lambda: len(attempts) >= 2, 2, "it tries again")
        assert not listener.is_listening
    wait_for(lambda: listener.is_listening, 2, "listening again")


def test_start_and_stop_may_be_called_twice(listener, subscriber):
    own = set(backends())
    started(listener)
    listener.start()
    assert len(set(backends()) - own) == 1
    for _ in range(2):
        listener.stop()
    wait_for(lambda: set(backends()) == own, 2, "the connection is closed")
    assert not listener.is_listening
    started(listener)


def test_subscribing_comes_before_the_start(listener, subscriber):
    listener.start()
    with pytest.raises(RuntimeError):
        listener.subscribe("late", subscriber.on_notice, subscriber.on_gap)


def test_importing_starts_nothing():
    assert module.listener._thread is None


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_starts_a_thread_of_its_own(db):  # noqa: F811 (the fixture)
    own = set(backends())
    started(module.listener)
    try:
        mine = set(backends()) - own
        child = os.fork()
        if child == 0:
            is_forgotten = not module.listener.is_listening
            try:
                started(module.listener)
            finally:
                os._exit(0 if is_forgotten and module.listener.is_listening else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        # The child's end has not taken the parent's connection along.
        assert module.listener.is_listening
        assert mine <= set(backends())
    finally:
        module.stop()


def test_statements_are_not_prepared_for_a_pooler():
    assert connection.get_connection_params()["prepare_threshold"] is None
