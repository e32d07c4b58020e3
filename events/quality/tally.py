"""What waits to be written: how often each reason was met, and the items that were refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

from events.ingest.decode import Envelope
from events.models import RejectedItem
from events.quality.reasons import Reason
from flameup.api.ids import uuid7

MAX_RAW_BYTES = 32 * 1024
MAX_MESSAGE_LENGTH = 500

# What a kept item takes in memory beside its text.
_ITEM_BYTES = 2_000

Key = tuple[int, date, UUID, Reason]


@dataclass(slots=True)
class Seen:
    """How often a reason was met, and when."""

    count: int
    first_at: datetime
    last_at: datetime


@dataclass(slots=True)
class Tally:
    """Counts by key, and refused items."""

    counts: dict[Key, Seen] = field(default_factory=dict)
    items: list[RejectedItem] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.counts or self.items)

    def count(
        self, workspace_id: int, api_key_id: UUID, moment: datetime, reasons: Sequence[Reason]
    ) -> None:
        """Count an item for each of its reasons."""
        day = moment.astimezone(UTC).date()
        for reason in reasons:
            self._add((workspace_id, day, api_key_id, reason), Seen(1, moment, moment))

    def add_counts(self, other: "Tally") -> None:
        """Add what another tally has counted."""
        for key, seen in other.counts.items():
            self._add(key, seen)

    def halves(self) -> list["Tally"]:
        """Return two tallies that are this one together; of a single thing there are none."""
        if len(self.counts) + len(self.items) == 1:
            return []
        counts = list(self.counts.items())
        if not counts or not self.items:
            middle = (len(counts) + 1) // 2, (len(self.items) + 1) // 2
            return [
                Tally(dict(counts[: middle[0]]), self.items[: middle[1]]),
                Tally(dict(counts[middle[0] :]), self.items[middle[1] :]),
            ]
        return [Tally(self.counts), Tally(items=self.items)]

    def _add(self, key: Key, seen: Seen) -> None:
        known = self.counts.get(key)
        if known is None:
            self.counts[key] = Seen(seen.count, seen.first_at, seen.last_at)
            return
        known.count += seen.count
        known.first_at = min(known.first_at, seen.first_at)
        known.last_at = max(known.last_at, seen.last_at)


def new_item(
    reason: Reason, message: str, raw: bytes, envelope: Envelope, api_key_id: UUID
) -> RejectedItem:
    """Return a refused item as it will be kept: of a long one the beginning."""
    return RejectedItem(
        id=uuid7(envelope.received_at),
        workspace_id=envelope.workspace_id,
        api_key_id=api_key_id,
        received_at=envelope.received_at,
        source=envelope.source,
        idempotency_key=envelope.idempotency_key or "",
        code=reason.code,
        field=reason.field,
        # It may quote what was sent.
        message=_storable(message[:MAX_MESSAGE_LENGTH]),
        raw=raw[:MAX_RAW_BYTES],
        is_cut=len(raw) > MAX_RAW_BYTES,
    )


def day_of(item: RejectedItem) -> tuple[int, date]:
    """Return the workspace and the day, in UTC, by which kept items are limited."""
    return item.workspace_id, item.received_at.astimezone(UTC).date()


def size_of(item: RejectedItem) -> int:
    """Return about how many bytes of memory a waiting item takes."""
    return _ITEM_BYTES + len(item.raw)


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
