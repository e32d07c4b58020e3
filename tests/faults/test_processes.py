"""Processes that are killed or told to stop, and a database that is in trouble."""

import pytest

from flameup.benchmark.faults import database, killing

NAMES = [fault.name for module in (killing, database) for fault in module.FAULTS]

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_and_nothing_doubled(name, attempt):
    attempt(name)
