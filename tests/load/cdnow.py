"""Sends a CDNOW master file through the API, reads everything back and compares the totals.

A purchase a line: customer number, date (YYYYMMDD), number of CDs, amount in US dollars.
The exit code is 1 when anything that was read back differs from the file. A second run
changes nothing, for every line has a message id of its own.

    python tests/load/cdnow.py CDNOW_master.txt --key ws_live_…
"""

import argparse
import json
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

EVENT = "purchase_completed"
PAGE = 500
OK, TRY_AGAIN = 200, (429, 503)

_KEY = re.compile(r"ws_live_[a-z0-9]+_(?P<workspace>[a-z0-9]+)\.\w+")


@dataclass(frozen=True)
class Purchase:
    """A line of the file, or an event that stands for one."""

    customer: str
    day: date
    quantity: int
    amount: Decimal

    @property
    def month(self) -> date:
        return self.day.replace(day=1)


@dataclass
class Sum:
    """How many purchases, how many CDs and how many dollars."""

    purchases: int = 0
    quantity: int = 0
    amount: Decimal = Decimal(0)

    def add(self, purchase: Purchase) -> None:
        """Count one more purchase."""
        self.purchases += 1
        self.quantity += purchase.quantity
        self.amount += purchase.amount

    def __str__(self) -> str:
        return f"{self.purchases:,} purchases, {self.quantity:,} CDs, {self.amount:,} dollars"


@dataclass
class Totals:
    """Sums of many purchases: in all, by month and by customer."""

    all: Sum = field(default_factory=Sum)
    months: dict[date, Sum] = field(default_factory=lambda: defaultdict(Sum))
    people: dict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))

    @classmethod
    def of(cls, purchases: Iterable[Purchase]) -> "Totals":
        """Add the purchases up."""
        totals = cls()
        for purchase in purchases:
            for part in totals._parts_of(purchase):
                part.add(purchase)
        return totals

    def _parts_of(self, purchase: Purchase) -> tuple[Sum, Sum, Sum]:
        return self.all, self.months[purchase.month], self.people[purchase.customer]


class API:
    """The part of the HTTP API that is needed here."""

    def __init__(self, url: str, key: str, connections: int) -> None:
        match = _KEY.fullmatch(key)
        if match is None:
            raise SystemExit("--key must be a live API key: ws_live_…")
        self._workspace = f"/workspaces/ws_{match['workspace']}/events"
        self._pool = ThreadPoolExecutor(connections)
        self._client = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {key}"},
            limits=httpx.Limits(max_connections=connections),
            timeout=60,
            trust_env=False,
        )

    def __enter__(self) -> "API":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def send(self, batches: Sequence[list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
        """Send the batches over several connections; yield the results of each."""
        for answer in self._pool.map(self._track, batches):
            if answer["rejected"]:
                raise SystemExit(f"Rejected: {answer['results']}")
            yield answer["results"]

    def list_all(self) -> Iterator[dict[str, Any]]:
        """Yield every purchase of the workspace, newest first, page by page."""
        answer = self._page()
        yield from answer["events"]
        while answer["next_cursor"]:
            answer = self._page(cursor=answer["next_cursor"])
            yield from answer["events"]

    def count(self, since: date, until: date) -> int:
        """Return how many purchases there are in a window of days."""
        window = {"since": f"{since}T00:00:00Z", "until": f"{until}T00:00:00Z"}
        return int(self._page(**window, limit=1)["total"])

    def people(self, customers: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Yield the list of each customer's purchases, asked over several connections."""
        return self._pool.map(self._purchases_of, customers)

    def _track(self, batch: list[dict[str, Any]]) -> Any:
        return self._ask("POST", "/track/batch", json={"events": batch})

    def _purchases_of(self, customer: str) -> Any:
        params = {"event": EVENT, "limit": PAGE}
        return self._ask("GET", f"/people/{customer}/events", params=params)

    def _page(self, **params: Any) -> Any:
        return self._ask("GET", self._workspace, params={"event": EVENT, "limit": PAGE, **params})

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        response = self._client.request(method, path, **options)
        while response.status_code in TRY_AGAIN:
            time.sleep(float(response.headers.get("Retry-After", 1)))
            response = self._client.request(method, path, **options)
        if response.status_code != OK:
            raise SystemExit(f"{method} {path}: {response.status_code} {response.text}")
        return json.loads(response.content, parse_float=Decimal)


def read_file(path: Path) -> list[Purchase]:
    """Return the purchases in the order of the file's lines."""
    lines = (line.split() for line in path.read_text().splitlines())
    return [
        Purchase(customer, _parse_day(day), int(quantity), Decimal(amount))
        for customer, day, quantity, amount in lines
    ]


def _parse_day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def as_event(line: int, purchase: Purchase) -> dict[str, Any]:
    """Return what the API is sent for a line; the shortest float of an amount is its decimal."""
    return {
        "external_id": purchase.customer,
        "event": EVENT,
        "parameters": {
            "quantity": purchase.quantity,
            "amount": float(purchase.amount),
            "currency": "USD",
        },
        "timestamp": f"{purchase.day}T00:00:00Z",
        "message_id": f"cdnow-{line}",
    }


def as_purchase(event: dict[str, Any]) -> Purchase:
    """Return the purchase that an event of the API stands for."""
    moment = datetime.fromisoformat(event["timestamp"]).astimezone(UTC)
    parameters = event["parameters"]
    amount = Decimal(parameters["amount"])
    return Purchase(event["external_id"], moment.date(), parameters["quantity"], amount)


def send_all(api: API, purchases: Sequence[Purchase], size: int) -> None:
    """Send the purchases in batches and say how many of them are new."""
    events = [as_event(line, purchase) for line, purchase in enumerate(purchases, start=1)]
    batches = [events[start : start + size] for start in range(0, len(events), size)]
    progress = Progress("Sent", len(events))
    duplicates = 0
    for results in api.send(batches):
        duplicates += sum(result.get("duplicate", False) for result in results)
        progress.add(len(results))
    progress.finish(f"{len(events) - duplicates:,} new, {duplicates:,} already there")


def compare_list(api: API, expected: Totals) -> bool:
    """Compare everything that the workspace's list holds, and its order, with the file."""
    progress = Progress("Listed", expected.all.purchases)
    found: list[Purchase] = []
    ids = set()
    for event in api.list_all():
        found.append(as_purchase(event))
        ids.add(event["id"])
        progress.add(1)
    totals = Totals.of(found)
    is_ordered = all(later.day >= earlier.day for later, earlier in pairwise(found))
    is_equal = totals == expected and len(ids) == len(found) and is_ordered
    progress.finish(f"{totals.all}: {_verdict(is_equal)}")
    return is_equal


def compare_months(api: API, expected: Totals) -> bool:
    """Compare the number of purchases in each month with the file."""
    is_equal = True
    for month, part in sorted(expected.months.items()):
        total = api.count(month, _next_month(month))
        is_equal &= total == part.purchases
        say(f"{month:%Y-%m}  {part.purchases:>7,} in the file {total:>7,} by the API")
    say(f"Months: {_verdict(is_equal)}")
    return is_equal


def compare_people(api: API, expected: Totals) -> bool:
    """Compare each customer's purchases with the file."""
    progress = Progress("Asked about", len(expected.people), "people")
    agreeing = 0
    answers = api.people(expected.people)
    for wanted, answer in zip(expected.people.values(), answers, strict=True):
        found = Totals.of(map(as_purchase, answer["events"])).all
        agreeing += found == wanted and answer["total"] == wanted.purchases
        progress.add(1)
    progress.finish(f"{agreeing:,} of {len(expected.people):,} agree")
    return agreeing == len(expected.people)


class Progress:
    """Tells once a second, on standard error, how far a step has come."""

    def __init__(self, verb: str, total: int, noun: str = "purchases") -> None:
        self._verb, self._total, self._noun = verb, total, noun
        self._done = 0
        self._start = self._told = time.monotonic()

    def add(self, number: int) -> None:
        """Note that so many more are done."""
        self._done += number
        if time.monotonic() - self._told > 1:
            self._told = time.monotonic()
            sys.stderr.write(f"{self._verb} {self._done:,} of {self._total:,} {self._noun}\n")

    def finish(self, result: str) -> None:
        """Say how it went and how fast."""
        seconds = time.monotonic() - self._start
        rate = self._done / seconds
        say(
            f"{self._verb} {self._done:,} {self._noun} in {seconds:.1f} s ({rate:,.0f}/s): {result}"
        )


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _next_month(month: date) -> date:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)


def _verdict(is_equal: bool) -> str:
    return "as in the file" if is_equal else "NOT as in the file"


def main(arguments: Sequence[str] | None = None) -> int:
    """Send, read back, compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--key", required=True, help="an API key: ws_live_…")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args(arguments)
    purchases = read_file(options.path)
    expected = Totals.of(purchases)
    say(f"File: {expected.all} of {len(expected.people):,} people")
    with API(options.url, options.key, options.connections) as api:
        send_all(api, purchases, options.batch)
        checks = [compare(api, expected) for compare in COMPARISONS]
    say("Everything agrees." if all(checks) else "MISMATCH")
    return 0 if all(checks) else 1


COMPARISONS = (compare_list, compare_months, compare_people)

if __name__ == "__main__":
    sys.exit(main())
