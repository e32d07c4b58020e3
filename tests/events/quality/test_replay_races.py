import pytest
from django.db import connection, transaction

from events.ingest.store import store
from events.models import Event, RejectedItem
from events.services import replay_rejected_item
from tests.api.calls import an_event
from tests.events.threads import PATIENCE, in_background, in_parallel, wait_until_blocked
from tests.factories import make_item
from workspaces.audit import SYSTEM
from workspaces.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)


def ids_of(workspace):
    return set(Event.objects.in_workspace(workspace.id).values_list("id", flat=True))


def replay(item):
    return replay_rejected_item(workspace_id=item.workspace_id, item_id=item.id, by=SYSTEM)


def test_item_that_many_replay_at_once_becomes_one_event(rejected, workspace):
    item = rejected(an_event())
    assert set(in_parallel(8, lambda i: replay(item))) == ids_of(workspace)
    assert len(ids_of(workspace)) == 1
    assert (
        AuditEntry.objects.in_workspace(workspace.id)
        .filter(action="rejected_item.replayed")
        .count()
        == 1
    )


def test_second_replay_waits_for_the_first(rejected, workspace):
    item = rejected(an_event())
    with in_background(replay, item) as (start, future):
        with transaction.atomic():
            first = replay(item)
            start.set()
            wait_until_blocked(future)
        assert future.result(PATIENCE) == first
    assert ids_of(workspace) == {first}


def test_replay_that_is_rolled_back_leaves_the_item_as_it_was(rejected, workspace):
    item = rejected(an_event())
    with transaction.atomic():
        replay(item)
        transaction.set_rollback(True)
    assert ids_of(workspace) == set()
    assert RejectedItem.objects.in_workspace(workspace.id).not_replayed().count() == 1
    assert ids_of(workspace) == set()
    assert replay(item) in ids_of(workspace)


def test_client_that_sends_it_again_at_the_same_time(rejected, workspace):
    item = rejected(an_event(message_id="m"))
    with in_background(replay, item) as (start, future):
        with transaction.atomic():
            [stored] = store([make_item(workspace, message_id="m")], connection)
            start.set()
            wait_until_blocked(future)
        assert future.result(PATIENCE) == stored.event_id
    assert ids_of(workspace) == {stored.event_id}
