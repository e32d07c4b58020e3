import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from events.models import Event, RejectedItem
from events.services import replay_rejected_item, replay_rejected_items
from flameup.api.errors import (
    IdempotencyConflict,
    InvalidField,
    InvalidJSON,
    NotFound,
    PayloadTooLarge,
    ValidationFailed,
)
from tests.api.calls import TRACK, an_event, post
from workspaces.audit import SYSTEM
from workspaces.models import AuditEntry, new_uuid

pytestmark = pytest.mark.django_db

GOOD = json.dumps(an_event(event="corrected"))


@pytest.fixture
def replay(workspace):
    """Replays an item of the workspace; returns the event's id."""

    def call(item, correction=None, *, where=workspace):
        return replay_rejected_item(
            workspace_id=where.id, item_id=item.id, by=SYSTEM, correction=correction
        )

    return call


def audited(workspace):
    entries = AuditEntry.objects.in_workspace(workspace.id)
    return list(entries.filter(action="rejected_item.replayed"))


def test_good_item_becomes_an_event_of_the_time_it_came(rejected, replay, stored):
    came = timezone.now() - timedelta(days=3)
    item = rejected(an_event(parameters={"a": 1.50}), at=came, source="browser")
    event_id = replay(item)
    event = stored()
    assert (event.id, event.source, event.event) == (event_id, "browser", "purchase_completed")
    assert event.timestamp == event.created_at == came
    item.refresh_from_db()
    assert item.event_id == event_id
    assert timezone.now() - item.replayed_at < timedelta(minutes=1)


def test_time_is_judged_by_when_it_came(rejected, replay, stored):
    came = datetime(2024, 1, 1, tzinfo=UTC)
    sent = {"timestamp": "2023-12-31T22:00:00Z", "sent_at": "2023-12-31T23:00:00Z"}
    replay(rejected(an_event(**sent), at=came))
    assert stored().timestamp == datetime(2023, 12, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize("correction", [GOOD, GOOD.encode(), f" {GOOD}\n"])
def test_correction_takes_the_place_of_the_item(rejected, replay, stored, correction):
    came = timezone.now() - timedelta(hours=1)
    replay(rejected(an_event(event=""), at=came), correction)
    assert (stored().event, stored().timestamp) == ("corrected", came)


def test_replay_is_audited_without_what_was_sent(rejected, replay, workspace):
    event_id = replay(rejected(an_event(event="", secret="hunter2")), GOOD)
    [entry] = audited(workspace)
    assert entry.after == {
        "event": f"evt_{event_id.hex}",
        "is_duplicate": False,
        "is_corrected": True,
    }
    assert "hunter2" not in f"{entry.before}{entry.after}{entry.target}"


def test_second_replay_returns_the_first_event(rejected, replay, stored, workspace):
    item = rejected(an_event())
    assert replay(item) == replay(item) == replay(item, GOOD) == stored().id
    assert len(audited(workspace)) == 1


BAD = {
    "no event": (an_event(event=""), InvalidField),
    "no JSON": (b"{", InvalidJSON),
    "no UTF-8": (b"\xff", InvalidJSON),
    "too deep": (b"[" * 10_000, ValidationFailed),
    "a batch": ({"events": [an_event()]}, InvalidField),
    "too large": (an_event(parameters={"a": "x" * 33_000}), PayloadTooLarge),
}


@pytest.mark.parametrize(("raw", "error"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("is_correction", [False, True])
def test_item_that_is_still_bad_changes_nothing(
    rejected, replay, workspace, count_events, raw, error, is_correction
):
    text = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    item = rejected(an_event(event="") if is_correction else text)
    with pytest.raises(error):
        replay(item, text if is_correction else None)
    item.refresh_from_db()
    assert (item.event_id, item.replayed_at) == (None, None)
    assert (count_events(), audited(workspace)) == (0, [])


def test_correction_with_a_lone_surrogate_is_refused(rejected, replay):
    with pytest.raises(InvalidJSON):
        replay(rejected(b"{"), '{"event": "\ud800"}')


def test_cut_item_needs_a_correction(rejected, replay, stored):
    # What is left of it would be an event.
    item = rejected(GOOD.encode() + b" " * 33_000)
    assert item.is_cut
    with pytest.raises(PayloadTooLarge, match="kept whole"):
        replay(item)
    replay(item, GOOD)
    assert stored().event == "corrected"


def test_item_that_the_client_sent_again_is_a_duplicate(rejected, replay, track, count_events):
    event_id = track(message_id="m").json()["event_id"]
    item = rejected(an_event(message_id="m", event="other"), at=timezone.now() - timedelta(hours=1))
    assert f"evt_{replay(item).hex}" == event_id
    assert count_events() == 1


def test_item_that_the_client_sends_again_later_is_a_duplicate(
    rejected, replay, track, count_events
):
    event_id = replay(rejected(an_event(message_id="m")))
    assert track(message_id="m").json()["event_id"] == f"evt_{event_id.hex}"
    assert count_events() == 1


def test_header_of_the_request_still_counts(rejected, replay, api_client, count_events):
    answer = post(api_client, TRACK, an_event(), headers={"idempotency-key": "k"})
    event_id = replay(rejected(an_event(), key="k"))
    assert (answer.json()["event_id"], count_events()) == (f"evt_{event_id.hex}", 1)
    with pytest.raises(IdempotencyConflict):
        replay(rejected(an_event(event="other"), key="k"))


def test_item_of_another_workspace_is_not_there(rejected, replay, other_workspace, count_events):
    item = rejected(an_event())
    with pytest.raises(RejectedItem.DoesNotExist):
        replay(item, where=other_workspace)
    assert count_events() == 0
    assert not Event.objects.in_workspace(other_workspace.id).exists()


def test_many_are_replayed_each_on_its_own(rejected, workspace, other_workspace, count_events):
    good, bad, cut = rejected(an_event()), rejected(b"{"), rejected(b" " * 40_000)
    foreign = rejected(an_event(), where=other_workspace)
    ids = [bad.id, good.id, foreign.id, cut.id, new_uuid(), good.id]
    outcomes = replay_rejected_items(workspace_id=workspace.id, item_ids=ids, by=SYSTEM)
    assert [outcome.item_id for outcome in outcomes] == ids
    assert [type(outcome.error) for outcome in outcomes] == [
        *(InvalidJSON, type(None), NotFound, PayloadTooLarge, NotFound, type(None)),
    ]
    assert outcomes[1].event_id == outcomes[5].event_id is not None
    assert count_events() == 1


def test_refused_request_can_be_corrected_and_replayed(api_client, kept, replay, workspace, stored):
    post(api_client, TRACK, an_event(timestamp="yesterday"))
    [item] = kept(workspace)
    fields = json.loads(bytes(item.raw)) | {"timestamp": "2024-01-15T10:30:00Z"}
    replay(item, json.dumps(fields))
    assert stored().timestamp == datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
    assert not RejectedItem.objects.in_workspace(workspace.id).not_replayed().exists()
