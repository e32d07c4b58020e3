"""The samples of Appizer's page about POST /v1/events."""

import json

import httpx
import pytest

from events.models import Event
from tests.samples.conftest import Arrived

pytestmark = pytest.mark.samples

PURCHASE = {"amount": 29.99, "currency": "USD", "product_id": "premium_plan"}
USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"


@pytest.mark.parametrize("sample", ["curl/appizer.sh", "python/appizer.py", "node/appizer.mjs"])
def test_the_sample_stores_its_event(samples, arrived, sample):
    run = samples.run(sample)

    assert run.answers == ["200 POST /v1/events"]
    assert "Event tracked successfully" in run.stdout
    assert arrived() == [Arrived("user_123", "purchase_completed", PURCHASE)]


def test_the_request_body_shown_stores_address_and_browser(samples, arrived, workspace):
    body = {
        "event_name": "purchase_completed",
        "user_id": "user_123",
        "properties": PURCHASE,
        "ip": "192.168.1.1",
        "ua": USER_AGENT,
    }
    headers = {"Authorization": f"Bearer {samples.token}"}

    response = httpx.post(
        f"{samples.server.url}/v1/events", json=body, headers=headers, trust_env=False
    )

    assert response.status_code == 200
    assert response.json()["message"] == "Event tracked successfully"
    assert arrived() == [Arrived("user_123", "purchase_completed", PURCHASE)]
    context = json.loads(Event.objects.in_workspace(workspace.id).get().context)
    assert (context["ip"], context["user_agent"]) == ("192.168.1.1", USER_AGENT)
