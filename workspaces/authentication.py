"""Who asks: the API key of a request."""

import hmac
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from flameup.api.errors import InvalidAPIKey, RateLimited
from flameup.api.limits import limiter
from workspaces.key_cache import keys
from workspaces.models import APIKey
from workspaces.tokens import parse_token

# So many an address may send in a window, before it hears of nothing but its limit.
WRONG_KEYS, WRONG_KEYS_SECONDS = 600, 60

_NO_DIGEST = bytes(32)


class APIKeyAuthentication(BaseAuthentication):
    """Reads `Authorization: Bearer <key>`; `request.auth` becomes the APIKey."""

    def authenticate(self, request: Request) -> tuple[Any, APIKey]:
        token = bearer_token(request)
        api_key = find_api_key(token)
        if api_key is None:
            if token:
                _count_wrong_key(request)
            raise _refusal(request)
        note_use(api_key)
        return AnonymousUser(), api_key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def bearer_token(request: Request) -> str:
    """Return what follows `Bearer `, or nothing."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def find_api_key(token: str) -> APIKey | None:
    """Return the usable key of this text, from memory or else from the database.

    What is in memory is seconds old at most; see `workspaces.key_cache`. The object
    may be shared with other requests.
    """
    # Whatever is no text of a key is no key's either.
    return keys.get(token.encode(errors="replace")) or _read_api_key(token)


def cached_api_key(token: bytes) -> APIKey | None:
    """Return the usable key of this text without any I/O.

    None means that it is not known here and now, not that there is no such key:
    `find_api_key` tells. It takes less than a microsecond.
    """
    return keys.get_unless_stale(token)


def _read_api_key(token: str) -> APIKey | None:
    """Read the usable key of this text from the database, and keep it for a while.

    A text whose checksum is wrong costs no query. The digests are compared in
    constant time, also where there is no such key.
    """
    parsed = parse_token(token)
    if parsed is None:
        return None
    reading = keys.begin_reading()
    found: APIKey | None = (
        APIKey.objects.in_workspace(parsed.workspace_id)
        .filter(public_id=parsed.public_id, mode=parsed.mode)
        .first()
    )
    digest = bytes(found.digest) if found else _NO_DIGEST
    is_right = hmac.compare_digest(digest, parsed.digest)
    if found is None or not is_right or not found.is_usable_at(timezone.now()):
        return None
    keys.put(found, reading)
    return found


def note_use(api_key: APIKey) -> None:
    """Write down that the key was used now, at most once a minute.

    The key is marked as well, because it serves further requests from memory.
    """
    now = timezone.now()
    stale = now - APIKey.LAST_USED_EVERY
    if api_key.last_used_at is None or api_key.last_used_at < stale:
        APIKey.objects.in_workspace(api_key.workspace_id).filter(
            id=api_key.id, last_used_at=api_key.last_used_at
        ).update(last_used_at=now)
        api_key.last_used_at = now


def _count_wrong_key(request: Request) -> None:
    """Raise RateLimited once an address has sent too many keys that are none.

    They are looked up all the same: whoever shares the address may have a right one.
    """
    address = request.META.get("REMOTE_ADDR", "")
    verdict = limiter().take(f"wrong:{address}", WRONG_KEYS, WRONG_KEYS_SECONDS)
    if not verdict.is_allowed:
        raise RateLimited("Too many wrong API keys came from this address.", verdict)


def _refusal(request: Request) -> InvalidAPIKey:
    # Not by the parsed query, which may itself be refused: the key comes first.
    if "api_key=" in request.META.get("QUERY_STRING", ""):
        return InvalidAPIKey(
            "Send the API key as `Authorization: Bearer <key>`, not in the address."
        )
    return InvalidAPIKey()
