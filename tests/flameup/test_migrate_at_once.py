"""Real processes that migrate one empty database at the same moment."""

import os
import secrets
import subprocess
import sys

import psycopg
import pytest
from django.db import connection
from psycopg.sql import SQL, Identifier

from flameup.postgres import database_url
from tests.flameup.running import PROJECT
from tests.server import db  # noqa: F401 (a fixture)

pytestmark = pytest.mark.any_server

LOCK = "SELECT pg_advisory_xact_lock(hashtext('flameup'), hashtext('migrate'))"
WAITING = "Waiting for another migration"


@pytest.fixture
def empty_database(db):  # noqa: F811 (the fixture)
    """The URL of an empty database on the server of the tests."""
    name = f"flameup_empty_{secrets.token_hex(4)}"
    execute_apart(SQL("CREATE DATABASE {}").format(Identifier(name)))
    yield database_url({**connection.settings_dict, "NAME": name})
    execute_apart(SQL("DROP DATABASE {}").format(Identifier(name)))


def execute_apart(statement):
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement.as_string())


def start_migrating(url, *options):
    return subprocess.Popen(
        [sys.executable, "manage.py", "migrate", *options],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_at_once_both_succeed_and_one_finds_nothing_to_do(empty_database):
    both = [start_migrating(empty_database) for _ in range(2)]
    outputs = [each.communicate(timeout=120) for each in both]
    assert [each.returncode for each in both] == [0, 0], outputs
    texts = [stdout for stdout, _ in outputs]
    assert sorted("No migrations to apply" in text for text in texts) == [False, True]
    with psycopg.connect(empty_database) as session:
        [(total, distinct)] = session.execute(
            "SELECT count(*), count(DISTINCT (app, name)) FROM django_migrations"
        )
    assert total == distinct > 20


def test_the_second_says_that_it_waits(empty_database):
    with psycopg.connect(empty_database) as session:
        session.execute(LOCK)
        migrating = start_migrating(empty_database)
        assert migrating.stderr.readline().startswith(WAITING)
        assert migrating.poll() is None
        tables = session.execute("SELECT to_regclass('django_migrations')").fetchone()
        assert tables == (None,)
    migrating.communicate(timeout=120)
    assert migrating.returncode == 0


@pytest.mark.parametrize("option", ["--plan", "--check"])
def test_looking_does_not_wait(empty_database, option):
    with psycopg.connect(empty_database) as session:
        session.execute(LOCK)
        migrating = start_migrating(empty_database, option)
        _, errors = migrating.communicate(timeout=60)
    assert WAITING not in errors
