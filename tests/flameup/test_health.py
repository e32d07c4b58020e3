from datetime import date, datetime, time, timedelta

import pytest
from celery.signals import worker_ready
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from events import partitions
from events.partitions import existing_ranges, month_of
from flameup.celery import app
from flameup.health import register_problems, register_warnings, registry


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


@pytest.fixture
def sources():
    """What a test registers is forgotten after it."""
    yield
    for known in (registry._problem_sources, registry._warning_sources):
        known.pop("test", None)


def months_ahead(days):
    return month_of(timezone.now() + timedelta(days=days)).start


def ask(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


def warnings(client):
    """The warnings, without those of the quick database that tests run on."""
    return [each for each in ask(client)[1]["warnings"] if "PostgreSQL's" not in each]


def test_nothing_is_wrong(client, db):
    status, answer = ask(client)
    assert (status, answer["problems"], warnings(client)) == (200, [], [])


def test_a_problem_makes_unready(client, db, sources):
    register_problems("test", lambda: ["Broken."])
    assert ask(client) == (503, {"status": "unready", "problems": ["Broken."], "warnings": []})


def test_a_warning_makes_degraded(client, db, sources):
    register_warnings("test", lambda: ["Slow."])
    status, answer = ask(client)
    assert (status, answer["status"], answer["problems"]) == (200, "degraded", [])
    assert warnings(client) == ["Slow."]


def test_a_probe_takes_few_queries(client, db, django_assert_max_num_queries):
    ask(client)
    with django_assert_max_num_queries(6):
        ask(client)


def test_liveness_asks_no_database(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_pending_migrations_make_unready(client, db):
    MigrationRecorder(connection).record_unapplied("events", "0004_count_events")
    assert ask(client) == (
        503,
        {"status": "unready", "problems": ["1 migrations are not applied."], "warnings": []},
    )


def test_migrations_of_newer_code_do_not(client, db):
    MigrationRecorder(connection).record_applied("events", "9999_the_future")
    assert ask(client)[0] == 200


def test_an_empty_database_is_one_without_migrations(client, db):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_migrations")
    status, answer = ask(client)
    assert (status, "migrations are not applied" in answer["problems"][0]) == (503, True)


@pytest.mark.parametrize(
    ("value", "is_durable"),
    [("on", True), ("local", True), ("remote_write", True), ("remote_apply", True), ("off", False)],
)
def test_synchronous_commit_of_the_own_session_counts(client, db, value, is_durable):
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL synchronous_commit = {value}")
    # It only warns, as the test run allows.
    named = [each for each in ask(client)[1]["warnings"] if "synchronous_commit" in each]
    assert bool(named) is not is_durable


def test_partitions_that_end_soon_are_warned_of(client, drop_partitions):
    end = months_ahead(60)
    drop_partitions(end)
    assert ask(client)[0] == 200
    assert ask(client)[1]["status"] == "degraded"
    assert warnings(client) == [
        f"Partitions of events are made up to {end} only: does a worker run?"
    ]


def test_partitions_that_last_for_months_are_not_warned_of(client, drop_partitions):
    drop_partitions(months_ahead(150))
    assert warnings(client) == []


def test_no_partition_for_the_present_makes_unready(client, drop_partitions):
    today = timezone.now().date()
    drop_partitions(today.replace(day=1))
    status, answer = ask(client)
    assert (status, answer["status"]) == (503, "unready")
    assert answer["problems"] == [
        f"There is no partition for events of {day}." for day in (today, today + timedelta(days=1))
    ]


@pytest.mark.parametrize(("hours", "status"), [(-20, 503), (-30, 200)])
def test_no_partition_for_the_next_day_makes_unready(
    client, drop_partitions, monkeypatch, hours, status
):
    end = months_ahead(60)
    drop_partitions(end)
    midnight = datetime.combine(end, time(), tzinfo=timezone.now().tzinfo)
    monkeypatch.setattr(partitions.timezone, "now", lambda: midnight + timedelta(hours=hours))
    assert ask(client)[0] == status


def test_worker_makes_missing_partitions_at_its_start(drop_partitions, tasks_run_at_once):
    before = existing_ranges(connection)
    drop_partitions(months_ahead(60))
    # As a worker does before it is ready.
    app.loader.import_default_modules()
    worker_ready.send(sender=None)
    assert existing_ranges(connection) == before
    assert before[0][0] == date(1970, 1, 1)
