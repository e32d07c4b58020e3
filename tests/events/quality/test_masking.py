import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.quality.masking import HIDDEN, MAX_SHOWN, masked

CARD = "4111111111111111"
KEY = "ws_live_abc12345_abc123." + "A" * 38

JSON = [
    ({"a": 1, "b": [True, None, 1.5, "x"]}, {"a": 1, "b": [True, None, 1.5, "x"]}),
    ({"password": "x"}, {"password": HIDDEN}),
    ({"userPassword": 5}, {"userPassword": HIDDEN}),
    ({"password": None}, {"password": None}),
    ("jane.doe+x@example.com", f"j{HIDDEN}@example.com"),
    ("to jane@example.com or é@é.example", f"to j{HIDDEN}@example.com or é{HIDDEN}@é.example"),
    ({"jane@example.com": 1}, {f"j{HIDDEN}@example.com": 1}),
    ({"jane@a.com": 1, "john@a.com": 2}, {f"j{HIDDEN}@a.com": 1, f"j{HIDDEN}@a.com{HIDDEN}": 2}),
    (CARD, f"{HIDDEN}1111"),
    (f"no. {CARD}.", f"no. {HIDDEN}1111."),
    ("4111 1111 1111 1111", f"{HIDDEN}1111"),
    ("4111-1111-1111-1111 12/27 123", f"{HIDDEN}1111 12/27 123"),
    ("12 4111 1111 1111 1111 99", f"12 {HIDDEN}1111 99"),
    ("378282246310005", f"{HIDDEN}0005"),
    (int(CARD), f"{HIDDEN}1111"),
    ({"n": 4111111111111112}, {"n": 4111111111111112}),
    ("4111111111111112", "4111111111111112"),
    (CARD + "0000", CARD + "0000"),
    (KEY, f"ws_live_abc12345_abc123.{HIDDEN}"),
    ({"url": f"https://x/?key={KEY}&a=1"}, {"url": f"https://x/?key=ws_live_abc12345_abc123.{HIDDEN}&a=1"}),
    ("password=hunter2&a=1", f"password={HIDDEN}&a=1"),
    ("Authorization: Bearer abc def", f"Authorization: {HIDDEN}"),
    ("sent Bearer abc.def there", f"sent Bearer {HIDDEN} there"),
    (json.dumps({"password": "hun\"ter2", "a": 1}), f'{{"password": {HIDDEN}, "a": 1}}'),
    ("\ud800", "?"),
    (int("9" * 301), "a number of 301 digits"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "shown"), JSON)
def test_json_keeps_its_structure(value, shown):
    assert json.loads(masked(json.dumps(value).encode())) == shown


SENSITIVE = [
    *("password", "userPassword", "NEW_PASSWD", "newpassword", "passphrase", "clientSecret"),
    *("access-token", "Authorization", "api_key", "apiKey", "APIKEY", "X-Api-Key", "credentials"),
    *("card", "cardNumber", "card_no", "creditCard", "cvv", "cvc2", "ssn", "IBAN", "pin"),
    *("userPIN", "PINCode", "cookie", "pwd", "\uff50assword"),
]
HARMLESS = ["shipping", "discard", "spin", "compass", "opinion", "cardinal", "author", "keys"]


@pytest.mark.parametrize("name", SENSITIVE)
def test_value_of_a_sensitive_name_is_hidden_whatever_it_is(name):
    for value in ("x", 5, True, ["a", {"b": 1}], {"a": [1]}):
        raw = json.dumps({"a": [{name: value, "b": 1}]}).encode()
        assert json.loads(masked(raw)) == {"a": [{name: HIDDEN, "b": 1}]}


@pytest.mark.parametrize("name", HARMLESS)
def test_value_of_a_harmless_name_is_shown(name):
    assert json.loads(masked(json.dumps({name: "x"}).encode())) == {name: "x"}


def test_numbers_are_shown_as_they_were_sent():
    text = '{"a":18446744073709551617,"b":0.1,"c":-1.5}'
    assert masked(text.encode()) == text


TEXT = [
    (b'{"password": "hunter2", "a', f'{{"password": {HIDDEN}, "a'),
    (b'{"a": {"password" : "hunter2 with "quote', f'{{"a": {{"password" : {HIDDEN}quote'),
    (b'{"token": "cut o', f'{{"token": {HIDDEN}'),
    (b'{"secret": {"a": "hunter2"}, "b', f'{{"secret": {HIDDEN}'),
    (b'{"secret": {\n"a": "hunter2"}, "b', f'{{"secret": {HIDDEN}'),
    (b'{"a": "{\\"pin\\": \\"1, b: 2\\", 1}', f'{{"a": "{{\\"pin\\": {HIDDEN}, 1}}'),
    (b"{'pin': '1234', x", f"{{'pin': {HIDDEN}, x"),
    (b"password=hunter2", f"password={HIDDEN}"),
    (b"user=a;password=hun,ter2;x=1", f"user=a;password={HIDDEN};x=1"),
    (b"password: hunter2\nnext", f"password: {HIDDEN}\nnext"),
    (
        b'{"a": "{\\"password\\": \\"hun\\\\\\"ter2\\", \\"b\\": 1}',
        f'{{"a": "{{\\"password\\": {HIDDEN}, \\"b\\": 1}}',
    ),
    (b'{"email": "jane@example.com', f'{{"email": "j{HIDDEN}@example.com'),
    (b'{"n": "4111 1111 1111 1111", ', f'{{"n": "{HIDDEN}1111", '),
    (b'{"n": 411111111111', f'{{"n": {HIDDEN}'),
    (KEY.encode()[:40] + b"{", f"ws_live_abc12345_abc123.{HIDDEN}{{"),
    (b"-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- x", f"{HIDDEN} x"),
    (b"\xff\xfejane@x.org", f"\ufffd{HIDDEN}@x.org"),
    (b"", ""),
    (b"just text", "just text"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "shown"), TEXT)
def test_what_is_no_json_is_masked_as_text(raw, shown):
    assert masked(raw) == shown


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_can_be_shown(raw):
    masked(raw).encode()


secrets = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=6, max_size=20
).map(lambda text: f"S3cr{text}")
names = st.sampled_from(["password", "userPassword", "API_KEY", "auth-token", "x_secret", "Card"])
plain = st.dictionaries(st.sampled_from("abc"), st.integers() | st.text('xyz "\\{[,:=', max_size=9))


@st.composite
def documents(draw):
    """Return a document with a secret somewhere in it."""
    secret, value = draw(secrets), draw(plain)
    value[draw(names)] = draw(st.sampled_from([secret, [secret], {"a": secret}]))
    for _ in range(draw(st.integers(0, 3))):
        value = draw(st.sampled_from([[1, value], {"b": value, "c": 1}, {"a": json.dumps(value)}]))
    return value


@settings(deadline=None, max_examples=300)
@given(documents(), st.booleans())
def test_secret_in_json_is_not_shown(value, is_ascii):
    shown = masked(json.dumps(value, ensure_ascii=is_ascii).encode())
    assert "S3cr" not in shown
    json.loads(shown)


@settings(deadline=None, max_examples=500)
@given(documents(), st.data())
def test_secret_in_json_that_is_cut_is_not_shown(value, data):
    text = json.dumps(value, ensure_ascii=False)
    shown = masked(text[: data.draw(st.integers(1, len(text) - 1))].encode())
    assert "S3cr" not in shown


LONG = {
    "letters": b"x" * 64_000,
    "digits": b"4" * 64_000,
    "groups": b"4 " * 32_000,
    "names": b"password=" * 7_000,
    "at": b"x@" * 32_000,
    "locals": b"x" * 60_000 + b"@",
    "quotes": b'"' * 64_000,
    "escaped": b'password:\\"' * 6_000,
    "backslashes": b"password:" + b"\\" * 60_000,
    "deep": b"[" * 64_000,
    "spaces": b"pin" + b" " * 60_000,
    "brackets": b"-----BEGIN PRIVATE KEY-----" * 2_000,
    "short pins": b"[" + b'{"pin":1},' * 6_000 + b"1]",
    "too long": b"x" * 1_000_000,
}


@pytest.mark.parametrize("raw", LONG.values(), ids=LONG)
def test_long_text_takes_no_longer_than_it_should(raw):
    began = time.perf_counter()
    assert len(masked(raw)) <= MAX_SHOWN
    assert time.perf_counter() - began < 2
