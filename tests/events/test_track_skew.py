"""Clients whose clocks are wrong, and say by `sent_at` what they show."""

import pytest

from events.models import Event
from flameup.api.ids import uuid7_moment
from flameup.api.times import parse_time
from tests.api.calls import BATCH, bad_fields, post

# The clock stands at 2024-01-15T10:30:00Z.


@pytest.mark.parametrize(
    ("sent_at", "timestamp", "moment"),
    [
        # Half an hour slow, and the event was ten minutes old when it was sent.
        ("2024-01-15T10:00:00Z", "2024-01-15T09:50:00Z", "2024-01-15T10:20:00Z"),
        ("2024-01-15T11:30:00Z", "2024-01-15T11:20:00Z", "2024-01-15T10:20:00Z"),
        ("2024-01-15T10:28:59.999999Z", "2024-01-15T10:00:00Z", "2024-01-15T10:01:00.000001Z"),
        ("2024-01-15T10:31:00.000001Z", "2024-01-15T10:00:00Z", "2024-01-15T09:58:59.999999Z"),
        ("2024-01-15T13:30:00+02:00", "2024-01-15T11:30:00", "2024-01-15T10:30:00Z"),
        # A clock that was never set, and one years ahead: neither loses the time between events.
        ("1970-01-01T00:10:00Z", "1970-01-01T00:05:00Z", "2024-01-15T10:25:00Z"),
        ("1960-01-01T00:10:00Z", "1960-01-01T00:05:00Z", "2024-01-15T10:25:00Z"),
        ("2034-01-15T10:30:00Z", "2034-01-14T10:30:00Z", "2024-01-14T10:30:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:49:59Z", "2024-01-15T10:20:00Z"),
    ],
)
def test_timestamp_is_moved_by_what_the_clock_is_wrong(
    track, stored, clock, sent_at, timestamp, moment
):
    answer = track(timestamp=timestamp, sent_at=sent_at, context={"a": 1})
    [warning] = answer.json()["warnings"]
    event = stored()
    assert (warning["field"], warning["code"]) == ("timestamp", "clock_skew")
    assert event.timestamp == parse_time(moment)
    assert parse_time(event.context.value["original_timestamp"]) == parse_time(timestamp)
    assert event.context.value["a"] == 1
    assert event.created_at == clock()
    # To the millisecond, as an id tells it.
    assert uuid7_moment(event.id) == event.timestamp.replace(
        microsecond=event.timestamp.microsecond // 1000 * 1000
    )


@pytest.mark.parametrize(
    "sent_at", ["2024-01-15T10:29:00Z", "2024-01-15T10:30:30.5Z", "2024-01-15T10:31:00Z", None]
)
def test_what_the_way_may_have_taken_is_no_skew(track, stored, clock, sent_at):
    answer = track(timestamp="2024-01-15T10:00:00Z", sent_at=sent_at)
    assert "warnings" not in answer.json()
    assert stored().timestamp == parse_time("2024-01-15T10:00:00Z")
    assert stored().context.value == {}


def test_event_without_timestamp_happened_at_receipt_whatever_the_clock(track, stored, clock):
    assert "warnings" not in track(sent_at="2034-01-15T10:30:00Z").json()
    assert (stored().timestamp, stored().context.value) == (clock(), {})


@pytest.mark.parametrize(
    ("sent_at", "timestamp"),
    [
        # Right by its own clock, and yet before 1970 or more than a day ahead.
        ("2034-01-15T10:30:00Z", "1971-01-01T00:00:00Z"),
        ("2024-01-15T09:30:00Z", "2024-01-16T09:30:00.000001Z"),
        # And where no calendar goes.
        ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_time_out_of_range_once_moved_is_that_of_receipt(track, stored, clock, sent_at, timestamp):
    [warning] = track(timestamp=timestamp, sent_at=sent_at).json()["warnings"]
    assert warning["code"] == "timestamp_out_of_range"
    assert stored().timestamp == clock()
    original = stored().context.value["original_timestamp"]
    assert parse_time(original) == parse_time(timestamp)


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        ({"sentAt": "2024-01-15T10:20:00Z"}, "2024-01-15T10:10:00Z"),
        ({"sentAt": "2024-01-15T10:20:00Z", "sent_at": None}, "2024-01-15T10:10:00Z"),
        ({"sentAt": "2024-01-15T10:20:00Z", "sent_at": "2024-01-15T10:00:00Z"},
         "2024-01-15T10:30:00Z"),
    ],
)  # fmt: skip
def test_alias_is_read_and_the_first_wins(track, stored, clock, fields, moment):
    track(timestamp="2024-01-15T10:00:00Z", **fields)
    assert stored().timestamp == parse_time(moment)


@pytest.mark.parametrize("name", ["sent_at", "sentAt"])
@pytest.mark.parametrize("value", ["now", "", 1705314600, True, [], "2024-02-30"], ids=repr)
def test_what_is_no_time_is_refused_and_named(track, count_events, name, value):
    assert bad_fields(track(timestamp="2024-01-15T10:00:00Z", **{name: value})) == [name]
    assert count_events() == 0


def test_items_of_a_batch_have_clocks_of_their_own(api_client, workspace, clock):
    events = [
        {"external_id": "u", "event": "right", "timestamp": "2024-01-15T10:00:00Z"},
        {"external_id": "u", "event": "slow", "timestamp": "2024-01-15T09:00:00Z",
         "sent_at": "2024-01-15T09:30:00Z"},
    ]  # fmt: skip
    answer = post(api_client, BATCH, {"events": events})
    assert ["warnings" in result for result in answer.json()["results"]] == [False, True]
    events = Event.objects.in_workspace(workspace.id)
    assert {event.timestamp for event in events} == {parse_time("2024-01-15T10:00:00Z")}
    assert len(events) == 2
