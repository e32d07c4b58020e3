"""What clients sent, as it may be shown: without secrets, addresses and card numbers."""

import re
import unicodedata
from typing import Any

from flameup.api.exact_json import UnstorableNumber, dumps, loads

HIDDEN = "•••"
MAX_SHOWN = 64 * 1024

# Names are compared as words with `_` between them. Unmistakable ones are found inside of others
# (`newpassword`), short ones as words of their own alone (`pin` in `user_pin`, not in `shipping`).
_SENSITIVE = re.compile(
    r"password|passwd|passphrase|passcode|secret|token|authori[sz]ation|credential|cvv|cvc"
    r"|api_?key|private_?key|access_?key|card_?num|card_?no|credit_?card"
    r"|(?:^|_)(?:cards?|pins?|ssn|iban|pwd|pass|otp|jwt|bearer|cookies?)(?:_|$)"
)
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")

# A name and what stands between it and its value, also escaped as in JSON inside of JSON. Lengths
# are bounded, or a long run of letters would be read again from each of them.
_NAME = re.compile(r"""([^\s\\"'{}\[\](),;:=&]{1,80}+)\\*["']?\s*[:=]\s*""")
_VALUE = re.compile(
    r"""[{\[].*                                 # who knows where it ends
    |   (\\+)".*?(?:(?<!\\)\1"|\Z)
    |   "(?:[^"\\]|\\.)*+(?:"|\\?\Z)
    |   '(?:[^'\\]|\\.)*+(?:'|\\?\Z)
    |   [^\r\n]*?(?=[,;&]\s*\\*["']?[\w.-]{1,80}+\\*["']?\s*[:=]|[\r\n]|\Z)
    """,
    re.DOTALL | re.VERBOSE,
)
_PATTERNS = [
    # An API key of ours, whose public part may be told.
    (re.compile(r"(ws_(?:live|test)_[a-z0-9]{1,12}_[a-z0-9]{1,12}\.)[0-9A-Za-z]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(Bearer\s+)[^\s\"',;]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"-----BEGIN[^-]*PRIVATE KEY-----.*?(?:-----END[^-]*-----|\Z)", re.DOTALL), HIDDEN),
    # An e-mail address, whose beginning and domain may be told.
    (
        re.compile(
            r"""([^\s@"'<>(),;:=\\{}\[\]])[^\s@"'<>(),;:=\\{}\[\]]{0,100}+(@[^\s@"'<>(),;:=\\{}\[\]])"""
        ),
        rf"\1{HIDDEN}\2",
    ),
]
_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){12,}+")
# Where a text breaks off, so may a card's number.
_LAST_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){6,}+\Z")
_SHORTEST_CARD, _LONGEST_CARD = 13, 19
_LONGEST_SPELT_CARD = 2 * _LONGEST_CARD
_SHOWN_DIGITS = 4


def masked(raw: bytes) -> str:
    """Return what was sent in a form that may be shown, at most 64 Ki characters of it.

    JSON stays JSON, compact, with its structure; of anything else the text is shown.
    Whatever the bytes are, nothing is raised.
    """
    is_whole = len(raw) <= MAX_SHOWN
    text = raw[:MAX_SHOWN].decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        shown = dumps(_hide(loads(text))) if is_whole else _hide_in_broken(text)
    except (ValueError, RecursionError):
        shown = _hide_in_broken(text)
    return shown if len(shown) <= MAX_SHOWN else shown[: MAX_SHOWN - 1] + "…"


def _hide(value: Any) -> Any:
    """Return a decoded JSON value without what should not be shown."""
    if isinstance(value, dict):
        return _hide_members(value)
    if isinstance(value, list):
        return [_hide(item) for item in value]
    if isinstance(value, str):
        return _hide_in_text(value.encode("utf-8", "replace").decode())
    if isinstance(value, UnstorableNumber):
        return f"a number of {value.digits} digits"
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    hidden = _hide_in_text(text)
    return value if hidden == text else hidden


def _hide_members(members: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for key, value in members.items():
        name = _hide(key)
        while name in shown:
            # Two names that differ only in what is hidden.
            name += HIDDEN
        shown[name] = HIDDEN if value is not None and _is_sensitive(key) else _hide(value)
    return shown


def _hide_in_broken(text: str) -> str:
    """Return a text that is no JSON, perhaps because its end is missing."""
    start = max(len(text) - _LONGEST_SPELT_CARD, 0)
    return _hide_in_text(text[:start] + _LAST_DIGITS.sub(HIDDEN, text[start:]))


def _hide_in_text(text: str) -> str:
    text = _hide_named(text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return _DIGITS.sub(_hide_cards, text)


def _hide_named(text: str) -> str:
    """Hide what stands behind a sensitive name and a colon or an equals sign."""
    pieces, position = [], 0
    while name := _NAME.search(text, position):
        pieces.append(text[position : name.end()])
        position = name.end()
        value = _VALUE.match(text, position)
        if value is not None and value[0] and _is_sensitive(name[1]):
            pieces.append(HIDDEN)
            position = value.end()
    return "".join([*pieces, text[position:]])


def _is_sensitive(name: str) -> bool:
    words = _BORDER.sub("_", unicodedata.normalize("NFKC", name))
    return _SENSITIVE.search(words.lower()) is not None


def _hide_cards(match: re.Match[str]) -> str:
    """Hide all but the last digits of each card's number in a run of digits."""
    run = match[0]
    groups = [(found.start(), found.end()) for found in re.finditer("[0-9]+", run)]
    hidden, position = [], 0
    for index, (start, _) in enumerate(groups):
        end = _end_of_card(run, groups[index : index + _LONGEST_CARD]) if start >= position else 0
        if end:
            hidden += [run[position:start], HIDDEN, run[end - _SHOWN_DIGITS : end]]
            position = end
    return "".join([*hidden, run[position:]])


def _end_of_card(run: str, groups: list[tuple[int, int]]) -> int:
    """Return where a card's number ends that begins with the first group; 0 if none does."""
    digits = ""
    for start, end in groups:
        digits += run[start:end]
        if len(digits) > _LONGEST_CARD:
            break
        if len(digits) >= _SHORTEST_CARD and _has_check_digit(digits):
            return end
    return 0


def _has_check_digit(digits: str) -> bool:
    """Say whether the last digit is that of Luhn's formula (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    single = [int(digit) for digit in digits[-1::-2]]
    return (sum(single) + sum(number // 10 + number % 10 for number in doubled)) % 10 == 0
