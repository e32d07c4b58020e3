import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event

import pytest

from flameup.demo import DemoSender, DemoStory, tell_story
from flameup.management.installation import Installation
from tests.database import make_data_folder
from tests.flameup.running import Quickstart, processes_of, wait_for

pytestmark = pytest.mark.any_server

KEY = r"ws_live_[a-z0-9]{8}_[a-z0-9]{6,12}\.[A-Za-z0-9]{38}"


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Quickstart, Quickstart]]:
    """Two installations, started at the same moment and running side by side."""
    pair = tuple(Quickstart(make_data_folder(), "--no-demo") for _ in range(2))
    try:
        for each in pair:
            each.start()
        for each in pair:
            each.wait_until_ready()
        yield pair  # type: ignore[misc]
    finally:
        for each in pair:
            each.close()
            shutil.rmtree(each.folder)


@pytest.fixture
def running(pair: tuple[Quickstart, Quickstart]) -> Quickstart:
    return pair[0]


def test_prints_what_is_needed_to_begin(running: Quickstart) -> None:
    patterns = (
        rf"Dashboard  http://127\.0\.0\.1:{running.port}/",
        r"Login      \S+@\S+ / \S{12,}",
        r"Workspace  ws_[a-z0-9]{6,12}",
        rf"API key    {KEY}",
        "",
        rf"curl .*http://127\.0\.0\.1:{running.port}/api/v1/track .*{KEY}.*",
    )
    assert len(running.lines) == len(patterns)
    for pattern, line in zip(patterns, running.lines, strict=True):
        assert re.fullmatch(pattern, line), line


def test_the_curl_line_tracks_an_event_as_pasted(running: Quickstart) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", running.lines[-1]], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["success"] is True


def test_secrets_are_kept_for_the_owner_alone(running: Quickstart) -> None:
    kept = running.folder / "quickstart.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.stat().st_uid == os.geteuid()


def test_two_run_side_by_side(pair: tuple[Quickstart, Quickstart]) -> None:
    for each in pair:
        wait_for(each.answers, 60, "each answers")
    assert len({each.lines[2] for each in pair}) == 2


def test_a_demo_that_is_sent_again_is_stored_once(running: Quickstart) -> None:
    access = Installation.read(running.folder / "quickstart.json").first
    story = tell_story(datetime.now(UTC))
    story = DemoStory(story.people[:4], story.events[:150])
    sent: list[int] = []
    for _ in range(2):
        sender = DemoSender(
            host="127.0.0.1",
            port=running.port,
            api_key=access.api_key,
            workspace_id=access.workspace_id,
            stopping=Event(),
        )
        assert sender.send(story, 0, sent.append)
    assert sent == [100, 150] * 2
    names = {event["event"] for event in story.events}
    assert sum(count(running, access.api_key, name) for name in names - {"signed_up"}) == sum(
        event["event"] != "signed_up" for event in story.events
    )


def count(running: Quickstart, api_key: str, name: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    workspace = running.lines[2].split()[-1]
    path = f"/api/v1/workspaces/{workspace}/events?limit=1&event={name}"
    connection.request("GET", path, headers={"Authorization": f"Bearer {api_key}"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    total: int = answer["total"]
    return total


@pytest.mark.parametrize("service", ["bin/postgres", "granian", "celery"])
def test_a_service_that_is_killed_comes_back(running: Quickstart, service: str) -> None:
    wait_for(lambda: running.pid_of(service), 10, f"{service} runs")
    killed = running.pid_of(service)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: running.pid_of(service) not in {0, killed}, 20, f"{service} runs again")
    wait_for(running.answers, 60, "the server is ready again")


def test_a_taken_port_is_named_before_anything_starts(running: Quickstart) -> None:
    other = Quickstart(make_data_folder())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = other.open(taken.getsockname()[1])
        output, _ = done.communicate(timeout=60)
    assert done.returncode == 1
    assert output == ""
    assert not (other.folder / "postgres").exists()
    shutil.rmtree(other.folder)


def test_a_killed_supervisor_takes_everything_along_and_starts_again(
    pair: tuple[Quickstart, Quickstart],
) -> None:
    second = pair[1]
    before = second.lines
    wait_for(lambda: second.pid_of("celery"), 10, "all services run")
    second.send(signal.SIGKILL)
    wait_for(lambda: not processes_of(second.folder), 25, "no process is left")
    second.start()
    second.wait_until_ready()
    assert second.lines == before


def test_sigterm_ends_every_process(pair: tuple[Quickstart, Quickstart]) -> None:
    second = pair[1]
    wait_for(lambda: second.pid_of("celery"), 10, "all services run")
    assert second.send(signal.SIGTERM) == 0
    assert processes_of(second.folder) == {}
