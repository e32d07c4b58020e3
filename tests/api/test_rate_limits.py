import pytest
from django.test import Client

from flameup.request_bodies import ADMITTED
from tests.api.calls import BATCH, TRACK, an_event, post
from tests.api.endpoints import each_endpoint, names_in
from workspaces.authentication import WRONG_KEYS, WRONG_KEYS_SECONDS
from workspaces.tokens import new_token

ADDRESS = "192.0.2.7"


def statuses(client, count, **kwargs):
    return [post(client, TRACK, an_event(), **kwargs).status_code for _ in range(count)]


def test_refusal_has_the_documented_headers_and_body(make_client, limiter):
    client = make_client(rate_limit=2)
    assert statuses(client, 2) == [200, 200]
    answer = post(client, TRACK, an_event())
    message = "This API key may send 2 requests a second. Try again in 1 s."
    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {
        "success": False,
        "error": {"code": "rate_limited", "message": message, "details": []},
        "message": message,
    }
    names = ["Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
    assert [answer[name] for name in names] == ["1", "2", "0", "1"]


@each_endpoint
def test_every_endpoint_is_limited(make_client, workspace, jane, limiter, endpoint):
    client, names = make_client(rate_limit=1), names_in(workspace)
    assert endpoint.call(client, **names).status_code == 200
    assert endpoint.call(client, **names).status_code == 429


def test_next_second_admits_again(make_client, limiter, seconds):
    client = make_client(rate_limit=1)
    assert statuses(client, 2) == [200, 429]
    seconds.advance(0.7)
    assert statuses(client, 1) == [429]
    seconds.advance(0.1)
    assert statuses(client, 2) == [200, 429]


def test_refused_event_is_not_stored(make_client, limiter, count_events):
    statuses(make_client(rate_limit=1), 3)
    assert count_events() == 1


def test_no_limit_admits_everything(make_client, limiter):
    assert set(statuses(make_client(rate_limit=0), 20)) == {200}


def test_one_key_does_not_disturb_another(make_client, limiter):
    one, other = make_client(rate_limit=1), make_client(rate_limit=1)
    assert statuses(one, 2) == [200, 429]
    assert statuses(other, 2) == [200, 429]


def test_batch_is_one_request(make_client, limiter):
    client = make_client(rate_limit=2)
    bodies = {"events": [an_event()] * 100}
    assert [post(client, BATCH, bodies).status_code for _ in range(3)] == [200, 200, 429]


def test_test_keys_are_limited_too(make_client, limiter):
    assert statuses(make_client(test=True, rate_limit=1), 2) == [200, 429]


def test_request_that_was_admitted_before_is_not_counted(make_client, limiter):
    client = make_client(rate_limit=1)
    admitted = {"asgi.scope": {ADMITTED: True}}
    assert statuses(client, 3, **admitted) == [200, 200, 200]
    assert statuses(client, 2, **{"asgi.scope": {ADMITTED: False}}) == [200, 429]


def test_the_documents_are_not_limited(db, limiter):
    assert Client().get("/openapi.json").status_code == 200


def test_every_operation_documents_its_limit(db):
    paths = Client().get("/openapi.json").json()["paths"].values()
    operations = [operation for path in paths for operation in path.values()]
    assert len(operations) == 14
    assert all("429" in operation["responses"] for operation in operations)


@pytest.fixture
def wrong(workspace):
    """Sends wrong keys, from an address and with a header of choice."""
    # One, because each loads the middleware.
    client = Client()
    unknown = new_token("live", workspace.public_id.removeprefix("ws_")).text

    def send(count, address=ADDRESS, header=f"Bearer {unknown}"):
        kwargs = {"headers": {"authorization": header}, "REMOTE_ADDR": address}
        return [client.get("/api/v1/people/jane/events", **kwargs) for _ in range(count)]

    return send


@pytest.fixture
def suspect(limiter):
    """The address, once it has sent all the wrong keys that it may but one."""
    for _ in range(599):
        limiter.take(f"wrong:{ADDRESS}", WRONG_KEYS, WRONG_KEYS_SECONDS)
    return ADDRESS


def test_wrong_keys_hear_of_the_limit_after_600_a_minute(wrong, limiter, seconds):
    answers = wrong(601)
    assert [answer.status_code for answer in answers] == [401] * 600 + [429]
    last = answers[-1]
    assert last.json()["error"]["code"] == "rate_limited"
    assert (last["Retry-After"], last["RateLimit-Limit"], last["RateLimit-Reset"]) == (
        ("60", "600", "60")
    )
    seconds.advance(59.75)
    assert [answer.status_code for answer in wrong(1)] == [401]


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ws_live_ä.x"])
def test_malformed_keys_are_wrong_keys(wrong, suspect, header):
    assert [answer.status_code for answer in wrong(2, header=header)] == [401, 429]


def test_a_right_key_is_answered_from_the_same_address(wrong, suspect, make_client, jane):
    client = make_client()
    assert wrong(2)[-1].status_code == 429
    answer = client.get("/api/v1/people/jane/events", REMOTE_ADDR=suspect)
    assert answer.status_code == 200


def test_another_address_has_a_limit_of_its_own(wrong, suspect):
    assert wrong(2)[-1].status_code == 429
    assert wrong(1, address="192.0.2.8")[0].status_code == 401


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz"])
def test_a_missing_key_is_never_limited(wrong, suspect, header):
    assert wrong(2)[-1].status_code == 429
    headers = {} if header is None else {"authorization": header}
    for _ in range(3):
        answer = Client().get("/api/v1/people/jane/events", headers=headers, REMOTE_ADDR=suspect)
        assert answer.status_code == 401
