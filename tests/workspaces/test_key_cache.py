from datetime import timedelta

import pytest

from tests.api.calls import TRACK, an_event, post
from tests.conftest import client_of
from tests.factories import APIKeyFactory
from workspaces import authentication, key_cache
from workspaces.audit import SYSTEM
from workspaces.authentication import cached_api_key, find_api_key
from workspaces.key_cache import KeyCache
from workspaces.models import APIKey
from workspaces.services import revoke_api_key, rotate_api_key, update_api_key
from workspaces.tokens import new_token


class Hearing:
    is_listening = True


@pytest.fixture
def hearing():
    return Hearing()


def cached(token):
    """Return what is known here and now of the key of this text."""
    return cached_api_key(token.encode(errors="replace"))


@pytest.fixture
def keys(monkeypatch, hearing, seconds):
    """The cache of the product, whose clock and listener the test controls."""
    keys = KeyCache(hearing, seconds)
    for module in (authentication, key_cache):
        monkeypatch.setattr(module, "keys", keys)
    return keys


@pytest.fixture
def api_key(workspace):
    return APIKeyFactory(workspace=workspace)


def change_unheard(api_key, **changes):
    """Change a row as another process does whose news do not come."""
    rows = APIKey.objects.in_workspace(api_key.workspace_id).filter(id=api_key.id)
    assert rows.update(**changes) == 1


def test_a_key_is_read_once_and_then_known_without_a_query(
    keys, api_key, django_assert_num_queries
):
    assert cached(api_key.token) is None
    with django_assert_num_queries(1):
        assert find_api_key(api_key.token).id == api_key.id
    with django_assert_num_queries(0):
        assert find_api_key(api_key.token).id == api_key.id
        assert cached(api_key.token).id == api_key.id


@pytest.mark.parametrize(("is_listening", "lifetime"), [(True, 5), (False, 1)])
def test_a_key_is_read_again_after_its_time(
    keys, api_key, hearing, seconds, is_listening, lifetime
):
    hearing.is_listening = is_listening
    find_api_key(api_key.token)
    change_unheard(api_key, name="Renamed")
    seconds.now += lifetime - 0.01
    assert find_api_key(api_key.token).name == "Server"
    seconds.now += 0.01
    assert cached(api_key.token) is None
    assert find_api_key(api_key.token).name == "Renamed"


@pytest.mark.parametrize(("is_listening", "soon"), [(True, 4.1), (False, 0.9)])
def test_one_request_reads_a_key_anew_before_all_would_have_to(
    keys, api_key, hearing, seconds, is_listening, soon
):
    hearing.is_listening = is_listening
    find_api_key(api_key.token)
    seconds.now += soon
    assert [cached(api_key.token) is None for _ in range(3)] == [True, False, False]
    assert find_api_key(api_key.token)
    seconds.now += soon
    assert cached(api_key.token) is None


def test_age_counts_from_before_the_key_was_read(keys, api_key, seconds):
    reading = keys.begin_reading()
    seconds.now += 5
    keys.put(APIKey.objects.in_workspace(api_key.workspace_id).get(), reading)
    assert cached(api_key.token) is None


def test_a_key_that_falls_silent_counts_for_a_second_at_once(keys, api_key, hearing, seconds):
    find_api_key(api_key.token)
    seconds.now += 1
    assert cached(api_key.token) is not None
    hearing.is_listening = False
    assert cached(api_key.token) is None


def test_expiry_is_honoured_in_memory(keys, workspace, clock, seconds):
    api_key = APIKeyFactory(workspace=workspace, expires_at=clock() + timedelta(seconds=2))
    find_api_key(api_key.token)
    clock.advance(seconds=1)
    seconds.now += 1
    assert cached(api_key.token) is not None
    clock.advance(seconds=1)
    seconds.now += 1
    assert cached(api_key.token) is None
    assert find_api_key(api_key.token) is None


def test_a_revoked_key_is_dropped_at_once(keys, api_key):
    find_api_key(api_key.token)
    revoke_api_key(api_key=api_key)
    assert cached(api_key.token) is None
    assert find_api_key(api_key.token) is None


def test_a_rotated_key_ends_at_once(keys, api_key):
    find_api_key(api_key.token)
    successor, text = rotate_api_key(api_key=api_key)
    assert find_api_key(api_key.token) is None
    assert find_api_key(text).id == successor.id


def test_changed_scopes_count_for_the_next_request(keys, api_key):
    client = client_of(api_key)
    assert post(client, TRACK, an_event()).status_code == 200
    update_api_key(api_key=api_key, by=SYSTEM, scopes=["events:read"])
    assert post(client, TRACK, an_event()).status_code == 403


def test_a_change_of_one_key_leaves_the_others(keys, api_key, workspace):
    other = APIKeyFactory(workspace=workspace)
    for token in (api_key.token, other.token):
        find_api_key(token)
    revoke_api_key(api_key=other)
    assert cached(api_key.token) is not None
    assert cached(other.token) is None


def test_a_key_that_is_read_before_the_commit_is_dropped_by_it(
    keys, api_key, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        revoke_api_key(api_key=api_key)
    # Another thread still sees it as it was.
    change_unheard(api_key, revoked_at=None)
    find_api_key(api_key.token)
    for callback in callbacks:
        callback()
    assert cached(api_key.token) is None


def test_a_key_that_changes_while_it_is_read_is_not_kept(keys, api_key):
    reading = keys.begin_reading()
    old = APIKey.objects.in_workspace(api_key.workspace_id).get()
    keys.drop_named(f"{api_key.workspace_id} {api_key.id}")
    keys.put(old, reading)
    assert cached(api_key.token) is None


def test_a_gap_in_the_news_while_a_key_is_read_counts_as_a_change(keys, api_key):
    reading = keys.begin_reading()
    old = APIKey.objects.in_workspace(api_key.workspace_id).get()
    keys.clear()
    keys.put(old, reading)
    assert len(keys) == 0


def test_no_refusal_is_kept(keys, workspace, api_key, django_assert_num_queries):
    expired = APIKeyFactory(workspace=workspace, expired=True)
    revoked = APIKeyFactory(workspace=workspace)
    revoke_api_key(api_key=revoked)
    unknown = new_token("live", workspace.public_id.removeprefix("ws_")).text
    for token in (expired.token, revoked.token, unknown):
        for _ in range(2):
            with django_assert_num_queries(1):
                assert find_api_key(token) is None
    assert len(keys) == 0


def test_a_key_that_is_made_after_its_refusal_is_known(keys, api_key):
    change_unheard(api_key, revoked_at=api_key.created_at)
    assert find_api_key(api_key.token) is None
    change_unheard(api_key, revoked_at=None)
    assert find_api_key(api_key.token) is not None


def test_the_oldest_gives_way_when_memory_is_full(keys, workspace, monkeypatch):
    monkeypatch.setattr(key_cache, "MAX_KEYS", 2)
    tokens = [APIKeyFactory(workspace=workspace).token for _ in range(3)]
    for token in tokens:
        find_api_key(token)
    assert len(keys) == 2
    assert [cached(token) is None for token in tokens] == [
        True,
        False,
        False,
    ]


def test_a_key_that_is_read_again_is_the_newest(keys, workspace, seconds, monkeypatch):
    monkeypatch.setattr(key_cache, "MAX_KEYS", 3)
    tokens = [APIKeyFactory(workspace=workspace).token for _ in range(4)]
    find_api_key(tokens[0])
    seconds.now += 4
    find_api_key(tokens[1])
    seconds.now += 1
    for token in (tokens[0], *tokens[2:]):
        find_api_key(token)
    missing = [cached(token) is None for token in tokens]
    assert missing == [False, True, False, False]


def test_no_text_of_a_key_is_kept(keys, api_key):
    found = find_api_key(api_key.token)
    assert api_key.token.partition(".")[2] not in repr((vars(keys), vars(found)))


@pytest.mark.parametrize("token", ["", "\ud800", "ключ", "a\x00b", "x" * 100_000])
def test_any_text_can_be_asked_for(keys, token):
    assert cached(token) is None


def test_use_is_noted_while_the_key_is_in_memory(keys, api_key, clock):
    client = client_of(api_key)
    noted = []
    for seconds in (0, 30, 31):
        clock.advance(seconds=seconds)
        post(client, TRACK, an_event())
        noted.append(APIKey.objects.in_workspace(api_key.workspace_id).get().last_used_at)
    assert noted[0] == noted[1]
    assert noted[2] - noted[0] == timedelta(seconds=61)


def test_a_note_costs_no_query_within_its_minute(keys, api_key, django_assert_num_queries):
    authentication.note_use(find_api_key(api_key.token))
    with django_assert_num_queries(0):
        authentication.note_use(cached(api_key.token))
