import pytest

from flameup.api.ids import uuid7_moment
from flameup.api.times import format_time, parse_time
from tests.api.calls import TRACK, bad_fields, post

# The clock stands at 2024-01-15T10:30:00Z.
OUT_OF_RANGE = [
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00+00:01",
    "0001-01-01T00:00:00Z",
    "1900-02-28",
    "2024-01-16T10:30:00.000001Z",
    "2034-01-15T10:30:00Z",
    "9999-12-31T23:59:59.999999Z",
]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-15T10:00:00Z", "2024-01-15T10:00:00Z"),
        ("2024-01-15T10:00:00z", "2024-01-15T10:00:00Z"),
        ("2024-01-15t10:00:00Z", "2024-01-15T10:00:00Z"),
        ("2024-01-15 10:00:00Z", "2024-01-15T10:00:00Z"),
        ("2024-01-15T10:00:00", "2024-01-15T10:00:00Z"),
        ("2024-01-15T10:00", "2024-01-15T10:00:00Z"),
        ("2024-01-15", "2024-01-15T00:00:00Z"),
        ("2024-01-15T10:00:00+02:00", "2024-01-15T08:00:00Z"),
        ("2024-01-15T10:00:00-0530", "2024-01-15T15:30:00Z"),
        ("2024-01-15T10:00:00+14", "2024-01-14T20:00:00Z"),
        ("2024-01-15T10:00:00-00:00", "2024-01-15T10:00:00Z"),
        ("2024-01-15T10:00:00.1Z", "2024-01-15T10:00:00.100000Z"),
        ("2024-01-15T10:00:00.12Z", "2024-01-15T10:00:00.120000Z"),
        ("2024-01-15T10:00:00.123Z", "2024-01-15T10:00:00.123000Z"),
        ("2024-01-15T10:00:00.1234Z", "2024-01-15T10:00:00.123400Z"),
        ("2024-01-15T10:00:00.12345Z", "2024-01-15T10:00:00.123450Z"),
        ("2024-01-15T10:00:00.123456Z", "2024-01-15T10:00:00.123456Z"),
        ("2024-01-15T10:00:00.1234567Z", "2024-01-15T10:00:00.123456Z"),
        ("2024-01-15T10:00:00.12345678Z", "2024-01-15T10:00:00.123456Z"),
        ("2024-01-15T10:00:00.123456789Z", "2024-01-15T10:00:00.123456Z"),
        ("2024-01-15T10:00:00.000000Z", "2024-01-15T10:00:00Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("2020-02-29", "2020-02-29T00:00:00Z"),
        ("2024-01-16T10:30:00Z", "2024-01-16T10:30:00Z"),
        (None, "2024-01-15T10:30:00Z"),
    ],
)
def test_time_is_read_and_written_in_utc(api_client, base_url, track, clock, text, moment):
    answer = track(timestamp=text)
    assert (answer.status_code, "warnings" in answer.json()) == (200, False)
    [event] = api_client.get(f"{base_url}/events").json()["events"]
    assert event["timestamp"] == moment


@pytest.mark.parametrize("text", OUT_OF_RANGE)
def test_time_out_of_range_is_replaced_by_that_of_receipt(track, stored, clock, text):
    answer = track(timestamp=text, context={"a": 1})
    [warning] = answer.json()["warnings"]
    event = stored()
    assert (answer.status_code, warning["field"]) == (200, "timestamp")
    assert set(warning) == {"field", "code", "message"}
    assert event.timestamp == clock()
    assert event.context.value["a"] == 1
    assert parse_time(event.context.value["original_timestamp"]) == parse_time(text)
    assert uuid7_moment(event.id) == clock()


def test_original_time_is_kept_to_the_microsecond(track, stored, clock):
    track(timestamp="2034-01-15T12:30:00.123456+02:00")
    assert stored().context.value == {"original_timestamp": "2034-01-15T10:30:00.123456Z"}


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "now",
        "yesterday",
        "2024",
        "2024-01",
        "15/01/2024",
        "2024-1-5",
        "2024-02-30",
        "2023-02-29",
        "2024-13-01",
        "2024-01-15T25:00:00Z",
        "2024-01-15T10:60:00Z",
        "2024-01-15T10:00:61Z",
        "2024-01-15T10:00:00.Z",
        "2024-01-15T10:00:00.1234567890Z",
        "2024-01-15T10:00:00+25:00",
        "2024-01-15T10:00:00+02:60",
        "2024-01-15T10:00:00 CET",
        "2024-W03-1",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "\uff12\uff10\uff12\uff14-01-15",
        "2024-01-15T10:00:00Z\x00",
        "\ud800",
        True,
        False,
        [],
        {},
        ["2024-01-15"],
    ],
    ids=repr,
)  # fmt: skip
def test_value_that_is_no_time_is_refused(track, count_events, value):
    assert bad_fields(track(timestamp=value)) == ["timestamp"]
    assert count_events() == 0


@pytest.mark.parametrize(
    "number",
    ["0", "1705314600", "-1", "1705314600000", "1705314600.5", "1705314600.123456789012", "1e9",
     "1.7053146e12", '"1705314600"', '"1705314600000"', '"1705314600.5"', "9" * 400],
)  # fmt: skip
def test_epoch_number_is_refused_with_a_hint(api_client, number):
    text = '{"external_id": "u", "event": "x", "timestamp": %s}' % number  # noqa: UP031
    answer = post(api_client, TRACK, text)
    assert bad_fields(answer) == ["timestamp"]
    assert "RFC 3339" in answer.json()["message"]


@pytest.mark.parametrize("number", [1705314600, 1705314600000, "1705314600"])
def test_hint_says_that_epoch_numbers_are_not_accepted(track, number):
    assert "epoch" in track(timestamp=number).json()["message"].lower()


def test_time_of_receipt_is_written_with_microseconds(track, api_client, base_url, clock):
    clock.advance(microseconds=7)
    track()
    [event] = api_client.get(f"{base_url}/events").json()["events"]
    assert event["created_at"] == event["timestamp"] == format_time(clock())
    assert event["created_at"] == "2024-01-15T10:30:00.000007Z"
