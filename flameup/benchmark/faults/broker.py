"""A broker that refuses, swallows or delays everything."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from flameup.benchmark.faults.load import Load
from flameup.benchmark.faults.relay import Relay
from flameup.benchmark.faults.trial import PATIENCE_SECONDS, Fault, Trial

_SECONDS_OF_A_ROUND = 2.0
_DELAY_SECONDS = 0.5
# Of so many requests the slowest hundredth tells something.
_P99 = 0.99


def lose_broker(trial: Trial) -> None:
    """Have the broker refuse, then swallow, then delay what it is sent."""
    relay = trial.system.relay
    seconds = trial.rounds * _SECONDS_OF_A_ROUND
    with trial.load() as load:
        load.wait_for_success(PATIENCE_SECONDS)
        usual = _p99(load, seconds)
        for what, break_it in (
            ("refused", _refusing),
            ("black-holed", _silent),
            ("slow", _slow),
        ):
            with break_it(relay):
                measured = _p99(load, seconds)
            trial.expect_at_most(2, measured / usual, f"{what}: p99 ÷ usual p99", unit="times")
    trial.expect_only({"200"}, load.statuses(), "ingest does not notice")


def _p99(load: Load, seconds: float) -> float:
    began = time.monotonic()
    time.sleep(seconds)
    return load.latency(_P99, since=began)


@contextmanager
def _refusing(relay: Relay) -> Iterator[None]:
    relay.is_refusing = True
    yield
    relay.is_refusing = False


@contextmanager
def _silent(relay: Relay) -> Iterator[None]:
    relay.is_silent = True
    yield
    relay.is_silent = False


@contextmanager
def _slow(relay: Relay) -> Iterator[None]:
    relay.delay = _DELAY_SECONDS
    yield
    relay.delay = 0.0


FAULTS = [Fault("broker", "a broker that refuses, swallows, delays", lose_broker, "redis")]
