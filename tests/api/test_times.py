from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flameup.api import times
from flameup.api.times import format_time, parse_query_time, parse_time

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)  # noqa: DTZ001


@given(moments)
def test_formatted_time_is_read_back(moment):
    assert parse_time(format_time(moment)) == moment


@given(moments)
def test_iso_time_is_read_in_every_zone(moment):
    assert parse_time(moment.isoformat()) == moment
    assert parse_query_time(moment.isoformat().replace("+", " ")) == moment


@given(
    st.from_regex(
        r"\d{4}[-T]\d{2}[-:]\d{2}[T ]\d{2}:?\d{2}[:+.]\d{2}([.,:Z-]\d*)?Z?", fullmatch=True
    ),
    st.sampled_from([20, 24, 27]),
)
def test_usual_times_are_no_special_case(text, length):
    for candidate in (text, text[: length - 1] + "Z"):
        usual = times.parse_usual(candidate)
        assert usual is None or usual == times._from_match(times._TIME.fullmatch(candidate))


@given(st.text(max_size=40))
def test_other_text_is_a_value_error_and_nothing_else(text):
    with suppress(ValueError):
        assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [(0, "2024-01-15T10:30:00Z"), (1, "2024-01-15T10:30:00.000001Z")],
)
def test_time_is_written_in_utc_with_microseconds_where_there_are_any(microsecond, text):
    plus_two = timezone(timedelta(hours=2))
    moment = datetime(2024, 1, 15, 12, 30, 0, microsecond, plus_two)
    assert format_time(moment) == text


@pytest.mark.parametrize(
    "text",
    ["2024-01-15T10:30:00 02:00", "2024-01-15 10:30:00 02:00", "2024-01-15T10:30 0200"],
)
def test_space_in_a_query_stands_for_the_plus_of_an_offset(text):
    assert parse_query_time(text) == datetime(2024, 1, 15, 8, 30, tzinfo=UTC)


def test_space_before_the_time_of_day_stays_one():
    assert parse_query_time("2024-01-15 10:30") == datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
