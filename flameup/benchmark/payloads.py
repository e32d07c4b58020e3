"""The events that are sent, and the same ones as rows."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NAMES = 50
BATCH = 100

# Filled in by load/track.lua, which knows them by these texts; they are as long as the values.
MESSAGE_ID = "~~~~~~~~~~~~~MESSAGE~~ID~~~~~~~~~~~~"
EXTERNAL_ID = "~EXTERNALID~"

# What has just happened is sent: the events of a run lie within so many seconds.
_SPREAD_SECONDS = 600
# Prime to the numbers of people and seconds: neighbours in time are not neighbours by name.
_STRIDE = 7919

_VERBS = ("viewed", "opened", "added", "started", "completed")
_THINGS = (
    "page", "product", "cart", "checkout", "purchase", "trial", "invoice", "report", "project",
    "profile",
)  # fmt: skip
_PLANS = ("free", "starter", "pro", "business")
_CURRENCIES = ("USD", "EUR", "GBP", "JPY")
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def external_id(number: int) -> str:
    """Return the id of a person; all have 12 characters."""
    return f"user_{number:07}"


def event_name(number: int) -> str:
    """Return one of the 50 names."""
    number %= NAMES
    return f"{_THINGS[number % len(_THINGS)]}_{_VERBS[number // len(_THINGS)]}"


def event_fields(number: int, start: datetime, people: int) -> dict[str, Any]:
    """Return an event as a client sends it: about 330 bytes of JSON.

    It is of one of so many people, within ten minutes from `start`.
    """
    moment = start + timedelta(seconds=number * _STRIDE % (_SPREAD_SECONDS * 1000) / 1000)
    return {
        "external_id": external_id(number * _STRIDE % people),
        "event": event_name(number),
        "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "parameters": parameters(number),
        "context": {"ip": f"203.0.113.{number % 254 + 1}", "user_agent": _AGENT},
    }


def parameters(number: int) -> dict[str, Any]:
    """Return what an event says about itself."""
    return {
        "amount": number % 20_000 / 100,
        "currency": _CURRENCIES[number % len(_CURRENCIES)],
        "items": number % 9 + 1,
        "plan": _PLANS[number % len(_PLANS)],
        "referrer": f"https://www.example.com/campaigns/{number % 97}",
    }


def start_of_spread() -> datetime:
    """Return the earliest time of the events that are about to be sent."""
    return datetime.now(UTC) - timedelta(seconds=_SPREAD_SECONDS)


def write_singles(file: Path, people: int, *, with_ids: bool = False) -> None:
    """Write one event a line, one of each person."""
    file.write_text("".join(f"{_json(event)}\n" for event in _events(people, with_ids=with_ids)))


def write_batches(
    file: Path, people: int, *, with_ids: bool = False, with_new_people: bool = False
) -> None:
    """Write a batch of 100 events a line, in all one event of each person.

    `with_new_people` leaves open who the people are.
    """
    events = list(_events(people, with_ids=with_ids))
    if with_new_people:
        events = [event | {"external_id": EXTERNAL_ID} for event in events]
    batches = [events[first : first + BATCH] for first in range(0, len(events), BATCH)]
    file.write_text("".join(f"{_json({'events': batch})}\n" for batch in batches))


def _events(people: int, *, with_ids: bool) -> Iterator[dict[str, Any]]:
    start = start_of_spread()
    for number in range(people):
        fields = event_fields(number, start, people)
        yield fields | {"message_id": MESSAGE_ID} if with_ids else fields


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
