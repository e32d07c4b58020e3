from datetime import date, timedelta

import pytest
from celery.signals import worker_ready
from django.db import connection
from django.utils import timezone

from events.partitions import existing_ranges, month_of
from flameup.celery import app


@pytest.fixture
def drop_partitions(db):
    """Drops the partitions that begin at or after a day; the test's transaction puts them back."""

    def drop(day):
        with connection.cursor() as cursor:
            for start, _ in existing_ranges(connection):
                if start >= day:
                    cursor.execute(f'DROP TABLE "events_event_{start:%Y_%m}"')

    return drop


@pytest.fixture
def tasks_run_at_once():
    """Tasks run where they are sent."""
    # Read first: what is written before the settings are loaded is lost.
    assert app.conf.task_always_eager is False
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def months_ahead(days):
    return month_of(timezone.now() + timedelta(days=days)).start


def test_ready_without_warnings(client, db):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "problems": [], "warnings": []}


def test_partitions_that_end_soon_are_warned_of(client, drop_partitions):
    end = months_ahead(60)
    drop_partitions(end)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["warnings"] == [
        f"Partitions of events are made up to {end} only: does a worker run?"
    ]


def test_partitions_that_last_for_months_are_not_warned_of(client, drop_partitions):
    drop_partitions(months_ahead(150))
    assert client.get("/readyz").json()["warnings"] == []


def test_worker_makes_missing_partitions_at_its_start(drop_partitions, tasks_run_at_once):
    before = existing_ranges(connection)
    drop_partitions(months_ahead(60))
    # As a worker does before it is ready.
    app.loader.import_default_modules()
    worker_ready.send(sender=None)
    assert existing_ranges(connection) == before
    assert before[0][0] == date(1970, 1, 1)
