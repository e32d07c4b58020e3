"""What other apps may have done to events, ask of them, and hear of them."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.db import transaction

from events.models import DeadLetter, QualityCount
from events.outbox import entries
from events.outbox.consumers import Chunk, TryLater, register_consumer, unregister_consumer
from events.outbox.hints import hint
from events.quality.masking import masked
from events.quality.replay import Replayed, replay_rejected_item, replay_rejected_items

__all__ = [
    "Chunk",
    "Replayed",
    "TryLater",
    "masked",
    "quality_counts",
    "register_consumer",
    "replay_rejected_item",
    "replay_rejected_items",
    "retry_dead_letters",
    "unregister_consumer",
]


@transaction.atomic
def retry_dead_letters(*, workspace_id: int, ids: Collection[UUID]) -> int:
    """Have the consumers try these dead letters of a workspace again; return how many there were.

    One that cannot be consumed this time either becomes a dead letter anew.
    """
    found = DeadLetter.objects.filter(workspace_id=workspace_id, id__in=ids)
    letters = list(found.select_for_update())
    for letter in letters:
        entries.append(letter.consumer, workspace_id, [letter.event_id])
        letter.delete()
    transaction.on_commit(hint)
    return len(letters)


def quality_counts(workspace_id: int, since_day: date) -> list[QualityCount]:
    """Return what was refused and repaired since a day, in UTC.

    A row for each day, key and reason, the newest day first and in it the most frequent.
    """
    counts = QualityCount.objects.in_workspace(workspace_id).since_day(since_day)
    return list(counts.order_by("-day", "-count", "outcome", "code", "field", "api_key_id"))
