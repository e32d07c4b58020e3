"""What travels through ingest: an item to store, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

import msgspec

from flameup.api.errors import APIError, Detail, IdempotencyConflict, InternalError
from flameup.api.ids import uuid7
from flameup.api.payload import RepairWarning
from people.identities import Identity

FINGERPRINT_BYTES = 16


# Each item has one of its own by the time it can be seen.
_NOT_YET = UUID(int=0)


class Item(msgspec.Struct):
    """One event as it will be stored, but for its person, who is still only named.

    `parameters` and `context` are JSON texts. `message_id` deduplicates; where
    `must_match` is set, a repetition with another `fingerprint` is a conflict.
    The id is minted from `timestamp`, so that an id alone finds its row.
    """

    person: Identity
    event: str
    timestamp: datetime
    received_at: datetime
    source: str
    parameters: str = "{}"
    context: str = "{}"
    warnings: list[RepairWarning] = msgspec.field(default_factory=list)
    message_id: str | None = None
    must_match: bool = False
    fingerprint: bytes = b""
    event_id: UUID = _NOT_YET

    def __post_init__(self) -> None:
        self.event_id = uuid7(self.timestamp)

    @property
    def workspace_id(self) -> int:
        return self.person.workspace_id

    @property
    def receipt_key(self) -> tuple[int, str] | None:
        """Under what the event is known when it is sent again."""
        return None if self.message_id is None else (self.workspace_id, self.message_id)


class Stored(msgspec.Struct, frozen=True):
    """The event is on disk, now or since it was first sent."""

    event_id: UUID
    is_duplicate: bool = False
    warnings: list[RepairWarning] = msgspec.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refused:
    """The item was not stored: a code of the API's errors, and why."""

    code: str
    message: str
    details: list[Detail] = field(default_factory=list)

    def as_error(self) -> APIError:
        """Return the answer to a single event that was not stored for this reason."""
        if self.code == IdempotencyConflict.code:
            return IdempotencyConflict(self.message)
        return InternalError()


Outcome = Stored | Refused


def fingerprint(identity: str, event: str, parameters: bytes) -> bytes:
    """Return a digest that tells two events apart by person, name and parameters."""
    digest = blake2b(digest_size=FINGERPRINT_BYTES)
    for part in (identity.encode(), event.encode(), parameters):
        digest.update(len(part).to_bytes(4) + part)
    return digest.digest()
