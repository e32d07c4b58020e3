"""What is done for events beside the requests."""

from celery import shared_task
from django.db import connection
from django.utils import timezone

from events.ingest.receipts import forget_receipts
from events.partitions import ensure_partitions
from workspaces.models import Workspace


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
