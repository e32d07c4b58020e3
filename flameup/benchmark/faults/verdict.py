"""Reading everything back, and comparing it with the ledger."""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

from flameup.benchmark.faults.client import OK, Client
from flameup.benchmark.faults.ledger import Tally
from flameup.benchmark.faults.system import System, wait_until

_PAGE = 500
_OUTBOX_SECONDS = 60.0

_BY_SQL = """
SELECT parameters->>'n', count(*) FROM events_event
 WHERE workspace_id = %s AND event = %s GROUP BY 1
"""
_TOLD = """
SELECT count(*) FILTER (WHERE told.count IS NULL), count(*) FILTER (WHERE told.count > 1)
  FROM events_event AS event
  LEFT JOIN (SELECT event_id, count(*) FROM faults_told GROUP BY 1) AS told
    ON told.event_id = event.id
 WHERE event.workspace_id = %s AND event.event = %s
"""


@dataclass(frozen=True)
class Verdict:
    """What is wrong, in numbers of events; all zero is right.

    Lost was acknowledged and is not there, doubled is there more than once, a ghost
    was refused or never sent. `untold` and `told_twice` are the consumer's of the
    outbox; `disagreement` is what API, total and SQL find differently.
    """

    sent: int
    ok: int
    failed: int
    unknown: int
    stored: int
    lost: int
    doubled: int
    ghosts: int
    untold: int
    told_twice: int
    disagreement: int

    @property
    def is_right(self) -> bool:
        """Say whether nothing is wrong."""
        wrong = self.lost + self.doubled + self.ghosts
        return wrong + self.untold + self.told_twice + self.disagreement == 0

    def as_text(self) -> str:
        """Return lost/doubled/ghosts, and of the outbox untold/told twice."""
        text = f"{self.lost}/{self.doubled}/{self.ghosts} {self.untold}/{self.told_twice}"
        return f"{text} DISAGREE {self.disagreement}" if self.disagreement else text


def judge(system: System, tally: Tally, event: str, workspace_id: str = "") -> Verdict:
    """Read all events of this name, once the outbox is empty, and return what is wrong."""
    workspace_id = workspace_id or system.workspace_id
    number = int(workspace_id.removeprefix("ws_"), 36)
    wait_until(lambda: _is_outbox_empty(system), _OUTBOX_SECONDS, "an empty outbox")
    listed, total = _list_events(system, workspace_id, event)
    by_sql: Counter[str] = Counter(dict(system.sql(_BY_SQL, [number, event])))
    [(untold, told_twice)] = system.sql(_TOLD, [number, event])
    return compare(tally, by_sql, listed=listed, total=total, untold=untold, told_twice=told_twice)


def compare(
    tally: Tally,
    stored: Counter[str],
    *,
    listed: Counter[str],
    total: int,
    untold: int = 0,
    told_twice: int = 0,
) -> Verdict:
    """Return what is wrong where each id of the ledger is stored, and listed, so often."""
    # What was sent again, and then acknowledged or not heard of, may be there.
    refused = tally.failed - tally.ok - tally.unknown
    differences = (listed - stored).total() + (stored - listed).total()
    return Verdict(
        sent=len(tally.sent),
        ok=len(tally.ok),
        failed=len(refused),
        unknown=len(tally.unknown - tally.ok),
        stored=stored.total(),
        lost=len(tally.ok - stored.keys()),
        doubled=sum(count > 1 for count in stored.values()),
        ghosts=len(stored.keys() - tally.sent) + len(stored.keys() & refused),
        untold=untold,
        told_twice=told_twice,
        disagreement=differences + abs(total - stored.total()),
    )


def _is_outbox_empty(system: System) -> bool:
    return system.sql("SELECT count(*) FROM events_outboxentry") == [(0,)]


def _list_events(system: System, workspace_id: str, event: str) -> tuple[Counter[str], int]:
    """Return how often the list of the API has each id, and what it says is the total."""
    client = Client(system.port, system.token)
    found: Counter[str] = Counter()
    query = {"event": event, "limit": str(_PAGE)}
    while True:
        answer = client.get(f"/api/v1/workspaces/{workspace_id}/events?{urlencode(query)}")
        if answer.status != OK:
            raise RuntimeError(f"The list was answered with {answer.status}: {answer.document}")
        page = answer.document
        found.update(each["parameters"]["n"] for each in page["events"])
        if page["next_cursor"] is None:
            client.close()
            return found, page["total"]
        query["cursor"] = page["next_cursor"]
