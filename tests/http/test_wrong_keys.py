"""Row 64 of the bad inputs: an address that tries keys."""

from concurrent.futures import ThreadPoolExecutor

EVENT = b'{"external_id": "user_123", "event": "signed_up"}'
# Of its own, because the limit of the minute stays with the server for the tests that follow.
SOURCE = "127.0.0.64"


def test_an_address_that_tries_keys_is_limited_and_its_right_key_answered(call):
    def track(**headers):
        return call("POST", "/api/v1/track", EVENT, source=SOURCE, **headers)

    with ThreadPoolExecutor(8) as pool:
        # Two minutes may be begun meanwhile, each with its 600.
        answers = list(pool.map(lambda n: track(Authorization=f"Bearer {n}"), range(1300)))
    refused = [answer for answer in answers if answer.status == 429]
    assert {answer.status for answer in answers} == {401, 429}
    assert {answer.status for answer in answers[:500]} == {401}
    assert 100 <= len(refused) <= 700
    assert {answer.code for answer in refused} == {"rate_limited"}
    assert {answer.headers["ratelimit-limit"] for answer in refused} == {"600"}
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in refused)
    assert track().status == 200
    assert track(Authorization=None).status == 401
