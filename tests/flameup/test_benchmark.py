import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from events.models import Event
from flameup.api.ids import uuid7_moment
from flameup.benchmark import filling, payloads, rows, wrk
from flameup.benchmark.hello import ANSWER
from flameup.benchmark.report import Report
from flameup.benchmark.rows import Ledger, Row, ratios_of
from flameup.benchmark.soak import is_level
from tests.flameup.running import PROJECT

QUICK = ("--warm-up", "0", "--connections", "4", "--people", "1000", "--copy-rows", "2000")
LINE = (
    '{"requests":12,"accepted":9,"bytes":3400,"duration_us":2000000,"statuses":{"429":3},'
    '"socket_errors":{"connect":0,"read":1,"write":0,"timeout":0},'
    '"latency_us":{"p50":1500,"p90":2000,"p95":2500,"p99":3000,"max":9000}}'
)

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")


def open_benchmark(*options: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "benchmark", "ingest", "--seconds", "1", *options],
        cwd=PROJECT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def databases_of_benchmarks() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'flameup_benchmark_%%'")
        return [name for (name,) in cursor.fetchall()]


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """What a short run prints."""
    with open_benchmark(*QUICK, "--json") as process:
        printed, said = process.communicate()
    assert process.returncode == 0, said
    return json.loads(printed)


@needs_wrk
def test_every_way_is_measured_side_by_side(measured):
    found = {row["name"]: row for row in measured["rows"]}
    assert set(found) == {
        rows.HELLO, rows.SINGLE, rows.SINGLE_PLAIN, rows.SINGLE_IDS, rows.BATCH, rows.BATCH_IDS,
        rows.PACED, rows.HELLO_PACED, rows.COPY_CHUNKS, rows.COPY_BULK,
    }  # fmt: skip
    assert all(row["events_per_second"] > 0 and not row["errors"] for row in found.values())
    assert found[rows.BATCH]["events_per_second"] > found[rows.BATCH]["requests_per_second"]
    assert found[rows.PACED]["requests_per_second"] < found[rows.SINGLE]["requests_per_second"]


@needs_wrk
def test_what_is_acknowledged_is_what_is_stored(measured):
    ledger = measured["ledger"]
    assert 0 < ledger["acknowledged"] <= ledger["stored"]
    assert ledger["stored"] <= ledger["acknowledged"] + ledger["unsure"]
    assert (ledger["missing"], ledger["surplus"]) == (0, 0)


@needs_wrk
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells")
def test_processor_and_memory_of_the_server_are_seen(measured):
    single = next(row for row in measured["rows"] if row["name"] == rows.SINGLE)
    assert single["cpu"]["web"] > 0.05
    assert single["cpu"]["load"] > 0
    assert single["peak_memory"] > 20 * 2**20


@needs_wrk
@pytest.mark.django_db
def test_the_database_is_gone_afterwards(measured):
    assert databases_of_benchmarks() == []


@needs_wrk
@pytest.mark.django_db
def test_the_database_is_gone_after_ctrl_c():
    with open_benchmark(*QUICK) as process:
        assert any(line.startswith(rows.HELLO) for line in process.stderr)
        assert databases_of_benchmarks()
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert databases_of_benchmarks() == []


def test_missing_wrk_is_said_with_its_remedy(tmp_path):
    with open_benchmark(PATH=str(tmp_path)) as process:
        _, said = process.communicate()
    assert process.returncode == 1
    assert "apt-get install wrk" in said
    assert "Traceback" not in said


@pytest.fixture
def picky_server() -> Iterator[tuple[str, list[Any]]]:
    """An address, and the bodies that come to it; every second one is refused."""
    bodies: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = b'{"accepted": 7, "rejected": 3}'
            self.send_response(429 if len(bodies) % 2 else 200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", bodies
        server.shutdown()
        thread.join()


@needs_wrk
def test_refusals_are_counted_and_no_message_id_repeats(picky_server, tmp_path):
    url, received = picky_server
    file = tmp_path / "bodies"
    payloads.write_batches(file, 200, with_ids=True, with_new_people=True)
    load = wrk.Load(url, "key", file, connections=1, rate=50, people=3_000)

    answers = wrk.run(load, 1)

    refused = answers.statuses["429"]
    assert abs(answers.requests - 2 * refused) <= 1
    assert answers.accepted == 7 * (answers.requests - refused)
    assert answers.statuses["rejected"] == 3 * (answers.requests - refused)
    assert 20 <= answers.requests <= 55
    events = [event for body in received for event in body["events"]]
    ids = {str(UUID(event["message_id"])) for event in events}
    assert len(ids) == len(events) == 100 * len(received)
    assert len({event["external_id"] for event in events}) > 1_500


def test_the_last_line_of_wrk_is_read():
    answers = wrk.parse_answers(LINE, cpu_seconds=0.5)
    assert (answers.requests, answers.accepted, answers.seconds) == (12, 9, 2.0)
    assert answers.latency == {"p50": 1.5, "p90": 2.0, "p95": 2.5, "p99": 3.0, "max": 9.0}
    assert answers.errors == {"429": 3, "read": 1}


def row(name: str, rate: float, **others: Any) -> Row:
    return Row(name, rate, rate * 10, dict.fromkeys(("p50", "p95", "p99"), 1.0), **others)


def test_ratios_are_of_the_rows_that_are_there():
    found = ratios_of([row(rows.HELLO, 400), row(rows.SINGLE, 100), row(rows.FILLED_SINGLE, 80)])
    assert found == {
        "single, edge on ÷ hello world": 0.25,
        "single, filled ÷ empty table": 0.8,
    }


def test_the_table_is_aligned():
    report = Report({"processor": "a", "cores": 2, "memory_bytes": 2**30, "system": "b",
                     "load_average": 0, "python": "3", "database": {}}, {})  # fmt: skip
    report.rows = [row(rows.HELLO, 12_345), row(rows.SINGLE, 1)]
    lines = report.as_text().splitlines()
    start = next(i for i, line in enumerate(lines) if "requests/s" in line)
    column = lines[start].index("requests/s") + len("requests/s")
    assert lines[start + 1][:column].endswith("12,345")
    assert lines[start + 2][:column].endswith(" 1")


@pytest.mark.parametrize(
    ("errors", "allow_errors", "is_failed"),
    [({}, False, False), ({"429": 3}, False, True), ({"429": 3}, True, False)],
)
def test_errors_fail_the_run_unless_they_are_allowed(errors, allow_errors, is_failed):
    report = Report({}, {}, rows=[row(rows.SINGLE, 1, errors=errors)])
    assert bool(report.complaints(allow_errors=allow_errors)) == is_failed


def test_a_lost_event_is_no_other_runs_surplus():
    ledger = Ledger()
    ledger.note(acknowledged=100, stored=99, unsure=64)
    ledger.note(acknowledged=100, stored=130, unsure=64)
    assert ledger.complaint() == "1 acknowledged events are not stored"
    assert Report({}, {}, ledger=ledger).complaints(allow_errors=True)


def test_an_event_that_nobody_sent_is_noticed():
    ledger = Ledger()
    ledger.note(acknowledged=100, stored=165, unsure=64)
    assert "1 events are stored that nobody" in str(ledger.complaint())


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([100, 150, 190, 200, 200, 201], True),
        ([100, 100, 100, 100, 100, 106], False),
        ([100, 200], None),
    ],
)
def test_memory_is_level_when_its_last_third_is(sizes, expected):
    assert is_level(sizes) is expected


def test_bodies_have_the_size_of_real_events(tmp_path):
    payloads.write_singles(tmp_path / "bodies", 500)
    bodies = (tmp_path / "bodies").read_text().splitlines()
    assert all(300 < len(body) < 360 for body in bodies)
    assert len({json.loads(body)["external_id"] for body in bodies}) == 500
    assert len({json.loads(body)["event"] for body in bodies}) == 50


def test_holes_are_as_long_as_what_fills_them():
    assert len(payloads.EXTERNAL_ID) == len(payloads.external_id(7))
    assert len(payloads.MESSAGE_ID) == 36
    script = (PROJECT / "flameup/benchmark/load/track.lua").read_text()
    assert payloads.EXTERNAL_ID in script
    assert payloads.MESSAGE_ID in script


def test_hello_world_answers_as_much_as_a_tracked_event(api_client):
    event = payloads.event_fields(1, payloads.start_of_spread(), 10)
    response = api_client.post("/api/v1/track", event, content_type="application/json")
    assert len(response.content) == len(ANSWER)


def test_a_filled_table_holds_events_of_two_years(workspace, monkeypatch):
    monkeypatch.setattr(filling, "PEOPLE", 30)
    filling.fill(workspace.id, 300, print)
    events = list(Event.objects.in_workspace(workspace.id).select_related("person"))
    assert len(events) == 300
    assert len({event.person.external_id for event in events}) == 30
    assert events[-1].timestamp < timezone.now() - timedelta(days=729)
    for event in events:
        millisecond = event.timestamp.replace(
            microsecond=event.timestamp.microsecond // 1000 * 1000
        )
        assert uuid7_moment(event.id) == millisecond
