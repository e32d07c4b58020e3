"""How long it is remembered what was refused or repaired."""

from datetime import datetime, timedelta

from events.models import QualityCount, RejectedItem

ITEMS_KEPT_FOR = timedelta(days=7)
COUNTS_KEPT_FOR = timedelta(days=90)

# Rows of one statement, of up to 32 KiB each.
_PIECE = 500


def forget_rejected_items(workspace_id: int, moment: datetime) -> int:
    """Remove the items of a workspace older than seven days, in pieces; return how many.

    Counts go after 90 days, and are not among them.
    """
    items = RejectedItem.objects.in_workspace(workspace_id)
    old = items.filter(received_at__lt=moment - ITEMS_KEPT_FOR).values_list("id", flat=True)
    removed = 0
    while ids := list(old[:_PIECE]):
        removed += items.filter(id__in=ids).delete()[0]
    first_day = (moment - COUNTS_KEPT_FOR).date()
    QualityCount.objects.in_workspace(workspace_id).filter(day__lt=first_day).delete()
    return removed
