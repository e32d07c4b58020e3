"""Clients, clocks, disks, networks and a broker that are not as they should be."""

import pytest

from flameup.benchmark.faults.run import FAULTS
from tests.faults.test_processes import NAMES as OF_PROCESSES

# Faults of the same setting one after the other, for each setting takes a start.
NAMES = sorted(FAULTS.keys() - set(OF_PROCESSES), key=lambda name: (FAULTS[name].setting, name))

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_and_nothing_doubled(name, attempt):
    attempt(name)


def test_every_fault_is_tried():
    assert sorted(NAMES + OF_PROCESSES) == sorted(FAULTS)
