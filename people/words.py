"""The words by which a person is found: the beginnings of names, e-mail parts and ids."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

NAME_TRAITS = ("name", "first_name", "last_name", "full_name", "username", "company")
MAX_WORD_LENGTH = 100
MAX_WORDS = 64

_SPACE = re.compile(r"\s+")
_PUNCTUATION = re.compile(r"[\W_]+")
_UNSEARCHABLE = re.compile("[\x00\ud800-\udfff]")


def person_words(
    person_id: object, external_ids: Iterable[str], traits: Mapping[str, Any]
) -> list[str]:
    """Return the distinct words a person is found by, in lower case.

    Each text counts whole (up to its spaces) and by its parts: `ann-lee@x.io` is
    found by `ann-lee@x`, by `lee` and by `io`.
    """
    names = [traits.get(name) for name in (*NAME_TRAITS, "email")]
    texts = [str(person_id), *external_ids, *(name for name in names if isinstance(name, str))]
    words = dict.fromkeys(word for text in texts for word in _words(text))
    return list(words)[:MAX_WORDS]


def query_words(text: str) -> list[str]:
    """Return the words to look for, at most ten."""
    return [word[:MAX_WORD_LENGTH] for word in _SPACE.split(_clean(text)) if word][:10]


def tsquery(words: list[str]) -> str:
    """Return the full-text query: every word begins some word (PostgreSQL 8.11.2)."""
    return " & ".join(f"{_quote(word)}:*" for word in words)


def _words(text: str) -> Iterator[str]:
    for whole in _SPACE.split(_clean(text)):
        for word in (whole, *_PUNCTUATION.split(whole)):
            if word:
                yield word[:MAX_WORD_LENGTH]


def _clean(text: str) -> str:
    return _UNSEARCHABLE.sub("\ufffd", text).lower()


def _quote(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
