"""The samples of the reference page of GET /api/v1/workspaces/{workspaceId}/events."""

from datetime import UTC, datetime

import pytest

from tests.factories import EventFactory

pytestmark = pytest.mark.samples

SAMPLES = ["curl/list.sh", "python/list.py", "node/list.mjs", "go/list.go", "ruby/list.rb"]
TEN_O_CLOCK = datetime(2024, 12, 25, 10, tzinfo=UTC)


WIDER = {"&offset=42": "", "until=2024-12-25T10:00:00Z": "until=2024-12-25T10:00:01Z"}


@pytest.fixture(autouse=True)
def event(workspace):
    """An event that every filter of the samples lets through, but for their empty window."""
    return EventFactory(
        workspace=workspace,
        external_id="example_string",
        event="example_string",
        timestamp=TEN_O_CLOCK,
    )


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_sample_lists_nothing_in_its_empty_window(samples, sample):
    run = samples.run(sample)

    assert run.answers == [f"200 GET /api/v1/workspaces/{samples.workspace_id}/events"]
    assert "evt_" not in run.stdout


@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if not sample.endswith(".go")])
def test_the_sample_lists_an_event_in_a_wider_window(samples, event, sample):
    run = samples.run(sample, replacing=WIDER)

    assert f"evt_{event.id.hex}" in run.stdout
