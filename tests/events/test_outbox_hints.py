"""Hints to the workers: soon, seldom, and never at the cost of who asks for them."""

import socket
import time
from datetime import timedelta
from itertools import pairwise
from threading import Event

import pytest
from celery import Celery, current_app
from django.utils import timezone

from events.models import OutboxEntry
from events.outbox import hints
from events.outbox.hints import Hinter, send_hint
from events.tasks import dispatch_outbox
from tests.flameup.running import wait_for

# Five times what it takes, for the machine may be busy.
SOON = 2.0


@pytest.fixture
def published(monkeypatch):
    """The names and options of the messages sent."""
    messages = []
    monkeypatch.setattr(
        current_app, "send_task", lambda name, **options: messages.append((name, options))
    )
    return messages


def test_hint_is_sent_soon_and_once_for_many():
    sent = []
    hinter = Hinter(lambda: sent.append(time.monotonic()))
    began = time.monotonic()
    while time.monotonic() - began < 0.6:
        hinter.hint()
        time.sleep(0.001)
    wait_for(lambda: len(sent) >= 3, SOON, "three hints")
    assert sent[0] - began < SOON
    assert len(sent) <= 5
    assert all(later - earlier >= 0.2 for earlier, later in pairwise(sent))


def test_hint_that_is_asked_for_while_another_is_sent_is_sent_too():
    sending, go_on, sent = Event(), Event(), []

    def send():
        sending.set()
        assert go_on.wait(SOON)
        sent.append(1)

    hinter = Hinter(send)
    hinter.hint()
    assert sending.wait(SOON)
    hinter.hint()
    go_on.set()
    wait_for(lambda: len(sent) == 2, SOON, "the second hint")


def test_failure_costs_no_later_hint():
    tries = []

    def send():
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError("the broker is away")

    hinter = Hinter(send)
    for count in range(1, 4):
        hinter.hint()
        wait_for(lambda count=count: len(tries) == count, SOON, "the attempt")


def test_broker_that_never_answers_holds_up_nobody():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        app = Celery(broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)
        trying, done = Event(), Event()

        def send():
            trying.set()
            app.send_task(hints.TASK, retry=False)
            done.set()

        hinter = Hinter(send)
        began = time.monotonic()
        for _ in range(1000):
            hinter.hint()
        assert time.monotonic() - began < SOON
        assert trying.wait(SOON)
        # It does hang, or this test would show nothing.
        assert not done.wait(0.5)


def test_message_names_the_task_expires_and_is_not_repeated(db, published):
    send_hint()
    [(name, options)] = published
    assert name == dispatch_outbox.name
    assert options["retry"] is False
    assert options["expires"] <= 10


def test_nothing_is_sent_while_nobody_listens(db, published):
    long_ago = timezone.now() - timedelta(minutes=1)
    OutboxEntry.objects.create(workspace_id=1, consumer="tests.gone", event_ids=[], due_at=long_ago)
    send_hint()
    assert published == []
