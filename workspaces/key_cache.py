"""Usable API keys, kept in the memory of this process for seconds."""

import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from threading import Lock
from typing import NamedTuple, Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from flameup.listener import listener, notify
from workspaces.models import APIKey

CHANNEL = "flameup_api_keys"
MAX_KEYS = 10_000

# As long as news of changes come, these are seconds of no consequence; where they are lost without
# a sign, as by a pooler in between, this is how long a revoked key may still be taken.
LISTENING_SECONDS = 5.0
ALONE_SECONDS = 1.0
# The part of its lifetime after which a key is read anew, while the others go on with it.
_STALE = 0.8


class Hearing(Protocol):
    """Knows whether the news of other processes come at this moment."""

    is_listening: bool


class Reading(NamedTuple):
    """The beginning of reading a key from the database."""

    change_count: int
    began_at: float


class _Entry:
    """A key, and when it was read by the clock of the cache."""

    __slots__ = ("api_key", "is_being_read", "read_at")

    def __init__(self, api_key: APIKey, read_at: float) -> None:
        self.api_key = api_key
        self.read_at = read_at
        self.is_being_read = False


class KeyCache:
    """Usable keys by the SHA-256 of their text; refusals are never kept.

    Not by the text itself, so that no dump or traceback of a long-lived process holds
    the keys of all clients. The objects are shared between threads: read them only.
    """

    def __init__(self, hearing: Hearing, clock: Callable[[], float] = time.monotonic) -> None:
        self._hearing = hearing
        self._clock = clock
        self._entries: dict[bytes, _Entry] = {}
        self._change_count = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, token: bytes) -> APIKey | None:
        """Return the usable key of this text; None if it is not known here and now. No I/O."""
        entry = self._entries.get(sha256(token).digest())
        return None if entry is None else self._usable(entry, self._age(entry))

    def get_unless_stale(self, token: bytes) -> APIKey | None:
        """Return the key as `get` does, but let one caller go and read it anew before it is old.

        All that come at the same time would have to otherwise.
        """
        entry = self._entries.get(sha256(token).digest())
        if entry is None:
            return None
        age = self._age(entry)
        if age >= _STALE and not entry.is_being_read:
            entry.is_being_read = True
            return None
        return self._usable(entry, age)

    def _age(self, entry: _Entry) -> float:
        """Return how much of its lifetime an entry has behind it, as a fraction."""
        lifetime = LISTENING_SECONDS if self._hearing.is_listening else ALONE_SECONDS
        return (self._clock() - entry.read_at) / lifetime

    def _usable(self, entry: _Entry, age: float) -> APIKey | None:
        ends_at = entry.api_key.expires_at
        if age >= 1 or (ends_at is not None and ends_at <= timezone.now()):
            return None
        return entry.api_key

    def begin_reading(self) -> Reading:
        """Return what `put` needs to know; call it before the key is read."""
        return Reading(self._change_count, self._clock())

    def put(self, api_key: APIKey, reading: Reading) -> None:
        """Keep a usable key, the oldest giving way.

        One that was read while any key changed is not kept: it may be the old state,
        and the news of it has been heard already.
        """
        digest = bytes(api_key.digest)
        with self._lock:
            if reading.change_count != self._change_count:
                return
            self._entries.pop(digest, None)
            if len(self._entries) >= MAX_KEYS:
                del self._entries[next(iter(self._entries))]
            self._entries[digest] = _Entry(api_key, reading.began_at)

    def drop(self, workspace_id: int, key_id: UUID) -> None:
        """Forget one key."""
        with self._lock:
            self._change_count += 1
            for digest, entry in list(self._entries.items()):
                api_key = entry.api_key
                if (api_key.workspace_id, api_key.id) == (workspace_id, key_id):
                    del self._entries[digest]

    def clear(self) -> None:
        """Forget every key."""
        with self._lock:
            self._change_count += 1
            self._entries.clear()

    def drop_named(self, payload: str) -> None:
        """Forget the key that a notification names as `<workspace's number> <key's id>`."""
        workspace_id, _, key_id = payload.partition(" ")
        self.drop(int(workspace_id), UUID(key_id))


# The one of this process.
keys = KeyCache(listener)


def listen() -> None:
    """Hear of the changes that other processes make."""
    listener.subscribe(CHANNEL, keys.drop_named, keys.clear)


def announce_change(api_key: APIKey) -> None:
    """Have every process read the key anew once the caller's transaction commits.

    This process forgets it at once, for the rest of the transaction, and again at the
    commit: in between, another thread may have read the old state.
    """
    forget = partial(keys.drop, api_key.workspace_id, api_key.id)
    forget()
    transaction.on_commit(forget)
    notify(CHANNEL, f"{api_key.workspace_id} {api_key.id}")
