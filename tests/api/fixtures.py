"""Fixtures for the tests of the API; the conftest.py of each folder imports them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from events.api import edge
from events.api import track as tracking
from events.models import Event
from flameup.api import throttling
from flameup.api.limits import Limiter
from tests.api.calls import TRACK, an_event, post
from workspaces import authentication


class Clock:
    """Tells the time it was set to."""

    def __init__(self, moment):
        self.moment = moment

    def __call__(self):
        return self.moment

    def advance(self, **kwargs):
        self.moment += timedelta(**kwargs)


class Seconds:
    """A clock of seconds that goes only when it is told to."""

    def __init__(self):
        self.now = 1_700_000_040.25

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    """The clock of the product, stopped at half past ten."""
    clock = Clock(datetime(2024, 1, 15, 10, 30, tzinfo=UTC))
    monkeypatch.setattr(timezone, "now", clock)
    monkeypatch.setattr(tracking, "now", clock)
    return clock


@pytest.fixture
def seconds():
    """The clock of `limiter`, at the beginning of a minute."""
    return Seconds()


@pytest.fixture
def limiter(monkeypatch, seconds):
    """The limiter of the product as that of the only process, with a clock that stands still."""
    limiter = Limiter(clock=seconds)
    for module in (throttling, authentication, edge):
        monkeypatch.setattr(module, "limiter", lambda: limiter)
    return limiter


@pytest.fixture(autouse=True)
def cheap_passwords(settings):
    """Every workspace has an owner, whose password is not worth 200 ms of hashing here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def track(api_client):
    """Tracks one event; all that is not said of it is good."""

    def call(**fields):
        return post(api_client, TRACK, an_event(**fields))

    return call


@pytest.fixture
def stored(workspace):
    """Returns the one event of the workspace."""
    return lambda: Event.objects.in_workspace(workspace.id).select_related("person").get()


@pytest.fixture
def count_events(workspace):
    """Returns the number of events of the workspace."""
    return lambda: Event.objects.in_workspace(workspace.id).count()
