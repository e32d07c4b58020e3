import gzip
import json

import pytest

EVENT = {"external_id": "user_123", "event": "signed_up"}
MEBIBYTE = 1024 * 1024


def post(client, data, **headers):
    return client.post("/api/v1/track", data, content_type="application/json", headers=headers)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP"])
def test_a_gzip_body_is_read(api_client, encoding):
    data = gzip.compress(json.dumps(EVENT).encode())
    assert post(api_client, data, content_encoding=encoding).status_code == 200


def test_several_gzip_members_are_one_body(api_client):
    text = json.dumps(EVENT).encode()
    data = gzip.compress(text[:10]) + gzip.compress(text[10:])
    assert post(api_client, data, content_encoding="gzip").status_code == 200


def test_identity_is_no_compression(api_client):
    assert post(api_client, json.dumps(EVENT), content_encoding="identity").status_code == 200


def test_a_bomb_is_refused_as_too_large(api_client):
    data = gzip.compress(b" " * (50 * MEBIBYTE))
    answer = post(api_client, data, content_encoding="gzip")
    assert answer.status_code == 413
    assert "4,194,304 bytes" in answer.json()["error"]["message"]


def test_the_size_of_an_event_is_that_of_its_inflated_bytes(api_client):
    data = gzip.compress(json.dumps({**EVENT, "parameters": {"x": "y" * 33_000}}).encode())
    answer = post(api_client, data, content_encoding="gzip")
    assert (answer.status_code, "32,768 bytes" in answer.json()["message"]) == (413, True)


@pytest.mark.parametrize(
    "data",
    [b"plain text", gzip.compress(b"{}")[:-4], gzip.compress(b"{}") + b"rest"],
    ids=["no gzip", "cut off", "with a tail"],
)
def test_what_is_no_gzip_is_no_json(api_client, data):
    answer = post(api_client, data, content_encoding="gzip")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip"])
def test_another_compression_is_unsupported(api_client, encoding):
    answer = post(api_client, b"x", content_encoding=encoding)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
