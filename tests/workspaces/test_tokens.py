import hashlib
import re
import string
import zlib

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import APIKeyFactory
from workspaces.services import create_api_key
from workspaces.tokens import checksum, new_token, parse_token

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


@pytest.mark.parametrize("mode", ["live", "test"])
def test_key_has_the_documented_form(workspace, mode):
    token = APIKeyFactory(workspace=workspace, mode=mode).token
    form = rf"ws_{mode}_[a-z0-9]{{8}}_{workspace.public_id[3:]}\.[0-9A-Za-z]{{38}}"
    assert re.fullmatch(form, token)


def test_last_six_characters_are_the_crc_of_all_before():
    token = new_token("live", "abc123").text
    number = 0
    for digit in token[-6:]:
        number = number * 62 + BASE62.index(digit)
    assert number == zlib.crc32(token[:-6].encode())


def test_only_the_digest_of_a_key_is_stored(workspace):
    token = APIKeyFactory(workspace=workspace).token
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, row_to_json(k)::text FROM workspaces_apikey AS k WHERE workspace_id=%s",
            [workspace.id],
        )
        [(digest, row)] = cursor.fetchall()
    assert bytes(digest) == hashlib.sha256(token.encode()).digest()
    assert token.partition(".")[2] not in row


def test_keys_differ(workspace):
    assert len({APIKeyFactory(workspace=workspace).token for _ in range(20)}) == 20


def test_new_key_is_read_back():
    token = new_token("test", "abc123")
    assert parse_token(token.text) == token


@settings(max_examples=50)
@given(st.text())
def test_other_text_is_no_key(text):
    assert parse_token(text) is None


@given(st.integers(0, 71), st.sampled_from(BASE62))
def test_one_wrong_character_is_noticed(position, character):
    body = "ws_live_abc12345_abc123." + "k" * 32
    text = body + checksum(body)
    changed = text[:position] + character + text[position + 1 :]
    assert (parse_token(changed) is None) == (changed != text)


def test_unknown_scope_is_refused(workspace):
    with pytest.raises(ValueError, match="events:fly"):
        create_api_key(workspace=workspace, name="Server", scopes=["events:fly"])
