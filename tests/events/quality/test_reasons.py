import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.ingest.items import Refused
from events.quality import reasons
from events.quality.reasons import reason_of, reasons_of
from flameup.api.errors import Detail
from flameup.api.payload import RepairWarning


@pytest.mark.parametrize(
    ("field", "top"),
    [
        ("event", "event"),
        ("parameters", "parameters"),
        ("parameters.a.b", "parameters"),
        ("parameters.", "parameters"),
        ("context.ip", "context"),
        ("Idempotency-Key", "Idempotency-Key"),
        ("", ""),
        ("made_up", ""),
        ("made_up.event", ""),
        (".event", ""),
        ("EVENT", ""),
    ],
)
def test_field_is_the_top_level_one_if_events_have_it(field, top):
    refused = Refused("validation_error", "bad", [Detail(field, "bad"), Detail("event", "bad")])
    assert reason_of(refused) == ("rejected", "validation_error", top)
    [reason] = reasons_of([RepairWarning(field, "truncated", "bad")])
    assert reason == ("repaired", "truncated", top)


def test_refusal_without_details_has_no_field():
    assert reason_of(Refused("payload_too_large", "bad")).field == ""


@given(st.lists(st.text(max_size=20), max_size=30))
def test_clients_make_up_no_reasons(fields):
    warnings = [RepairWarning(field, "character_replaced", "") for field in fields]
    warnings += [RepairWarning(f"parameters.{field}", "character_replaced", "") for field in fields]
    assert {reason.field for reason in reasons_of(warnings)} <= {"", *reasons._FIELDS}


def test_each_reason_counts_once():
    warnings = [
        *(RepairWarning(f"parameters.{i}", "character_replaced", "") for i in range(5)),
        RepairWarning("context.a", "character_replaced", ""),
        RepairWarning("ua", "truncated", ""),
    ]
    assert len(reasons_of(warnings)) == 3
