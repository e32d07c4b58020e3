import pytest
from django.db import connection

from people.models import Person
from tests.statements import check_statement, tenant_tables


def test_tenant_tables_are_found():
    assert tenant_tables() >= {
        "workspaces_apikey",
        "people_person",
        "people_personidentifier",
        "events_event",
        "events_receipt",
    }


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, workspace_id FROM people_person WHERE id = %s",
        'UPDATE "people_person" SET email = NULL WHERE id = %s',
        "DELETE FROM events_event WHERE timestamp < %s",
        "INSERT INTO events_receipt (message_id) VALUES (%s)",
    ],
)
def test_statement_without_workspace_is_refused(sql):
    with pytest.raises(AssertionError, match="without its workspace"):
        check_statement(sql)


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT * FROM "people_person" WHERE "people_person"."workspace_id" = %s',
        "INSERT INTO events_receipt (workspace_id, message_id) VALUES (%s, %s)",
        "SELECT * FROM workspaces_workspace WHERE id = %s",
        "ALTER TABLE people_person ADD COLUMN x int",
    ],
)
def test_other_statements_pass(sql):
    check_statement(sql)


@pytest.mark.django_db
def test_the_suite_watches_its_connection():
    with pytest.raises(AssertionError, match="without its workspace"):
        list(Person.objects.all())
    assert connection.execute_wrappers


def test_save_refresh_and_delete_name_the_workspace(jane):
    jane.external_id = "jane-2"
    jane.save()
    jane.refresh_from_db()
    assert jane.external_id == "jane-2"
    jane.delete()
    assert not Person.objects.in_workspace(jane.workspace_id).filter(id=jane.id).exists()
