"""Disks that are full, and have space again."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from flameup.benchmark import wrk
from flameup.benchmark.faults.load import TRACK_BATCH
from flameup.benchmark.faults.system import HOST
from flameup.benchmark.faults.trial import PATIENCE_SECONDS, Fault, Trial
from flameup.benchmark.payloads import write_batches

_FULL_SECONDS = 3.0
_PEOPLE = 1_000
_CONNECTIONS = 8
_BURST_SECONDS = 3


def fill_data_disk(trial: Trial) -> None:
    """Leave no space for data."""
    _fill(trial, is_log=False)


def fill_log_disk(trial: Trial) -> None:
    """Leave no space for the write-ahead log, which ends PostgreSQL until there is some."""
    _fill(trial, is_log=True)


def _fill(trial: Trial, *, is_log: bool) -> None:
    disk = trial.system.disks.log if is_log else trial.system.disks.data
    recoveries, were_refused = [], []
    with trial.load() as load:
        for _ in range(trial.rounds):
            load.wait_for_success(PATIENCE_SECONDS)
            with disk.full():
                filled = time.monotonic()
                _use_up_what_is_kept(trial)
                time.sleep(_FULL_SECONDS)
                freed = time.monotonic()
            recoveries.append(load.wait_for_success(PATIENCE_SECONDS, freed) - freed)
            were_refused.append(load.statuses(filled, freed)["503"] > 0)
    trial.expect("it was noticed each time", all(were_refused), were_refused)
    trial.expect_at_most(5, max(recoveries), "acknowledging again after there is space:")
    trial.expect_only({"200", "503"}, load.statuses(), "errors are 503 only")


def _use_up_what_is_kept(trial: Trial) -> None:
    """Write until what PostgreSQL had reserved is used."""
    with TemporaryDirectory(prefix="flameup-faults-") as folder:
        bodies = Path(folder) / "bodies"
        write_batches(bodies, _PEOPLE)
        url = f"http://{HOST}:{trial.system.port}{TRACK_BATCH}"
        wrk.run(wrk.Load(url, trial.system.token, bodies, _CONNECTIONS), _BURST_SECONDS)


FAULTS = [
    Fault("data_disk", "the disk of the data is full", fill_data_disk, "disks"),
    Fault("log_disk", "the disk of the write-ahead log is full", fill_log_disk, "disks"),
]
