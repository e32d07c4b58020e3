"""What other apps may have done to events, and hear of them."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from events.models import DeadLetter
from events.outbox import entries
from events.outbox.consumers import Chunk, TryLater, register_consumer, unregister_consumer
from events.outbox.hints import hint

__all__ = ["Chunk", "TryLater", "register_consumer", "retry_dead_letters", "unregister_consumer"]


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
