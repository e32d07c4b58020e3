from tests.api.fixtures import (
    cheap_passwords,
    clock,
    count_events,
    limiter,
    seconds,
    stored,
    track,
)

__all__ = ["cheap_passwords", "clock", "count_events", "limiter", "seconds", "stored", "track"]
