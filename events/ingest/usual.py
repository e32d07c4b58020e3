"""Storing a group that is as most are: its people are known, and its message ids are new.

`store` asks about both before it writes. Here it is taken for granted, everything is
sent at once, and what the server says to it is looked at before the events are.
"""

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq.abc import PGresult

from events.ingest.items import Item
from events.ingest.receipts import claiming
from events.ingest.recording import recording
from events.ingest.rows import copy_events
from events.ingest.transactions import one_transaction
from people.known import Meeting, recall
from people.services import holding


class _Unusual(Exception):
    """What was taken for granted is not so."""


def store_usual(items: Sequence[Item], connection: BaseDatabaseWrapper) -> bool:
    """Store the items in one transaction if all are new and of known people; say whether they are.

    Two messages to the server. Raises django.db.DatabaseError as `store` does.
    """
    claimed = [item for item in items if item.message_id is not None]
    if len({item.receipt_key for item in claimed}) < len(claimed):
        return False
    met = recall(item.person for item in items)
    if met is None:
        return False
    connection.ensure_connection()
    try:
        _store(items, claimed, met, connection)
    except _Unusual:
        return False
    return True


def _store(
    items: Sequence[Item], claimed: list[Item], met: Meeting, connection: BaseDatabaseWrapper
) -> None:
    moment = max(item.received_at for item in items)
    claims = [claiming(connection, claimed, moment)] if claimed else []
    beside = recording(connection, items)
    with one_transaction(connection) as transaction:
        held = [*filter(None, [transaction.begin]), *holding(met.versions)]

        def check(results: Sequence[PGresult]) -> None:
            if _versions(results[len(held) - 1]) != met.versions:
                raise _Unusual
            if claimed and results[len(held)].ntuples < len(claimed):
                raise _Unusual

        before = [*held, *claims, *beside.statements]
        transaction.on_commit(beside.tell)
        copy_events(
            connection, items, met.people, before=before, after=transaction.end, check=check
        )


def _versions(result: PGresult) -> dict[int, int]:
    return {
        int(result.get_value(row, 0) or 0): int(result.get_value(row, 1) or 0)
        for row in range(result.ntuples)
    }
