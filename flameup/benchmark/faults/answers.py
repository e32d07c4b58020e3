"""Answers that are lost after the commit, and requests that are sent again."""

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from flameup.benchmark.faults.client import OK, Answer, Client
from flameup.benchmark.faults.ledger import Outcome
from flameup.benchmark.faults.load import TRACK
from flameup.benchmark.faults.system import HOST, wait_until
from flameup.benchmark.faults.trial import PATIENCE_SECONDS, Fault, Trial

_EVENTS_OF_A_ROUND = 20
_COUNT = "SELECT count(*) FROM events_event WHERE parameters->>'n' = %s AND workspace_id <> 0"
_EDGE = timedelta(seconds=2)


def lose_answers(trial: Trial) -> None:
    """Go away once the request is sent, and send it again later."""
    repeated = []
    client = Client(trial.system.port, trial.system.token)
    for _ in range(trial.rounds * _EVENTS_OF_A_ROUND):
        name = _send_and_go_away(trial)
        _wait_until_stored(trial, name)
        repeated.append(_repeat(trial, client, name))
    client.close()
    _expect_duplicates(trial, repeated)


def lose_answers_at_the_edge_of_a_month(trial: Trial) -> None:
    """Do so while the clock goes over into the next month; no event has a timestamp."""
    repeated = []
    client = Client(trial.system.port, trial.system.token)
    for number in range(trial.rounds):
        trial.system.clock.set(_end_of_month(number) - _EDGE)
        names = [_send_and_go_away(trial) for _ in range(_EVENTS_OF_A_ROUND)]
        for name in names:
            _wait_until_stored(trial, name)
        trial.system.clock.set(_end_of_month(number) + _EDGE)
        repeated += [_repeat(trial, client, name) for name in names]
    client.close()
    trial.system.clock.set(None)
    _expect_duplicates(trial, repeated)


def turn_back_clock(trial: Trial) -> None:
    """Put the clock of the application an hour back under load, and forth again."""
    with trial.load() as load:
        for _ in range(trial.rounds):
            for clock in (datetime.now(UTC) - timedelta(hours=1), None):
                trial.system.clock.set(clock)
                changed = time.monotonic()
                time.sleep(1)
                load.wait_for_success(PATIENCE_SECONDS, changed)
    trial.expect_only({"200"}, load.statuses(), "nobody notices")


def _send_and_go_away(trial: Trial) -> str:
    """Send an event and close the connection, without waiting for the answer; return its id."""
    name = uuid4().hex
    trial.ledger.note(Outcome.SENT, [name])
    body = json.dumps(_item(trial, name)).encode()
    head = (
        f"POST {TRACK} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {trial.system.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((HOST, trial.system.port)) as connection:
        connection.sendall(head.encode() + body)
        # The server must have begun to read it, or there is nothing to lose.
        time.sleep(0.02)
    trial.ledger.note(Outcome.UNKNOWN, [name])
    return name


def _repeat(trial: Trial, client: Client, name: str) -> Answer:
    answer = client.post(TRACK, _item(trial, name))
    trial.ledger.note(Outcome.OK if answer.status == OK else Outcome.UNKNOWN, [name])
    return answer


def _item(trial: Trial, name: str) -> dict[str, object]:
    return {
        "external_id": "person_1",
        "event": trial.event,
        "message_id": name,
        "parameters": {"n": name},
    }


def _wait_until_stored(trial: Trial, name: str) -> None:
    wait_until(lambda: trial.system.sql(_COUNT, [name]) == [(1,)], PATIENCE_SECONDS, "the event")


def _expect_duplicates(trial: Trial, repeated: list[Answer]) -> None:
    known = sum(each.status == OK and each.document.get("duplicate") is True for each in repeated)
    trial.expect(
        "what was sent again is known", known == len(repeated), f"{known} of {len(repeated)}"
    )


def _end_of_month(number: int) -> datetime:
    """Return the beginning of the month after this one, or of one later by so many."""
    now = datetime.now(UTC)
    months = now.year * 12 + now.month + number
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


FAULTS = [
    Fault("lost_answers", "answers lost after the commit, sent again", lose_answers),
    Fault(
        "month_edge",
        "the same over the edge of a month, without timestamps",
        lose_answers_at_the_edge_of_a_month,
        setting="clock",
    ),
    Fault("clock", "clock an hour back, and forth", turn_back_clock, setting="clock"),
]
