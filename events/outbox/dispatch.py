"""Handing what waits in the outbox to its consumers."""

from datetime import timedelta
from time import monotonic
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from events.models import DeadLetter, OutboxEntry
from events.outbox import entries
from events.outbox.consumers import Chunk, TryLater, consumer_names, consumer_of

log = structlog.get_logger(__name__)

# An entry whose work was begun so often, and neither done nor refused, is taken for the reason
# that its worker ends each time.
MAX_ATTEMPTS = 8
_LONGEST_PAUSE_SECONDS = 300
_MAX_ERROR_LENGTH = 2_000


def dispatch(seconds: float) -> int:
    """Consume what is due, the oldest first, for about so many seconds; return how many entries.

    Any number of workers may do so at the same time. Raises django.db.Error when
    the database is away.
    """
    end = monotonic() + seconds
    count = 0
    while monotonic() < end and (entry_id := _begin()) is not None:
        count += 1
        try:
            _consume(entry_id)
        except (OperationalError, InterfaceError) as error:
            # The database's fault and not the events': the entry comes round again.
            log.warning("an outbox entry is tried again", id=str(entry_id), error=str(error))
    return count


def _begin() -> UUID | None:
    """Choose the next entry, and put it off until its work should long be done.

    This is committed before the work begins, so that an entry whose worker dies is
    found again, later and later, and not by everybody at once.
    """
    now = timezone.now()
    with transaction.atomic():
        entry = (
            OutboxEntry.objects.due(now, consumer_names())
            .select_for_update(skip_locked=True)
            .first()
        )
        if entry is None:
            return None
        entry.attempts += 1
        pause = min(2 ** (entry.attempts - 1), _LONGEST_PAUSE_SECONDS)
        entry.due_at = now + timedelta(seconds=pause)
        entry.save(update_fields=["attempts", "due_at"])
    found: UUID = entry.id
    return found


@transaction.atomic
def _consume(entry_id: UUID) -> None:
    """Do the work of an entry and delete it, in one transaction."""
    entry = OutboxEntry.objects.select_for_update(skip_locked=True).filter(id=entry_id).first()
    if entry is None:
        # Its work took longer than its pause, and another worker is or was at it.
        return
    try:
        with transaction.atomic():
            _run(entry)
    except TryLater as later:
        entry.attempts = 0
        entry.due_at = timezone.now() + timedelta(seconds=later.seconds)
        entry.save(update_fields=["attempts", "due_at"])
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("a consumer failed", consumer=entry.consumer, events=len(entry.event_ids))
        _set_apart(entry, f"{type(error).__name__}: {error}")
    else:
        entry.delete()


def _run(entry: OutboxEntry) -> None:
    if entry.attempts > MAX_ATTEMPTS:
        raise RuntimeError(f"The work was begun {MAX_ATTEMPTS} times and did not come to an end.")
    consumer_of(entry.consumer)(Chunk(entry.workspace_id, entry.event_ids))


def _set_apart(entry: OutboxEntry, error: str) -> None:
    """Halve an entry that cannot be consumed; of one event, make a dead letter of it."""
    ids = entry.event_ids
    middle = len(ids) // 2
    if middle:
        for half in (ids[:middle], ids[middle:]):
            entries.append(entry.consumer, entry.workspace_id, half)
    else:
        DeadLetter.objects.create(
            workspace_id=entry.workspace_id,
            consumer=entry.consumer,
            event_id=ids[0],
            error=error.replace("\0", "\ufffd")[:_MAX_ERROR_LENGTH],
        )
    entry.delete()
