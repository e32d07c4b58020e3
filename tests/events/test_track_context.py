import pytest

from tests.api.calls import bad_fields


@pytest.mark.parametrize(
    ("fields", "context"),
    [
        ({"context": {"page": {"url": "/"}}}, {"page": {"url": "/"}}),
        ({"ip": "203.0.113.5", "ua": "curl/8"}, {"ip": "203.0.113.5", "user_agent": "curl/8"}),
        ({"context": {"ip": "203.0.113.5"}}, {"ip": "203.0.113.5"}),
        ({"ip": "2001:db8::1"}, {"ip": "2001:db8::1"}),
        ({"context": {"a": 1}, "ip": "203.0.113.5"}, {"a": 1, "ip": "203.0.113.5"}),
        ({"context": {"ip": None}, "ip": "203.0.113.5"}, {"ip": "203.0.113.5"}),
        ({"ip": " 203.0.113.5 "}, {"ip": "203.0.113.5"}),
    ],
)
def test_context_is_kept_with_address_and_agent(track, stored, fields, context):
    answer = track(**fields)
    assert (answer.status_code, "warnings" in answer.json()) == (200, False)
    assert stored().context.value == context


@pytest.mark.parametrize("value", ["", "localhost", "1.2.3", "1.2.3.4.5", "300.1.1.1", 5, [], {}])
def test_ip_that_is_no_address_is_refused(track, value):
    assert bad_fields(track(ip=value)) == ["ip"]
    assert bad_fields(track(context={"ip": value})) == ["context.ip"]


@pytest.mark.parametrize("value", ["127.0.0.1\x00", "\ud800", "1.2.3.4/8", "1.2.3.4:80"])
def test_ip_with_something_beside_it_is_refused(track, value):
    assert bad_fields(track(ip=value)) == ["ip"]


@pytest.mark.parametrize("ua", ["x" * 1025, "x" * 30_000, "€" * 1024])
def test_long_agent_is_cut_to_1_kib_with_a_warning(track, stored, ua):
    answer = track(ua=ua)
    [warning] = answer.json()["warnings"]
    kept = stored().context.value["user_agent"]
    assert warning["field"] == "ua"
    assert ua.startswith(kept)
    assert 1021 < len(kept.encode()) <= 1024


def test_agent_of_1_kib_is_kept(track, stored):
    assert "warnings" not in track(ua="x" * 1024).json()
    assert stored().context.value["user_agent"] == "x" * 1024


def test_unstorable_characters_of_an_agent_are_replaced(track, stored):
    assert track(ua="a\x00\ud800b").json()["warnings"]
    assert stored().context.value == {"user_agent": "a\ufffd\ufffdb"}


@pytest.mark.parametrize("value", [5, [], {}, True])
def test_agent_that_is_no_text_is_refused(track, value):
    assert bad_fields(track(ua=value)) == ["ua"]
