"""The samples of the reference page of POST /api/v1/track."""

from datetime import UTC, datetime

import pytest

from events.models import Event
from tests.samples.conftest import Arrived

pytestmark = pytest.mark.samples

SAMPLES = ["curl/track.sh", "python/track.py", "node/track.mjs", "go/track.go", "ruby/track.rb"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_sample_stores_its_event_and_prints_the_answer(samples, arrived, workspace, sample):
    run = samples.run(sample)

    assert run.answers == ["200 POST /api/v1/track"]
    assert arrived() == [Arrived("example_string", "example_string", {})]
    event = Event.objects.in_workspace(workspace.id).get()
    assert event.timestamp == datetime(2024, 12, 25, 10, tzinfo=UTC)
    printed = "Response Status: 200 OK" if sample.endswith(".go") else f"evt_{event.id.hex}"
    assert printed in run.stdout
