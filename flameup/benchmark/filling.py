"""A table that has grown: events of two years, made inside the database."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from flameup.api.exact_json import dumps
from flameup.benchmark.payloads import event_fields
from flameup.benchmark.tenant import ensure_people

PEOPLE = 100_000

_DAYS = 730  # 24 months
_PAYLOADS = 1_000
_CHUNK = 500_000

_PAYLOAD_TABLE = """
CREATE TEMPORARY TABLE benchmark_payload AS
SELECT number - 1 AS number, event, parameters::jsonb, context::jsonb
  FROM unnest(%s::text[], %s::text[], %s::text[])
       WITH ORDINALITY AS payload (event, parameters, context, number)
"""

_PERSON_TABLE = """
CREATE TEMPORARY TABLE benchmark_person AS
SELECT row_number() OVER (ORDER BY id) - 1 AS number, id
  FROM people_person WHERE workspace_id = %s
"""

# The id is a UUIDv7 of the timestamp: its milliseconds and the version take the place of the
# beginning of a random UUID. An odd factor mixes people and payloads.
_FILL = """
INSERT INTO events_event (workspace_id, id, person_id, event, timestamp, created_at, source,
                          parameters, context)
SELECT %(workspace_id)s,
       overlay(gen_random_uuid()::text
               PLACING substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-7' FROM 1 FOR 15)::uuid,
       person.id, payload.event, moment, moment, 'api', payload.parameters, payload.context
  FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS series (number)
 CROSS JOIN LATERAL (
       SELECT %(start)s::timestamptz + series.number * %(step)s::interval) AS t (moment)
 CROSS JOIN LATERAL (
       SELECT lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0')) AS h (hex)
  JOIN benchmark_person AS person ON person.number = series.number * 2654435761 %% %(people)s
  JOIN benchmark_payload AS payload ON payload.number = series.number * 7919 %% %(payloads)s
"""


def fill(workspace_id: int, rows: int, say: Callable[[str], None]) -> None:
    """Store so many events, evenly spread over the last 24 months."""
    ensure_people(workspace_id, PEOPLE)
    now = timezone.now()
    start = now - timedelta(days=_DAYS)
    _make_tables(workspace_id, now)
    step = (now - start) / rows
    for first in range(0, rows, _CHUNK):
        last = min(first + _CHUNK, rows) - 1
        _fill(workspace_id, first, last, start, step)
        say(f"filled {last + 1:,} of {rows:,} rows")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_event")


def _make_tables(workspace_id: int, moment: datetime) -> None:
    events = [event_fields(number, moment, PEOPLE) for number in range(_PAYLOADS)]
    columns = [
        [event["event"] for event in events],
        [dumps(event["parameters"]) for event in events],
        [dumps(event["context"]) for event in events],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_PAYLOAD_TABLE, columns)
        cursor.execute(_PERSON_TABLE, [workspace_id])
        cursor.execute("ANALYZE benchmark_payload, benchmark_person")


def _fill(workspace_id: int, first: int, last: int, start: datetime, step: timedelta) -> None:
    values: dict[str, Any] = {
        "workspace_id": workspace_id,
        "first": first,
        "last": last,
        "start": start,
        "step": step,
        "people": PEOPLE,
        "payloads": _PAYLOADS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FILL, values)
