"""The quality of what is sent: every refused or repaired item is counted, and refused ones kept.

Counts are by workspace, day, key and reason. Of the refused items up to 1,000 a
workspace and day are kept as they came, for seven days, so that they can be
corrected and replayed. All of it is written a moment later and beside the
requests: a process that is killed loses the tally of its last moments, never an event.
"""

import os
from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from events.ingest.decode import Envelope
from events.ingest.items import Refused
from events.models import RejectedItem
from events.quality.reasons import Reason, reason_of, reasons_of
from events.quality.recorder import Recorder
from events.quality.tables import write
from events.quality.tally import Tally, new_item
from flameup.api.payload import RepairWarning

__all__ = ["drain", "record_refusal", "record_repairs"]

_recorder = Recorder()


def record_refusal(refused: Refused, raw: bytes, envelope: Envelope, api_key_id: UUID) -> None:
    """Count an item that was refused, and keep it. `raw` is its JSON as it came.

    It returns at once, without any I/O. Inside a transaction of the caller's it is a
    part of that, as ingest.submit is.
    """
    reason = reason_of(refused)
    item = new_item(reason, refused.message, raw, envelope, api_key_id)
    _record(envelope, api_key_id, [reason], item)


def record_repairs(warnings: Sequence[RepairWarning], envelope: Envelope, api_key_id: UUID) -> None:
    """Count an item that was stored with these warnings, once for each reason among them.

    As `record_refusal` does.
    """
    _record(envelope, api_key_id, reasons_of(warnings))


def drain(seconds: float) -> bool:
    """Write what waits, and take nothing more; say whether all was written."""
    return _recorder.drain(seconds)


def _record(
    envelope: Envelope,
    api_key_id: UUID,
    reasons: Sequence[Reason],
    item: RejectedItem | None = None,
) -> None:
    tally = Tally()
    tally.count(envelope.workspace_id, api_key_id, envelope.received_at, reasons)
    if item is not None:
        tally.items.append(item)
    if connection.in_atomic_block:
        write(tally, connection)
    else:
        _recorder.record(tally)


def _start_anew() -> None:
    """Give a forked process a recorder of its own: threads are not forked."""
    global _recorder  # noqa: PLW0603 (one for each process)
    _recorder = Recorder()


os.register_at_fork(after_in_child=_start_anew)
