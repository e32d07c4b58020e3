"""Disks that are full, and have space again."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from flameup.benchmark import wrk
from flameup.benchmark.faults.load import TRACK_BATCH, Load
from flameup.benchmark.faults.system import HOST
from flameup.benchmark.faults.trial import PATIENCE_SECONDS, Fault, Trial
from flameup.benchmark.payloads import write_batches

_FULL_SECONDS = 3.0
_PEOPLE = 1_000
_CONNECTIONS = 8
_BURST_SECONDS, _MOST_BURSTS = 2, 10


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
    """Write until what PostgreSQL has reserved is used, and nothing more is acknowledged."""
    with TemporaryDirectory(prefix="flameup-faults-") as folder:
        bodies = Path(folder) / "bodies"
        write_batches(bodies, _PEOPLE)
        url = f"http://{HOST}:{trial.system.port}{TRACK_BATCH}"
        pressure = wrk.Load(url, trial.system.token, bodies, _CONNECTIONS)
        for _ in range(_MOST_BURSTS):
            wrk.run(pressure, _BURST_SECONDS)
            now = time.monotonic()
            time.sleep(1)
            if not load.statuses(now)["200"]:
                return


FAULTS = [
    Fault("data_disk", "the disk of the data is full", fill_data_disk, "disks"),
    Fault("log_disk", "the disk of the write-ahead log is full", fill_log_disk, "disks"),
]
