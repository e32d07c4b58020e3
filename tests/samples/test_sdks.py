"""The client classes of the page about SDKs and libraries."""

import json
from datetime import timedelta

import pytest

from events.models import Event
from people.models import Person
from tests.factories import PersonFactory
from tests.samples.conftest import Arrived
from tests.samples.running import link_axios

pytestmark = pytest.mark.samples

JANE = {"email": "jane@example.com", "first_name": "Jane"}
ADDRESS = {"email": "jane@example.com"}
PAGE_VIEW = Arrived("user_123", "page_viewed", {"page": "/pricing"})
PURCHASE = Arrived("user_123", "purchase_completed", {"amount": 99.99})
WRONG_KEY = "ws_live_abc12345_abc123.not_the_secret"


@pytest.mark.parametrize(
    ("sample", "traits", "event"),
    [
        ("curl/sdk.sh", ADDRESS, Arrived("user_123", "test_event", {})),
        ("python/sdk_requests.py", JANE, PAGE_VIEW),
        ("python/sdk_httpx.py", ADDRESS, PAGE_VIEW),
        ("node/sdk_class.mjs", JANE, PAGE_VIEW),
        ("node/sdk_axios.mjs", JANE, PURCHASE),
    ],
)
def test_the_client_identifies_and_tracks(samples, arrived, workspace, sample, traits, event):
    if sample == "node/sdk_axios.mjs":
        link_axios(samples.folder)

    run = samples.run(sample, requests=2)

    assert run.answers == [
        f"200 POST /api/v1/workspaces/{samples.workspace_id}/people",
        "200 POST /api/v1/track",
    ]
    assert arrived() == [event]
    person = Person.objects.in_workspace(workspace.id).get()
    assert (person.external_id, person.email) == ("user_123", "jane@example.com")
    assert json.loads(person.traits) == traits
    stored = Event.objects.in_workspace(workspace.id).get()
    assert abs(stored.created_at - stored.timestamp) < timedelta(seconds=10)


def test_the_class_in_javascript_finds_people_whose_ids_it_does_not_encode(samples, workspace):
    ids = ["user_123", "a+b@example.com", "Jörg Müller"]
    for external_id in ids[1:]:
        PersonFactory(workspace=workspace, external_id=external_id)
    show = (
        f"\nfor (const id of {json.dumps(ids)}) console.log((await flare.getUser(id)).external_id);"
    )

    run = samples.run("node/sdk_class.mjs", requests=5, appended=show)

    assert run.stdout.splitlines() == ids


def test_the_class_in_javascript_returns_null_for_nobody(samples):
    show = "\nconsole.log(await flare.getUser('nobody'));"

    assert samples.run("node/sdk_class.mjs", requests=3, appended=show).stdout == "null\n"


def test_the_class_in_javascript_throws_our_message(samples, api):
    wrong = {"ws_live_abc12345_abc123.your_secret_here": WRONG_KEY}
    refused = api.get("/people", headers={"Authorization": f"Bearer {WRONG_KEY}"}).json()

    run = samples.run("node/sdk_class.mjs", replacing=wrong, fails=True)

    assert refused["error"]["message"]
    assert f"Error: {refused['error']['message']}\n" in run.stderr
    assert run.answers[-1:] == [f"401 POST /api/v1/workspaces/{samples.workspace_id}/people"]


# What to ask for through the class, and what the error it throws must say.
ERRORS = {
    "request('/people', {method: 'POST', body: '{'})": "The body is not valid JSON",
    "request('/people', {method: 'POST', body: '{}'})": "external_id: this field is required.",
    "identifyUser('jane', {email: 'nobody'})": "traits.email: must be an e-mail address.",
    "identifyUser('jane', {x: 'y'.repeat(70000)})": "traits: must not exceed 65,536 bytes",
    "request('/people/nobody')": "There is no such person.",
    "request('/nothing')": "There is nothing at this address.",
    "request('/people', {method: 'PUT'})": 'Method "PUT" not allowed.',
    "request('/events?limit=0')": "limit: must be a whole number of at least 1.",
    "request('/people', {method: 'POST', body: 'x', headers: {'Content-Type': 'text/plain'}})": (
        "Send the body as Content-Type: application/json"
    ),
    "request('/people', {method: 'POST', body: ' '.repeat(5e6)})": (
        "The body is larger than 4,194,304 bytes"
    ),
    "request('/../ws_zzzzzz/people')": "This API key belongs to another workspace.",
}


def test_the_class_in_javascript_throws_a_readable_message_for_each_error(samples):
    calls = "".join(
        f"\nawait flare.{call}.then(() => console.log('no error'), e => console.log(e.message));"
        for call in ERRORS
    )

    lines = samples.run("node/sdk_class.mjs", requests=2, appended=calls).stdout.splitlines()

    assert len(lines) == len(ERRORS)
    for line, message in zip(lines, ERRORS.values(), strict=True):
        assert message in line
