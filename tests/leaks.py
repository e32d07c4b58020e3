"""Searches what a test run leaves behind for the secrets of the API keys it made.

No secret may be in a table, a log, an audit entry or a page but the one that
shows it. What was rolled back or deleted counts too: the write-ahead log has it.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from workspaces import services
from workspaces.tokens import CHECKSUM_LENGTH, SECRET_LENGTH, Token

_LENGTH = SECRET_LENGTH + CHECKSUM_LENGTH
_RUN = re.compile(rb"[0-9A-Za-z]{%d,}" % _LENGTH)

_secrets: set[bytes] = set()
_found: list[str] = []


class LogWatcher(logging.Handler):
    """Looks for secrets in every record that is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record).encode(errors="replace")
        _found.extend(f"the log: {secret}" for secret in secrets_in(text))


def remember_keys() -> None:
    """Note the secret of every key that is made from now on, and watch the log for it."""
    make = services.new_token

    def make_and_note(mode: str, workspace: str) -> Token:
        token = make(mode, workspace)
        _secrets.add(token.text.partition(".")[2].encode())
        return token

    services.new_token = make_and_note
    logging.getLogger().addHandler(LogWatcher(logging.DEBUG))


def search(folder: Path) -> list[str]:
    """Return where secrets were found up to now: in logs, and in the files below the folder."""
    for file in folder.rglob("*"):
        if file.is_file():
            _found.extend(f"{file.name}: {secret}" for secret in secrets_in(file.read_bytes()))
    return _found


def note(found: Iterable[str]) -> None:
    """Add what another process has found."""
    _found.extend(found)


def secrets_in(data: bytes) -> Iterator[str]:
    """Yield the secrets that are in the data, also beside other letters and digits."""
    for run in _RUN.finditer(data):
        text = run[0]
        for start in range(len(text) - _LENGTH + 1):
            if text[start : start + _LENGTH] in _secrets:
                yield text[start : start + _LENGTH].decode()
