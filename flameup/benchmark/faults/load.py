"""Clients that track events all the time, and write down what became of each."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from flameup.benchmark.faults.client import OK, Answer, Client
from flameup.benchmark.faults.ledger import Ledger, Outcome
from flameup.benchmark.faults.system import System, wait_until

TRACK, TRACK_BATCH = "/api/v1/track", "/api/v1/track/batch"

CLIENTS = 8
_RATE = 160.0
_BATCH = 5
_PEOPLE = 300
_RETRY_PAUSE_SECONDS = 0.1
_READING_PAUSE_SECONDS = 0.1
# How long after the end of the load a client with message ids still tries.
_SETTLING_SECONDS = 30.0
_TOO_MANY, _FIRST_ERROR, _FIRST_SERVER_ERROR = 429, 400, 500


@dataclass(frozen=True)
class Attempt:
    """One request: when it began and ended, by the monotonic clock, and its status if any."""

    began: float
    ended: float
    status: int | None
    problem: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Load:
    """So many clients, at so many requests a second in all; a context that lasts as long.

    Half of them send message ids, and repeat a request until it is answered; the others
    send each event once. Half send batches. `event` is the name of all events,
    whose parameter `n` is the id in the ledger. Beside them, one client reads.
    """

    def __init__(
        self,
        system: System,
        ledger: Ledger,
        event: str,
        *,
        token: str = "",
        clients: int = CLIENTS,
        rate: float = _RATE,
    ) -> None:
        self.attempts: list[Attempt] = []
        self.reads: list[Attempt] = []
        self._system = system
        self._ledger = ledger
        self._event = event
        self._token = token or system.token
        self._interval = clients / rate
        self._stopping = Event()
        self._threads = [
            Thread(target=self._run, args=(kind % 4,), name=f"client-{kind}", daemon=True)
            for kind in range(clients)
        ]
        self._threads.append(Thread(target=self._read, name="reader", daemon=True))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for_success(self, seconds: float, after: float | None = None) -> float:
        """Wait until a request that began after a moment has succeeded; return when it ended."""
        start = time.monotonic() if after is None else after

        def succeeded() -> float | None:
            # A snapshot, for the clients go on adding.
            ends = [
                each.ended for each in self.attempts[:] if each.status == OK and each.began >= start
            ]
            return min(ends, default=None)

        wait_until(succeeded, seconds, "an event that is acknowledged")
        found = succeeded()
        return start if found is None else found

    def wait_for_reads(self, count: int, seconds: float) -> None:
        """Wait until so many lists have been read."""
        wait_until(lambda: self.reading_statuses()[str(OK)] >= count, seconds, "lists to be read")

    def statuses(self, since: float = 0.0, until: float = float("inf")) -> Counter[str]:
        """Count the attempts that began in this time, by status or by what kept it away."""
        return _counted(self.attempts, since, until)

    def reading_statuses(self) -> Counter[str]:
        """Count what reading was answered with."""
        return _counted(self.reads)

    def last_failure(self, since: float) -> float:
        """Return when the last attempt of this time began that was not answered with 200."""
        failed = [each.began for each in self.attempts + self.reads if each.status != OK]
        return max([since, *failed])

    def slowest(self) -> float:
        """Return how many seconds the slowest request took."""
        return max((each.seconds for each in self.attempts[:]), default=0.0)

    def latency(self, share: float, since: float = 0.0, until: float = float("inf")) -> float:
        """Return the latency, in seconds, that this share of the successes in a time kept to."""
        found = sorted(
            each.seconds
            for each in self.attempts[:]
            if each.status == OK and since <= each.began < until
        )
        return found[min(int(len(found) * share), len(found) - 1)] if found else float("inf")

    def _run(self, kind: int) -> None:
        client = Client(self._system.port, self._token)
        has_ids, is_batch = kind in {1, 3}, kind in {2, 3}
        with suppress(_Stopped):
            while not self._stopping.is_set():
                began = time.monotonic()
                self._track(client, self._items(_BATCH if is_batch else 1, has_ids=has_ids))
                self._stopping.wait(max(self._interval - (time.monotonic() - began), 0.0))
        client.close()

    def _read(self) -> None:
        """List events now and then, by threads of the server that track none."""
        client = Client(self._system.port, self._system.token)
        path = f"/api/v1/workspaces/{self._system.workspace_id}/events?limit=1"
        while not self._stopping.wait(_READING_PAUSE_SECONDS):
            began = time.monotonic()
            answer = client.get(path)
            self.reads.append(Attempt(began, time.monotonic(), answer.status, answer.problem))
        client.close()

    def _items(self, count: int, *, has_ids: bool) -> list[dict[str, Any]]:
        return [self._item(uuid4().hex, has_ids=has_ids) for _ in range(count)]

    def _item(self, name: str, *, has_ids: bool) -> dict[str, Any]:
        # Now and then somebody new, so that people are made as well.
        who = name if name.startswith("0") else f"person_{random.randrange(_PEOPLE)}"  # noqa: S311
        item = {"external_id": who, "event": self._event, "parameters": {"n": name}}
        return {**item, "message_id": f"message_{name}"} if has_ids else item

    def _track(self, client: Client, items: Sequence[dict[str, Any]]) -> None:
        ids = [item["parameters"]["n"] for item in items]
        path, document = (TRACK, items[0]) if len(items) == 1 else (TRACK_BATCH, {"events": items})
        self._ledger.note(Outcome.SENT, ids)
        give_up: float | None = None
        while True:
            answer = self._attempt(client, path, document)
            self._note(answer, ids)
            if not self._shall_repeat(answer, items):
                return
            if self._stopping.is_set():
                give_up = give_up or time.monotonic() + _SETTLING_SECONDS
                if time.monotonic() > give_up:
                    raise _Stopped
            time.sleep(_RETRY_PAUSE_SECONDS)

    def _attempt(self, client: Client, path: str, document: Any) -> Answer:
        began = time.monotonic()
        answer = client.post(path, document)
        self.attempts.append(Attempt(began, time.monotonic(), answer.status, answer.problem))
        return answer

    def _note(self, answer: Answer, ids: Sequence[str]) -> None:
        if answer.status == OK:
            results = answer.document.get("results", [answer.document])
            for name, result in zip(ids, results, strict=True):
                self._ledger.note(Outcome.OK if result["success"] else Outcome.FAILED, [name])
        else:
            self._ledger.note(_outcome_of(answer.status), ids)

    def _shall_repeat(self, answer: Answer, items: Sequence[dict[str, Any]]) -> bool:
        return "message_id" in items[0] and _outcome_of(answer.status) == Outcome.UNKNOWN


class _Stopped(Exception):
    """The load is over, and the client has tried long enough."""


def _counted(
    attempts: Sequence[Attempt], since: float = 0.0, until: float = float("inf")
) -> Counter[str]:
    return Counter(
        each.problem if each.status is None else str(each.status)
        for each in attempts[:]
        if since <= each.began < until
    )


def _outcome_of(status: int | None) -> Outcome:
    if status == OK:
        return Outcome.OK
    is_refusal = status is not None and _FIRST_ERROR <= status < _FIRST_SERVER_ERROR
    return Outcome.FAILED if is_refusal and status != _TOO_MANY else Outcome.UNKNOWN
