"""Every fault, on a real installation: nothing lost, nothing doubled, no ghosts.

Left out of a usual run, because it takes minutes: `pytest -n 2 -m faults tests/faults`. The
bounds on times are those of an idle machine, and widened for one that is not.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from flameup.benchmark.faults.errors import Unavailable
from flameup.benchmark.faults.installations import SETTINGS
from flameup.benchmark.faults.run import FAULTS, try_fault
from flameup.benchmark.faults.system import System
from tests.database import make_data_folder

ROUNDS = int(os.environ.get("FLAMEUP_TEST_ROUNDS", "3"))
SLACK = 5.0


@pytest.fixture(scope="module")
def attempt() -> Iterator[Callable[[str], None]]:
    """Tries a fault, by its name, on the installation that runs, or on one of its setting."""
    with ExitStack() as stack:
        running: dict[str, System] = {}

        def run(name: str) -> None:
            fault = FAULTS[name]
            if fault.setting not in running:
                # One at a time, for they take much of the machine.
                stack.close()
                running.clear()
                try:
                    setting = SETTINGS[fault.setting](make_data_folder())
                    running[fault.setting] = stack.enter_context(setting)
                except Unavailable as error:
                    pytest.skip(str(error))
            result = try_fault(fault, running[fault.setting], ROUNDS, SLACK)
            print("\n".join(result.as_lines()))  # noqa: T201 (shown by -s, and where it fails)
            assert result.is_right

        yield run
