"""How far behind the outbox is."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Min
from django.utils import timezone

from events.models import DeadLetter, OutboxEntry

# Longer than a worker takes to be started anew, and the sweep to come round.
ATTENDED_WITHIN = timedelta(seconds=30)
WARNED_AFTER = timedelta(minutes=5)


def lag(moment: datetime) -> timedelta:
    """Return for how long the entry has been due that has waited longest; zero if none is."""
    oldest = OutboxEntry.objects.aggregate(oldest=Min("due_at"))["oldest"]
    return max(moment - oldest, timedelta()) if oldest else timedelta()


def is_attended(moment: datetime) -> bool:
    """Say whether some worker seems to see to the outbox."""
    return lag(moment) <= ATTENDED_WITHIN


def warnings() -> Iterator[str]:
    """Yield what operators should know."""
    behind = lag(timezone.now())
    if behind > WARNED_AFTER:
        minutes = behind // timedelta(minutes=1)
        yield f"The outbox is {minutes} minutes behind: no worker runs, or none can keep up."
    if DeadLetter.objects.exists():
        yield "Some events could not be consumed and wait as dead letters."
