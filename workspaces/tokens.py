"""The text of an API key: `ws_live_<8>_<workspace>.<32 random><6 checksum>`."""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass

PUBLIC_LENGTH = 8
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PUBLIC_ALPHABET = string.ascii_lowercase + string.digits
_PUBLIC_PART = re.compile(
    r"ws_(?P<mode>live|test)_(?P<public_id>[a-z0-9]{8})_(?P<workspace>[a-z0-9]{6,12})", re.ASCII
)
_TOKEN = re.compile(
    _PUBLIC_PART.pattern + r"\.(?P<secret>[0-9A-Za-z]{32})(?P<checksum>[0-9A-Za-z]{6})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Token:
    """A well-formed key taken apart; nothing is said yet of whether it exists."""

    text: str
    mode: str
    public_id: str
    workspace_id: int

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the whole key, which is all that is ever stored of its secret.

        A fast hash is enough for 190 random bits: there is no dictionary to try.
        """
        return hashlib.sha256(self.text.encode()).digest()


def new_token(mode: str, workspace: str) -> Token:
    """Make a key for the workspace whose id is `ws_<workspace>`."""
    public_id = _random(_PUBLIC_ALPHABET, PUBLIC_LENGTH)
    body = f"ws_{mode}_{public_id}_{workspace}.{_random(_BASE62, SECRET_LENGTH)}"
    return Token(body + checksum(body), mode, public_id, int(workspace, 36))


def parse_token(text: str) -> Token | None:
    """Return the parts of a key; None if it is malformed or its checksum is wrong."""
    match = _TOKEN.fullmatch(text)
    if match is None or checksum(text[:-CHECKSUM_LENGTH]) != match["checksum"]:
        return None
    return Token(text, match["mode"], match["public_id"], int(match["workspace"], 36))


def parse_public_part(text: str) -> tuple[str, int] | None:
    """Return public id and workspace of `ws_live_<8>_<workspace>`, a secret behind it unread."""
    match = _PUBLIC_PART.fullmatch(text.partition(".")[0])
    return (match["public_id"], int(match["workspace"], 36)) if match else None


def checksum(body: str) -> str:
    """Return the CRC-32 of the text in six base62 digits."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
