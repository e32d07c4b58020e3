import json
from decimal import Decimal

import pytest

from tests.api.calls import BATCH, TRACK, bad_fields, error_code, post


def text_with(number):
    return '{"external_id": "u", "event": "x", "parameters": {"n": %s}}' % number  # noqa: UP031


@pytest.mark.parametrize(
    "number",
    [
        "0",
        "-7",
        "99.99",
        "0.1",
        "1.10",
        "1e2",
        "1E-7",
        "-0.5e+3",
        str(2**53 + 1),
        str(2**63 - 1),
        str(2**63),
        str(-(2**63) - 1),
        str(2**64 + 1),
        "0.1234567890123456789",
        "123456789012345678901234567890.123456789",
        "9" * 300,
        "-" + "9" * 300,
        "1" * 150 + "." + "1" * 150,
        "1e299",
        "1.7976931348623157e308",
        "5e-324",
    ],
)
def test_number_is_read_back_exactly(api_client, base_url, number):
    assert post(api_client, TRACK, text_with(number)).status_code == 200
    text = api_client.get(f"{base_url}/events").content
    [event] = json.loads(text, parse_float=Decimal)["events"]
    assert event["parameters"]["n"] == Decimal(number)


def test_spelling_of_a_price_is_kept(api_client, base_url):
    post(api_client, TRACK, text_with("99.99"))
    assert b"99.99}" in api_client.get(f"{base_url}/events").content


@pytest.mark.parametrize(
    "number",
    [
        "9" * 301,
        "9" * 5_000,
        "1" * 150 + "." + "1" * 151,
        "0." + "1" * 301,
        "1e400",
        "-1e400",
        "1e-400",
        "1E999999999",
        "1E9999999999999999999",
        "1e-9999999999999999999",
    ],
)
@pytest.mark.parametrize("path", [TRACK, BATCH])
def test_number_of_over_300_digits_is_refused_naming_its_field(
    api_client, count_events, path, number
):
    text = text_with(number)
    answer = post(api_client, path, text if path == TRACK else f'{{"events": [{text}]}}')
    fields = answer.json()["results"][0]["error"]["details"] if path == BATCH else None
    assert answer.status_code == 400
    assert [fields[0]["field"]] if fields else bad_fields(answer) == ["parameters.n"]
    assert count_events() == 0


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "nan", "0x10", "1_000", "1."])
@pytest.mark.parametrize("path", [TRACK, BATCH])
def test_constant_that_is_no_json_is_refused(api_client, path, constant):
    text = text_with(constant)
    answer = post(api_client, path, text if path == TRACK else f'{{"events": [{text}]}}')
    assert (answer.status_code, error_code(answer)) == (400, "invalid_json")
