"""Every fault, on a real installation: nothing lost, nothing doubled, no ghosts.

Left out of a usual run, because it takes minutes: `pytest -n 0 -m faults`. The bounds on
times are those of an idle machine, and widened for one that is not.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from flameup.benchmark.faults.errors import Unavailable
from flameup.benchmark.faults.installations import SETTINGS
from flameup.benchmark.faults.run import FAULTS, try_fault
from flameup.benchmark.faults.system import System
from tests.database import make_data_folder

ROUNDS = int(os.environ.get("FLAMEUP_TEST_ROUNDS", "3"))
SLACK = 5.0

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def installations() -> Iterator[dict[str, System]]:
    """The one installation that runs, by its setting."""
    with ExitStack() as stack:
        yield _Installations(stack)


class _Installations(dict[str, System]):
    def __init__(self, stack: ExitStack) -> None:
        super().__init__()
        self.stack = stack

    def __missing__(self, setting: str) -> System:
        # One at a time, for they take much of the machine.
        self.stack.close()
        self.clear()
        folder = make_data_folder()
        self[setting] = self.stack.enter_context(SETTINGS[setting](folder))
        return self[setting]


@pytest.mark.parametrize("name", sorted(FAULTS, key=lambda name: FAULTS[name].setting))
def test_nothing_is_lost_and_nothing_doubled(name, installations):
    fault = FAULTS[name]
    try:
        system = installations[fault.setting]
    except Unavailable as error:
        pytest.skip(str(error))
    result = try_fault(fault, system, ROUNDS, SLACK)
    print("\n".join(result.as_lines()))  # noqa: T201 (shown by -s, and where it fails)
    assert result.is_right
