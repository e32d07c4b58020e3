"""What other apps may ask of events."""

from datetime import date

from events.models import QualityCount
from events.quality.masking import masked
from events.quality.replay import Replayed, replay_rejected_item, replay_rejected_items

__all__ = [
    "Replayed",
    "masked",
    "quality_counts",
    "replay_rejected_item",
    "replay_rejected_items",
]


def quality_counts(workspace_id: int, since_day: date) -> list[QualityCount]:
    """Return what was refused and repaired since a day, in UTC.

    A row for each day, key and reason, the newest day first and in it the most frequent.
    """
    counts = QualityCount.objects.in_workspace(workspace_id).since_day(since_day)
    return list(counts.order_by("-day", "-count", "outcome", "code", "field", "api_key_id"))
