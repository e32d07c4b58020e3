"""Handing what waits in the outbox to its consumers."""

from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from events.models import DeadLetter, OutboxEntry
from events.outbox.consumers import Chunk, TryLater, consumer_names, consumer_of
from events.outbox.entries import append
from events.querysets import OutboxQuerySet

log = structlog.get_logger(__name__)

# An entry whose work was begun so often, and neither done nor refused, is taken for the reason
# that its worker ends each time.
MAX_ATTEMPTS = 8
# So many commits' events are consumed at once: a busy server makes hundreds a second.
MAX_ENTRIES = 100
_LONGEST_PAUSE_SECONDS = 300
_MAX_ERROR_LENGTH = 2_000


def dispatch(seconds: float) -> int:
    """Consume what is due, the oldest first, for about so many seconds; return how many entries.

    Any number of workers may do so at the same time. Raises django.db.Error when
    the database is away.
    """
    end = monotonic() + seconds
    count = 0
    while monotonic() < end and (ids := _begin()):
        count += len(ids)
        try:
            _consume(ids)
        except (OperationalError, InterfaceError) as error:
            # The database's fault and not the events': the entries come round again.
            log.warning("outbox entries are tried again", entries=len(ids), error=str(error))
    return count


@transaction.atomic
def _begin() -> list[UUID]:
    """Choose the next entries, and put them off until their work should long be done.

    They are of one consumer and workspace. This is committed before the work begins,
    so that entries whose worker dies are found again, later and later, and not by
    everybody at once.
    """
    now = timezone.now()
    due = OutboxEntry.objects.due(now, consumer_names()).select_for_update(skip_locked=True)
    first = due.first()
    if first is None:
        return []
    entries = [first]
    if not first.attempts:
        # What has failed before is tried on its own, which shows what it is that fails.
        alike = due.filter(consumer=first.consumer, workspace_id=first.workspace_id, attempts=0)
        entries += alike.exclude(id=first.id)[: MAX_ENTRIES - 1]
    attempts = first.attempts + 1
    pause = min(2 ** (attempts - 1), _LONGEST_PAUSE_SECONDS)
    ids = [entry.id for entry in entries]
    OutboxEntry.objects.filter(id__in=ids).update(
        attempts=attempts, due_at=now + timedelta(seconds=pause)
    )
    return ids


@transaction.atomic
def _consume(ids: Sequence[UUID]) -> None:
    """Do the work of entries and delete them, in one transaction."""
    chosen = OutboxEntry.objects.filter(id__in=ids)
    # Those are missing whose work took longer than their pause: another worker is or was at it.
    entries = list(chosen.select_for_update(skip_locked=True).order_by("created_at", "id"))
    if not entries:
        return
    try:
        with transaction.atomic():
            _run(entries)
    except TryLater as later:
        pause = min(timedelta(seconds=later.seconds), OutboxQuerySet.LONGEST_PAUSE)
        _put_off(entries, attempts=0, pause=pause)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("a consumer failed", consumer=entries[0].consumer, entries=len(entries))
        if len(entries) > 1:
            _put_off(entries, attempts=entries[0].attempts, pause=timedelta())
        else:
            _set_apart(entries[0], f"{type(error).__name__}: {error}")
    else:
        _delete(entries)


def _run(entries: Sequence[OutboxEntry]) -> None:
    first = entries[0]
    if first.attempts > MAX_ATTEMPTS:
        raise RuntimeError(f"The work was begun {MAX_ATTEMPTS} times and did not come to an end.")
    event_ids = [event_id for entry in entries for event_id in entry.event_ids]
    consumer_of(first.consumer)(Chunk(first.workspace_id, event_ids))


def _put_off(entries: Sequence[OutboxEntry], *, attempts: int, pause: timedelta) -> None:
    OutboxEntry.objects.filter(id__in=[entry.id for entry in entries]).update(
        attempts=attempts, due_at=timezone.now() + pause
    )


def _delete(entries: Sequence[OutboxEntry]) -> None:
    OutboxEntry.objects.filter(id__in=[entry.id for entry in entries]).delete()


def _set_apart(entry: OutboxEntry, error: str) -> None:
    """Halve an entry that cannot be consumed; of one event, make a dead letter of it."""
    ids = entry.event_ids
    middle = len(ids) // 2
    if middle:
        for half in (ids[:middle], ids[middle:]):
            append(entry.consumer, entry.workspace_id, half)
    else:
        DeadLetter.objects.create(
            workspace_id=entry.workspace_id,
            consumer=entry.consumer,
            event_id=ids[0],
            error=error.replace("\0", "\ufffd")[:_MAX_ERROR_LENGTH],
        )
    _delete([entry])
