"""Keys that one process changes while others hold them in memory."""

import os
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection

from flameup.listener import APPLICATION_NAME, listener
from tests.factories import APIKeyFactory
from tests.flameup.running import wait_for
from tests.server import database_url
from workspaces import key_cache
from workspaces.authentication import cached_api_key, find_api_key
from workspaces.services import revoke_api_key

EVENT = b'{"external_id": "user_123", "event": "signed_up"}'


@pytest.fixture
def listening():
    listener.start()
    wait_for(lambda: listener.is_listening, 5, "listening")
    yield
    listener.stop()


@pytest.fixture
def api_key(workspace):
    return APIKeyFactory(workspace=workspace)


def test_a_key_revoked_here_is_refused_by_a_server_within_a_second(call, api_key):
    def track():
        return call("POST", "/api/v1/track", EVENT, Authorization=f"Bearer {api_key.token}").status

    assert [track(), track()] == [200, 200]
    revoke_api_key(api_key=api_key)
    time.sleep(1)
    assert track() == 401


def test_a_key_revoked_by_a_command_is_forgotten_here(api_key, listening, monkeypatch):
    monkeypatch.setattr(key_cache, "LISTENING_SECONDS", 600)
    find_api_key(api_key.token)
    command = [sys.executable, "manage.py", "revoke_api_key", api_key.public_part]
    environment = os.environ | {"DATABASE_URL": database_url(connection.settings_dict)}
    subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True)
    wait_for(lambda: cached_api_key(api_key.token.encode()) is None, 1, "the news of it")
    assert find_api_key(api_key.token) is None


def test_keys_are_forgotten_when_the_connection_is_lost(api_key, listening, monkeypatch):
    monkeypatch.setattr(key_cache, "LISTENING_SECONDS", 600)
    monkeypatch.setattr(key_cache, "ALONE_SECONDS", 600)
    find_api_key(api_key.token)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database()",
            [APPLICATION_NAME],
        )
    wait_for(lambda: cached_api_key(api_key.token.encode()) is None, 1, "nothing in memory")
    wait_for(lambda: listener.is_listening, 2, "listening again")
