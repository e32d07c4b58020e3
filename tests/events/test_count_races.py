from datetime import UTC, datetime, timedelta
from threading import Event as Flag

import pytest
from django.db import InternalError, connection, transaction

from events import counts
from events.ingest.store import store
from events.models import CountDelta, Event
from flameup.api.snapshots import one_snapshot
from people.services import delete_person
from tests.conftest import client_of
from tests.events.threads import PATIENCE, in_background, in_parallel
from tests.factories import APIKeyFactory, make_item

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)


def store_some(workspace, count, **fields):
    moments = [NOON + i * timedelta(hours=5) for i in range(count)]
    store([make_item(workspace, timestamp=at, **fields) for at in moments], connection)


def rows_in_table(workspace):
    """Return how many events the table has, asked in a way that no count answers."""
    return Event.objects.filter(workspace_id=workspace.id).count()


def total(workspace):
    return counts.total(workspace.id, (), None, None)


@pytest.mark.parametrize("is_first", [True, False])
def test_two_folds_at_once_count_nothing_twice(workspace, monkeypatch, is_first):
    monkeypatch.setattr(counts, "ROUND", 7 if is_first else 1000)
    for _ in range(20):
        store_some(workspace, 4)
    folded = in_parallel(4, lambda i: counts.fold(connection, workspace.id))
    # One that finds another at work leaves early.
    counts.fold(connection, workspace.id)
    assert max(folded) > 0
    assert not CountDelta.objects.filter(workspace_id=workspace.id).exists()
    assert total(workspace) == rows_in_table(workspace) == 80


def test_fold_leaves_the_work_to_one_that_is_at_it(workspace):
    store_some(workspace, 1)
    with in_background(fold_here, workspace) as (start, future), transaction.atomic():
        assert counts.fold(connection, workspace.id) == 1
        start.set()
        assert future.result(PATIENCE) == 0


def fold_here(workspace):
    return counts.fold(connection, workspace.id)


def test_writer_does_not_wait_for_a_fold(workspace):
    store_some(workspace, 3)
    with in_background(store_some, workspace, 3) as (start, future), transaction.atomic():
        counts.fold(connection, workspace.id)
        start.set()
        future.result(PATIENCE)
    assert total(workspace) == rows_in_table(workspace) == 6


def test_snapshot_does_not_see_what_comes_later(workspace):
    store_some(workspace, 2)
    with in_background(store_some, workspace, 3) as (start, future), one_snapshot():
        assert total(workspace) == 2
        start.set()
        future.result(PATIENCE)
        assert (total(workspace), rows_in_table(workspace)) == (2, 2)
    assert total(workspace) == 5


def test_connection_writes_again_after_a_snapshot(workspace):
    with pytest.raises(InternalError), one_snapshot():
        store_some(workspace, 1)
    store_some(workspace, 1)
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("read committed",)


def test_page_and_total_are_of_one_moment(workspace):
    store_some(workspace, 1)
    api_key = APIKeyFactory(workspace=workspace)
    is_over = Flag()

    def act(i):
        try:
            if i == 0:
                change(workspace)
        finally:
            if i == 0:
                is_over.set()
        return fold_until(workspace, is_over) if i == 1 else read_until(api_key, is_over)

    answers = [answer for each in in_parallel(4, act) for answer in each or ()]
    assert len(answers) > 20
    assert [answer for answer in answers if answer["total"] != len(answer["events"])] == []
    assert total(workspace) == rows_in_table(workspace)


def change(workspace):
    """Store events about ever new people, and delete every second of these."""
    for i in range(60):
        store_some(workspace, 4, external_id=f"u{i}")
        if i % 2:
            person = Event.objects.in_workspace(workspace.id).first().person_id
            delete_person(workspace_id=workspace.id, person_id=person)


def fold_until(workspace, is_over):
    while not is_over.is_set():
        counts.fold(connection, workspace.id)


def read_until(api_key, is_over):
    """Read the whole list again and again, by whole quarters and by cut-off ones."""
    client, answers = client_of(api_key), []
    since = (NOON + timedelta(minutes=1) - timedelta(days=1)).isoformat()
    while not is_over.is_set():
        for query in ({"limit": 500}, {"limit": 500, "since": since}):
            path = f"/api/v1/workspaces/{api_key.workspace.public_id}/events"
            answers.append(client.get(path, query).json())
    return answers
