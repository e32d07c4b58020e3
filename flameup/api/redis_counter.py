"""Counts requests in Redis, for all processes of an installation."""

import time

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 0.1
# As long as it stays unasked after it failed.
AWAY_SECONDS = 1.0
LOG_EVERY_SECONDS = 60.0
_PREFIX = "flameup:limit:"


class RedisCounter:
    """A `Counter` in Redis: one number per name, that only grows.

    One INCRBY is all that must be atomic: what it returns tells which requests of the
    window these are. So no script is needed, and any Redis will do.
    """

    def __init__(self, url: str) -> None:
        # Without retries, and with the old protocol, which needs no greeting: whoever asks waits.
        self._redis = Redis.from_url(
            url,
            protocol=2,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._has_failed = False
        self._away_until = 0.0
        self._silent_until = 0.0

    def is_away(self) -> bool:
        """Say whether it failed within the last second."""
        return time.monotonic() < self._away_until

    def lease(self, name: str, count: int, limit: int, seconds: int) -> int | None:
        """Count up to `count` requests; return how many are within the limit, None if it fails."""
        if self._has_failed:
            # Until this one has come back with an answer, the others need not wait for one.
            self._away_until = time.monotonic() + AWAY_SECONDS
        try:
            total = self._add(_PREFIX + name, count, seconds)
        except Exception as error:  # noqa: BLE001 (no client shall suffer from it)
            self._note_failure(error)
            return None
        self._has_failed, self._away_until = False, 0.0
        return min(count, max(0, limit - (total - count)))

    def _add(self, key: str, count: int, seconds: int) -> int:
        with self._redis.pipeline(transaction=True) as both:
            both.incrby(key, count)
            both.expire(key, seconds)
            return int(both.execute()[0])

    def _note_failure(self, error: Exception) -> None:
        now = time.monotonic()
        self._has_failed, self._away_until = True, now + AWAY_SECONDS
        if now >= self._silent_until:
            self._silent_until = now + LOG_EVERY_SECONDS
            log.error("Redis fails, so nothing is limited", error=str(error))
