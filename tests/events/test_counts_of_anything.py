"""Tracks, deletes, folds and asks at random; the counts always agree with the table."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from events import counts
from events.ingest.store import store
from events.models import Event
from people.services import delete_person, find_person_id
from tests.factories import WorkspaceFactory, make_item

START = datetime(2024, 1, 14, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

names = st.sampled_from("abc")
people = st.sampled_from(["jane", "joe", "ann"])
# Close to the edges of quarters, and over a few days.
moments = st.builds(
    lambda quarter, microseconds: START + quarter * 15 * MINUTE + timedelta(0, 0, microseconds),
    st.sampled_from([0, 1, 2, 7, 8, 9, 103, 104, 105, 300]),
    st.sampled_from([0, 0, 1, -1, 7 * 60_000_000]),
)


class Counting(RuleBasedStateMachine):
    """A workspace that is written to in every way, inside a transaction that is taken back."""

    @initialize()
    def begin(self):
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.workspace = WorkspaceFactory()
        self.workspace_id = self.workspace.id

    def teardown(self):
        if hasattr(self, "transaction"):
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    @rule(events=st.lists(st.tuples(people, names, moments), min_size=1, max_size=8))
    def track(self, events):
        items = [
            make_item(self.workspace, external_id=person, event=name, timestamp=moment)
            for person, name, moment in events
        ]
        store(items, connection)

    @rule(person=people)
    def delete(self, person):
        person_id = find_person_id(self.workspace_id, person)
        if person_id is not None:
            delete_person(workspace_id=self.workspace_id, person_id=person_id)

    @rule()
    def fold(self):
        counts.fold(connection, self.workspace_id)

    @rule(
        wanted=st.lists(names, max_size=3),
        since=st.none() | moments,
        until=st.none() | moments,
    )
    def ask(self, wanted, since, until):
        rows = Event.objects.filter(workspace_id=self.workspace_id)
        if wanted:
            rows = rows.filter(event__in=wanted)
        if since is not None:
            rows = rows.filter(timestamp__gte=since)
        if until is not None:
            rows = rows.filter(timestamp__lt=until)
        assert counts.total(self.workspace_id, tuple(wanted), since, until) == rows.count()


@pytest.mark.django_db
def test_total_agrees_with_the_table_whatever_happened():
    run_state_machine_as_test(
        Counting, settings=settings(max_examples=40, stateful_step_count=15, deadline=None)
    )
