import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.ingest.decode import Envelope, decode_item
from events.ingest.items import Stored
from events.ingest.store import store
from events.models import Event
from flameup.api.body import parse_json
from flameup.api.errors import APIError, InvalidField

MOMENT = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)

# Lone surrogates and NUL among them, as browsers send them.
text = st.text(st.characters(exclude_categories=()), max_size=20)
number = st.one_of(
    st.integers(), st.integers(10**290, 10**302), st.floats(allow_nan=False, allow_infinity=False)
)
value = st.recursive(
    st.none() | st.booleans() | number | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
moment = st.one_of(
    text, st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat), st.integers()
)
name = text | st.integers() | st.emails() | st.uuids().map(str)
good = st.fixed_dictionaries(
    {"external_id": name, "event": text},
    optional={
        "parameters": st.dictionaries(text, value, max_size=3),
        "properties": st.dictionaries(text, value, max_size=3),
        "context": st.dictionaries(text | st.sampled_from(["ip", "user_agent"]), value, max_size=3),
        "timestamp": moment,
        "message_id": text,
        "ip": st.ip_addresses().map(str) | text,
        "ua": text,
    },
)
fields = [
    "external_id", "user_id", "userId", "event", "event_name", "parameters", "properties",
    "timestamp", "message_id", "messageId", "context", "ip", "ua",
]  # fmt: skip
anything = st.dictionaries(st.sampled_from(fields) | text, value, max_size=8) | value


def decode(document, workspace_id):
    """Return the item that this JSON text describes; None if it is refused as it should be."""
    try:
        return decode_item(parse_json(document), Envelope(workspace_id, MOMENT, "api"))
    except (InvalidField, APIError):
        return None


@settings(deadline=None, max_examples=300)
@given(anything)
def test_bad_field_is_the_only_error(body):
    decode(json.dumps(body), 1)


@pytest.mark.django_db
@settings(
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(good)
def test_what_is_let_through_can_be_stored(workspace, body):
    item = decode(json.dumps(body), workspace.id)
    if item is None:
        return
    [outcome] = store([item], connection)
    assert isinstance(outcome, Stored)
    if not outcome.is_duplicate:
        event = Event.objects.in_workspace(workspace.id).with_id(item.event_id).get()
        assert event.event == item.event
