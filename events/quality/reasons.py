"""Why items are refused or repaired, in so few words that each reason can be counted."""

from collections.abc import Sequence
from typing import NamedTuple

from events.ingest.decode import EVENT_FIELDS, MESSAGE_ID_FIELDS, SENT_AT_FIELDS
from events.ingest.items import Refused
from events.models import QualityCount
from flameup.api.payload import RepairWarning
from people.identities import IDENTITY_FIELDS

# A client must not be able to make up reasons: whatever else it calls a field counts as none.
_FIELDS = frozenset(
    {
        *(*IDENTITY_FIELDS, *EVENT_FIELDS, *MESSAGE_ID_FIELDS, *SENT_AT_FIELDS),
        *("parameters", "properties", "timestamp", "context", "ip", "ua"),
        *("events", "Idempotency-Key"),
    }
)


class Reason(NamedTuple):
    """What became of an item, the code of the error or warning, and the top-level field or none."""

    outcome: str
    code: str
    field: str


def reason_of(refused: Refused) -> Reason:
    """Return why an item was refused: by its first detail, if it has any."""
    field = refused.details[0].field if refused.details else ""
    return Reason(QualityCount.Outcome.REJECTED.value, refused.code, _top(field))


def reasons_of(warnings: Sequence[RepairWarning]) -> list[Reason]:
    """Return why an item was repaired, each reason once."""
    outcome = QualityCount.Outcome.REPAIRED.value
    return list({Reason(outcome, warning.code, _top(warning.field)) for warning in warnings})


def _top(field: str) -> str:
    """Return the top-level field of a dotted path, if it is one that events have."""
    top = field.partition(".")[0]
    return top if top in _FIELDS else ""
