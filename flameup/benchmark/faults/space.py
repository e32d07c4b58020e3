"""Disks that are full, and have space again."""

import time
from contextlib import suppress

import psycopg

from flameup.benchmark.faults.load import Load
from flameup.benchmark.faults.trial import PATIENCE_SECONDS, Fault, Trial

_FULL_SECONDS = 3.0
_QUIET_SECONDS = 1.0
_FILL_LOG = "SELECT pg_logical_emit_message(false, 'faults', repeat('x', %s))"
_PIECE_OF_LOG = 8 * 1024 * 1024


def fill_data_disk(trial: Trial) -> None:
    """Leave no space for data."""
    _fill(trial, is_log=False)


def fill_log_disk(trial: Trial) -> None:
    """Leave no space for the write-ahead log, which ends PostgreSQL until there is some."""
    _fill(trial, is_log=True)


def _fill(trial: Trial, *, is_log: bool) -> None:
    disk = trial.system.disks.log if is_log else trial.system.disks.data
    recoveries, acknowledged = [], 0
    with trial.load() as load:
        for _ in range(trial.rounds):
            load.wait_for_success(PATIENCE_SECONDS)
            with disk.full():
                _use_up_what_is_kept(trial, load)
                full = time.monotonic()
                time.sleep(_FULL_SECONDS)
                freed = time.monotonic()
                acknowledged += load.statuses(full, freed)["200"]
            recoveries.append(load.wait_for_success(PATIENCE_SECONDS, freed) - freed)
    trial.expect("nothing is acknowledged while it is full", not acknowledged, acknowledged)
    trial.expect_at_most(5, max(recoveries), "with space again, acknowledging after")
    trial.expect_only({"200", "503"}, load.statuses(), "errors are 503 only")


def _use_up_what_is_kept(trial: Trial, load: Load) -> None:
    """Wait until what PostgreSQL has reserved is used, and nothing more is acknowledged."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        # Without a row to it, lest the log fills the disk of the data in the long run.
        with suppress(psycopg.Error):
            trial.system.sql(_FILL_LOG, [_PIECE_OF_LOG])
        now = time.monotonic()
        time.sleep(_QUIET_SECONDS)
        if not load.statuses(now)["200"]:
            return
    raise TimeoutError("A full disk makes no difference.")


FAULTS = [
    Fault("data_disk", "the disk of the data is full", fill_data_disk, "disks"),
    Fault("log_disk", "the disk of the write-ahead log is full", fill_log_disk, "disks"),
]
