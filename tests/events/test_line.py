"""The line of jobs in front of the writer."""

from types import SimpleNamespace

import pytest

from events.ingest.jobs import Job, Line
from tests.factories import make_item

BUSY, CALM, OTHER = (SimpleNamespace(id=number) for number in (1, 2, 3))


def a_job(workspace, items=1):
    return Job([make_item(workspace) for _ in range(items)], answer=print)


def line_of(*jobs):
    line = Line()
    for job in jobs:
        line.add(job)
    return line


def test_workspaces_take_turns():
    line = line_of(*[a_job(BUSY) for _ in range(5)], a_job(CALM), a_job(OTHER), a_job(CALM))
    order = [job.workspace_id for job in line.take(100)]
    assert order == [1, 2, 3, 1, 2, 1, 1, 1]


def test_jobs_of_a_workspace_keep_their_order():
    jobs = [a_job(BUSY) for _ in range(5)]
    line = line_of(*jobs)
    assert line.take(2) + line.take(100) == jobs
    assert not line


def test_turns_go_on_where_the_last_group_ended():
    line = line_of(a_job(BUSY), a_job(BUSY), a_job(CALM), a_job(CALM))
    assert [job.workspace_id for job in line.take(1)] == [1]
    assert [job.workspace_id for job in line.take(1)] == [2]


@pytest.mark.parametrize(("most", "taken"), [(1, 1), (3, 1), (4, 2), (100, 3)])
def test_items_are_counted_and_a_large_job_is_taken_whole(most, taken):
    line = line_of(*[a_job(BUSY, items=3) for _ in range(3)])
    assert len(line.take(most)) == taken


def test_size_grows_with_what_a_job_holds():
    small, large = a_job(BUSY), a_job(BUSY)
    large.items[0].parameters = "x" * 10_000
    assert Job(large.items, print).size - small.size >= 9_000
