import pytest

from tests.api.calls import TRACK, bad_fields, post

NAMES = ["external_id", "user_id", "userId", "event", "event_name"]


def body_with(name, value):
    """Return a body in which this name is the only one for its field."""
    other = {"event": "x"} if name in NAMES[:3] else {"external_id": "u"}
    return {**other, name: value}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "   ",
        "\t\n",
        "\u3000",
        "\u200b\u200f",
        "x" * 256,
        "x" * 10_000,
        "a\x00b",
        "a\tb",
        "a\r\nb",
        "a\x1b[31m",
        "a\x7fb",
        "a\x85b",
        "\x00",
        "\ud800",
        "x\udc00y",
        True,
        False,
        1.0,
        1.5,
        [],
        ["a"],
        {},
        {"a": 1},
    ],
    ids=repr,
)
def test_bad_name_is_refused_naming_the_field(api_client, count_events, value):
    for name in NAMES:
        assert bad_fields(post(api_client, TRACK, body_with(name, value))) == [name]
    assert count_events() == 0


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("  a b  ", "a b"),
        ("\u00a0a\u3000\n", "a"),
        ("x" * 255, "x" * 255),
        (" " + "x" * 255 + " ", "x" * 255),
        ("😀" * 255, "😀" * 255),
        ("Signed Up!", "Signed Up!"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("{{7*7}}", "{{7*7}}"),
        ("=1+1", "=1+1"),
        ("a\u200bb", "a\u200bb"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("\ud83d\ude00", "😀"),
        ("a\\b'c\"d", "a\\b'c\"d"),
        ("\\N", "\\N"),
    ],
)
def test_name_is_trimmed_and_else_stored_as_sent(api_client, base_url, value, kept):
    answer = post(api_client, TRACK, {"external_id": value, "event": value})
    assert answer.status_code == 200
    [event] = api_client.get(f"{base_url}/events").json()["events"]
    assert (event["external_id"], event["event"]) == (kept, kept)


@pytest.mark.parametrize("number", [0, 5, -5, 2**53 + 1, 2**63, int("9" * 255)])
def test_whole_number_is_kept_as_its_digits(track, stored, number):
    assert track(external_id=number).status_code == 200
    assert stored().person.external_id == str(number)


@pytest.mark.parametrize("number", [int("9" * 256), int("9" * 301)])
def test_number_of_over_255_digits_is_no_id(track, number):
    assert bad_fields(track(external_id=number)) == ["external_id"]


def test_number_is_no_name_of_an_event(track):
    assert bad_fields(track(event=5)) == ["event"]


def test_first_alias_is_checked_also_when_a_later_one_is_good(track):
    assert bad_fields(track(external_id="", user_id="good")) == ["external_id"]
