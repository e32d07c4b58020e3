import pytest

from tests.api.calls import BATCH, TRACK, an_event, error_code, post
from tests.api.endpoints import WITH_BODY, names_in

LIMIT = 4 * 1024 * 1024
GOOD = b'{"external_id": "user_123", "event": "purchase_completed"}'


@pytest.fixture
def refusals(api_client, workspace, jane):
    """Sends a body to every endpoint that takes one; returns the different answers."""

    def send(data, content_type="application/json"):
        names = names_in(workspace)
        answers = [
            # Django's client would leave the type out of a request without a body.
            api_client.generic(
                endpoint.method,
                endpoint.path.format(**names),
                data,
                content_type,
                CONTENT_TYPE=content_type,
            )
            for endpoint in WITH_BODY
        ]
        return {(answer.status_code, error_code(answer)) for answer in answers}

    return send


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json, text/plain",
    ],
)
def test_other_media_type_is_refused(refusals, content_type):
    assert refusals(GOOD, content_type) == {(415, "unsupported_media_type")}


def test_refused_media_type_is_answered_with_the_accepted(api_client):
    answer = api_client.post(TRACK, GOOD, content_type="text/plain")
    assert "application/json" in answer.json()["message"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "Application/JSON",
    ],
)
def test_json_is_accepted_with_and_without_a_charset(api_client, content_type):
    assert api_client.post(TRACK, GOOD, content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "nonsense",
        '{"a": 1,}',
        '{"a": 1} x',
        '{"a": 1}{"a": 1}',
        "{'a': 1}",
        "{a: 1}",
        '// hello\n{"a": 1}',
        '{"a": "\n"}',
        '{"a": 01}',
        '{"a": +1}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        r'{"a": "\u12"}',
        b"\xff",
        b'{"a": "\xe9"}',
        b'{"a": "\xed\xa0\x80"}',
        '{"a": 1}'.encode("utf-16"),
        "\ufeff\ufeff{}",
    ],
)
def test_text_that_is_no_json_is_refused(refusals, text):
    assert refusals(text) == {(400, "invalid_json")}


def test_syntax_error_names_its_offset(api_client):
    assert "offset 8" in post(api_client, TRACK, '{"a": 1,}').json()["message"]


@pytest.mark.parametrize("text", ["null", '"x"', "5", "[1]", "[]", "true", "1.5"])
def test_json_that_is_no_object_is_refused(refusals, text):
    assert refusals(text) == {(400, "validation_error")}


@pytest.mark.parametrize("path", [TRACK, BATCH])
def test_byte_order_mark_is_passed_over(api_client, path):
    body = GOOD if path == TRACK else b'{"events": [' + GOOD + b"]}"
    assert post(api_client, path, b"\xef\xbb\xbf" + body).status_code == 200


@pytest.mark.parametrize("size", [LIMIT + 1, 6_000_000])
def test_body_over_4_mib_is_refused(refusals, size):
    assert refusals("{}".ljust(size)) == {(413, "payload_too_large")}


def test_refused_body_is_answered_with_the_limit(api_client):
    answer = post(api_client, BATCH, "{}".ljust(LIMIT + 1))
    assert "4,194,304" in answer.json()["message"]


def test_body_of_4_mib_is_accepted(api_client):
    body = b'{"events": [' + GOOD + b"]}"
    assert post(api_client, BATCH, body.ljust(LIMIT)).status_code == 200


@pytest.mark.parametrize(
    "text",
    ["[" * 1_100 + "]" * 1_100, "[" * 16_000 + "]" * 16_000, '{"a":' * 5_000 + "1" + "}" * 5_000],
    ids=["1,100", "16,000", "5,000 objects"],
)
def test_very_deep_body_is_refused(refusals, text):
    assert refusals(text) == {(400, "validation_error")}


def test_get_with_a_content_type_is_answered(api_client, base_url):
    for path in ("events", "people"):
        answer = api_client.get(f"{base_url}/{path}", CONTENT_TYPE="application/json")
        assert answer.status_code == 200


def test_last_of_a_repeated_key_counts(api_client, stored):
    post(api_client, TRACK, '{"external_id": "a", "event": "x", "event": "y"}')
    assert stored().event == "y"


def test_unknown_fields_are_ignored(api_client, stored):
    answer = post(api_client, TRACK, an_event(plan="pro", workspace_id="ws_other", id=[1]))
    assert (answer.status_code, stored().parameters) == (200, "{}")
