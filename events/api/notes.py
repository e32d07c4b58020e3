"""What is noted of each request to track events, by either way: what was refused or repaired.

Left out are test keys, which store nothing, and requests that failed for reasons that are
not in their items: 401, 403, 415, 429, 503 and the like.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus

import msgspec

from events import quality
from events.ingest.decode import Envelope
from events.ingest.items import Outcome, Refused
from flameup.api.access import Access
from flameup.api.errors import APIError

_FAULTS_OF_ITEMS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    # An item that breaks our own code must be found again.
    HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Received(msgspec.Struct):
    """A request as its items came: the key, what they share, and the text of each.

    `raws` is called only where an item was refused.
    """

    access: Access
    envelope: Envelope
    raws: Callable[[], Sequence[bytes]]
    is_batch: bool = False


def note_outcomes(outcomes: Sequence[Outcome], received: Received) -> None:
    """Note what became of each item; a good one costs a look."""
    noted = [
        (index, outcome)
        for index, outcome in enumerate(outcomes)
        if isinstance(outcome, Refused) or outcome.warnings
    ]
    if noted and not received.access.is_test:
        _note(noted, received)


def _note(noted: Sequence[tuple[int, Outcome]], received: Received) -> None:
    envelope, api_key_id = received.envelope, received.access.id
    raws: Sequence[bytes] = ()
    for index, outcome in noted:
        if isinstance(outcome, Refused):
            raws = raws or received.raws()
            own = envelope.of_item(index) if received.is_batch else envelope
            quality.record_refusal(outcome, raws[index], own, api_key_id)
        elif not outcome.is_duplicate:
            quality.record_repairs(outcome.warnings, envelope, api_key_id)


def note_refusal(error: APIError, received: Received) -> None:
    """Note a request that was refused as a whole, which counts as one item."""
    access = received.access
    if not access.is_test and error.status_code in _FAULTS_OF_ITEMS:
        refused = Refused(error.code, error.message, error.details)
        [raw] = received.raws()
        quality.record_refusal(refused, raw, received.envelope, access.id)
