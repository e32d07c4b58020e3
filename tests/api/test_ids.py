from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flameup.api.ids import (
    format_event_id,
    parse_event_id,
    parse_uuid,
    to_base36,
    uuid7,
    uuid7_moment,
)
from workspaces.models import format_workspace_id, new_workspace_id, parse_workspace_id

moments = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001
    datetime(9999, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(moments)
def test_event_id_tells_its_time_to_the_millisecond(moment):
    identifier = uuid7(moment)
    assert timedelta(0) <= moment - uuid7_moment(identifier) < timedelta(milliseconds=1)
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")


@given(moments)
def test_ids_of_one_moment_differ(moment):
    assert uuid7(moment) != uuid7(moment)


@given(moments, moments)
def test_ids_are_in_the_order_of_their_milliseconds(one, other):
    if one + timedelta(milliseconds=1) <= other:
        assert uuid7(one) < uuid7(other)


def test_time_before_1970_has_no_id():
    with pytest.raises(OverflowError):
        uuid7(datetime(1969, 12, 31, tzinfo=UTC))


@given(st.uuids())
def test_any_uuid_has_a_moment_or_none(identifier):
    moment = uuid7_moment(identifier)
    assert moment is None or moment.tzinfo is UTC


@given(st.uuids())
def test_event_id_is_read_with_and_without_its_prefix(identifier):
    for text in (format_event_id(identifier), identifier.hex, str(identifier)):
        assert parse_event_id(text) == identifier


@pytest.mark.parametrize(
    "text",
    ["", "abc", "evt_", "{%s}", "urn:uuid:%s", "%s\n", " %s", "\x00", "evt_evt_%s"],
)
def test_other_spelling_is_no_id(text):
    text = text.replace("%s", "550e8400-e29b-41d4-a716-446655440000")
    assert parse_event_id(text) is None
    assert parse_uuid(text) is None


def test_canonical_uuid_is_read_in_any_case():
    text = "550E8400-e29b-41d4-a716-446655440000"
    assert parse_uuid(text) == UUID(text)


@given(st.integers(36**5, 36**12 - 1))
def test_workspace_id_is_read_back(number):
    assert parse_workspace_id(format_workspace_id(number)) == number
    assert int(to_base36(number), 36) == number


def test_new_workspace_ids_are_as_documented():
    for _ in range(100):
        text = format_workspace_id(new_workspace_id())
        assert 6 <= len(text.removeprefix("ws_")) <= 12


@pytest.mark.parametrize("text", ["ws_0abc12", "ws_abc", "abc123", "ws_ABC123", "ws_abc123\n", ""])
def test_other_text_is_no_workspace(text):
    assert parse_workspace_id(text) is None
