"""A consumer of the outbox that writes down each event it is told of, however often."""

import time
from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.db import connection

from flameup.benchmark.faults import clock

if TYPE_CHECKING:
    from events.services import Chunk

TABLE = "faults_told"
# Without a key: what is told twice shall be seen.
CREATE_TABLE = f"CREATE TABLE IF NOT EXISTS {TABLE} (event_id uuid NOT NULL)"

# So that a worker that is killed at any moment is mostly killed in the middle of its work.
_WORK_SECONDS = 0.05


class FaultsConfig(AppConfig):
    name = "flameup.benchmark.faults"

    def ready(self) -> None:
        # Models can be imported only once the apps are there.
        from events.services import register_consumer  # noqa: PLC0415

        clock.install()
        register_consumer("faults.write_down", _write_down)


def _write_down(chunk: "Chunk") -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE} SELECT unnest(%s::uuid[])", [list(chunk.event_ids)])
    time.sleep(_WORK_SECONDS)
