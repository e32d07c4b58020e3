from threading import Event, Thread

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import pre_migrate

PATIENCE = 10


def lock_timeout():
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_migrations_wait_for_nobody_and_later_statements_as_before():
    before, seen = lock_timeout(), []

    def look(**kwargs):
        seen.append(lock_timeout())

    pre_migrate.connect(look)
    try:
        call_command("migrate", verbosity=0)
    finally:
        pre_migrate.disconnect(look)
    assert set(seen) == {"2s"}
    assert lock_timeout() == before == "0"


@pytest.mark.django_db(transaction=True)
def test_migration_behind_a_reader_fails_and_lets_others_pass():
    reading, done = Event(), Event()

    def read():
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT count(*) FROM workspaces_workspace")
            reading.set()
            done.wait(PATIENCE)
            cursor.execute("ROLLBACK")
        connection.close()

    def change(**kwargs):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE workspaces_workspace ADD COLUMN more integer")

    thread = Thread(target=read)
    thread.start()
    assert reading.wait(PATIENCE)
    pre_migrate.connect(change)
    try:
        with pytest.raises(OperationalError, match="lock timeout"):
            call_command("migrate", verbosity=0)
    finally:
        done.set()
        pre_migrate.disconnect(change)
        thread.join(PATIENCE)
        connection.close()
    assert MigrationRecorder(connection).has_table()
