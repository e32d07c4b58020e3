"""Requests as a client of the API makes them."""

TRACK = "/api/v1/track"
BATCH = "/api/v1/track/batch"
TRACK_PATHS = [TRACK, "/api/v1/events", "/v1/events"]


def post(client, path, body, **kwargs):
    """Post JSON: an object to encode, or the very text or bytes of a body."""
    return client.post(path, body, content_type="application/json", **kwargs)


def patch(client, path, body):
    return client.patch(path, body, content_type="application/json")


def an_event(**fields):
    """Return the body of a good event, or one that these fields spoil."""
    return {"external_id": "user_123", "event": "purchase_completed", **fields}


def error_code(answer):
    return answer.json()["error"]["code"]


def bad_fields(answer):
    """Return the names of the fields that an answer of 400 complains of."""
    assert answer.status_code == 400, answer.content
    return [detail["field"] for detail in answer.json()["error"]["details"]]
