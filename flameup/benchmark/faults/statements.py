"""A connection to the database that is lost at any of its messages."""

from typing import Any
from uuid import uuid4

from flameup.benchmark.faults.client import OK, Client
from flameup.benchmark.faults.ledger import Outcome
from flameup.benchmark.faults.load import TRACK, TRACK_BATCH
from flameup.benchmark.faults.trial import Fault, Trial

# What tells the writer's connections from others.
_MARK = b"COPY events_event"
# No way of storing takes as many messages.
_MOST_MESSAGES = 40


def cut_at_every_message(trial: Trial) -> None:
    """Lose the connection before each message of a transaction, and after each."""
    cuts, statuses = 0, set()
    client = Client(trial.system.port, trial.system.token)
    # Both web workers have stored something by then.
    for _ in range(20):
        other = Client(trial.system.port, trial.system.token)
        _send(trial, other, [_item(trial)])
        other.close()
    for _ in range(trial.rounds):
        for kind in (_known, _stranger, _with_id, _batch):
            for is_passed_on in (False, True):
                for number in range(1, _MOST_MESSAGES):
                    items = kind(trial)
                    trial.system.relay.cut(number, _MARK, is_passed_on=is_passed_on)
                    statuses.add(_send(trial, client, items))
                    if not trial.system.relay.has_cut():
                        break
                    cuts += 1
    client.close()
    trial.expect("the connection was lost", cuts > 0, f"{cuts} times")
    trial.expect("and every event acknowledged", statuses == {OK}, statuses)


def _known(trial: Trial) -> list[dict[str, Any]]:
    return [_item(trial)]


def _stranger(trial: Trial) -> list[dict[str, Any]]:
    return [{**_item(trial), "external_id": uuid4().hex}]


def _with_id(trial: Trial) -> list[dict[str, Any]]:
    return [{**_item(trial), "message_id": uuid4().hex}]


def _batch(trial: Trial) -> list[dict[str, Any]]:
    return [*_known(trial), *_stranger(trial), *_with_id(trial)]


def _item(trial: Trial) -> dict[str, Any]:
    return {"external_id": "person_1", "event": trial.event, "parameters": {"n": uuid4().hex}}


def _send(trial: Trial, client: Client, items: list[dict[str, Any]]) -> int | None:
    ids = [item["parameters"]["n"] for item in items]
    trial.ledger.note(Outcome.SENT, ids)
    one = len(items) == 1
    answer = client.post(TRACK if one else TRACK_BATCH, items[0] if one else {"events": items})
    trial.ledger.note(Outcome.OK if answer.status == OK else Outcome.UNKNOWN, ids)
    return answer.status


FAULTS = [
    Fault(
        "messages", "the connection lost at every message", cut_at_every_message, setting="relayed"
    )
]
