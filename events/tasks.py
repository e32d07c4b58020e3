"""What is done for events beside the requests."""

from time import monotonic

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.db import Error, connection
from django.utils import timezone

from events import counts
from events.ingest.receipts import forget_receipts
from events.outbox import hints
from events.outbox.dispatch import dispatch
from events.partitions import ensure_partitions
from events.quality.retention import forget_rejected_items
from workspaces.models import Workspace

log = structlog.get_logger(__name__)

_DISPATCH_SECONDS = 5.0


@shared_task(name="events.make_partitions")
def make_partitions() -> list[str]:
    """Make the partitions of the coming twelve months."""
    return ensure_partitions(connection, timezone.now().date())


@shared_task(name="events.forget_receipts")
def forget_old_receipts() -> int:
    """Remove the receipts that count no more, workspace by workspace."""
    now = timezone.now()
    workspace_ids = Workspace.objects.values_list("id", flat=True)
    return sum(forget_receipts(workspace_id, now) for workspace_id in workspace_ids)


@shared_task(name="events.fold_counts")
def fold_counts() -> int:
    """Fold what was counted since the last time, workspace by workspace; return how many rows."""
    return sum(
        _fold(workspace_id) for workspace_id in Workspace.objects.values_list("id", flat=True)
    )


@shared_task(name=hints.TASK)
def dispatch_outbox() -> int:
    """Hand what waits in the outbox to its consumers; return how many entries."""
    end = monotonic() + _DISPATCH_SECONDS
    count = dispatch(_DISPATCH_SECONDS)
    if monotonic() >= end:
        # There may be more, and other tasks shall have their turn in between.
        hints.hint()
    return count


@shared_task(name="events.forget_rejected_items")
def forget_old_rejected_items() -> int:
    """Remove old refused items and counts, workspace by workspace; return how many items."""
    now = timezone.now()
    workspace_ids = Workspace.objects.values_list("id", flat=True)
    return sum(forget_rejected_items(workspace_id, now) for workspace_id in workspace_ids)


@worker_ready.connect
def _make_partitions_at_start(**_: object) -> None:
    # Beat first waits for its interval, and there may have been a long pause.
    make_partitions.delay()


def _fold(workspace_id: int) -> int:
    try:
        return counts.fold(connection, workspace_id)
    except Error:
        # The other workspaces, and this one the next time, must not suffer from it.
        log.exception("counts were not folded", workspace_id=workspace_id)
        return 0
