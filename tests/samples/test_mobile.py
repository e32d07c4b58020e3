"""What the documented clients in Swift and Kotlin put on the wire."""

import json
from dataclasses import dataclass

import httpx
import pytest
from django.utils import timezone

from events.models import Event
from people.models import Person
from tests.samples.conftest import Arrived

pytestmark = pytest.mark.samples


@dataclass(frozen=True)
class Phone:
    """How a phone's libraries write a request."""

    content_type: str
    user_agent: str
    fraction: str  # of the time's seconds

    def timestamp(self) -> str:
        return f"{timezone.now():%Y-%m-%dT%H:%M:%S}{self.fraction}Z"


# URLSession adds no charset, ISO8601DateFormatter writes no fraction.
SWIFT = Phone("application/json", "Flameup/1 CFNetwork/1490.0.4 Darwin/23.2.0", "")
# OkHttp adds the charset to a body made of text, Instant writes up to nine digits.
KOTLIN = Phone("application/json; charset=utf-8", "okhttp/4.12.0", ".123456789")


@pytest.mark.parametrize("phone", [SWIFT, KOTLIN], ids=["swift", "kotlin"])
def test_a_phone_identifies_and_tracks(samples, arrived, workspace, phone):
    headers = {
        "Authorization": f"Bearer {samples.token}",
        "Content-Type": phone.content_type,
        "User-Agent": phone.user_agent,
        "Accept-Encoding": "gzip",
    }
    timestamp = phone.timestamp()
    # Both libraries escape the slash.
    traits = r'{"email":"jane@example.com","first_name":"Jane","page":"https:\/\/example.com\/"}'
    bodies = {
        f"workspaces/{samples.workspace_id}/people": f'{{"traits":{traits},"userId":"user_123"}}',
        "track": '{"external_id":"user_123","event":"app_opened","parameters":{},'
        f'"timestamp":"{timestamp}"}}',
    }

    for path, body in bodies.items():
        url = f"{samples.server.url}/api/v1/{path}"
        assert httpx.post(url, content=body, headers=headers, trust_env=False).status_code == 200

    assert arrived() == [Arrived("user_123", "app_opened", {})]
    event = Event.objects.in_workspace(workspace.id).get()
    assert f"{event.timestamp:%Y-%m-%dT%H:%M:%S}" == timestamp[:19]
    assert event.timestamp.microsecond == int((phone.fraction or ".0")[1:7])
    person = Person.objects.in_workspace(workspace.id).get()
    assert json.loads(person.traits)["page"] == "https://example.com/"
