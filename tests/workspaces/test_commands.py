from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import APIKeyFactory, UserFactory
from workspaces.authentication import find_api_key
from workspaces.models import APIKey, AuditEntry, Workspace


def run(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue().strip()


def test_create_workspace_prints_its_id_and_makes_the_owner(db):
    user = UserFactory(email="Owner@Example.com")
    public_id = run("create_workspace", "Acme", "--owner", "owner@example.com")
    workspace = Workspace.objects.get(name="Acme")
    assert public_id == workspace.public_id
    assert workspace.memberships.get().user == user


def test_create_api_key_prints_a_key_that_works(workspace):
    args = ["--scope", "events:write", "--rate-limit", "5", "--expires-in", "24h"]
    api_key = find_api_key(run("create_api_key", workspace.public_id, *args))
    assert (api_key.scopes, api_key.rate_limit) == (["events:write"], 5)
    assert timedelta(hours=23) < api_key.expires_at - timezone.now() <= timedelta(hours=24)


def test_rotate_keeps_the_old_key_for_the_grace_period(workspace):
    old = APIKeyFactory(workspace=workspace, scopes=["events:read"])
    new = find_api_key(run("rotate_api_key", old.public_part, "--grace", "2h"))
    assert new.scopes == ["events:read"]
    kept = find_api_key(old.token)
    assert timedelta(hours=1) < kept.expires_at - timezone.now() <= timedelta(hours=2)


def test_rotate_without_grace_ends_the_old_key_at_once(workspace):
    old = APIKeyFactory(workspace=workspace)
    run("rotate_api_key", old.public_part, "--grace", "0s")
    assert find_api_key(old.token) is None


def test_a_revoked_key_cannot_be_rotated(workspace):
    api_key = APIKeyFactory(workspace=workspace)
    run("revoke_api_key", api_key.public_part)
    with pytest.raises(CommandError, match="revoked"):
        run("rotate_api_key", api_key.public_part)


def test_revoke_refuses_the_key_and_is_audited_once(workspace):
    api_key = APIKeyFactory(workspace=workspace)
    for _ in range(2):
        run("revoke_api_key", api_key.public_part)
    assert find_api_key(api_key.token) is None
    entries = AuditEntry.objects.in_workspace(workspace.id).filter(action="api_key.revoked")
    assert [entry.actor_label for entry in entries] == ["manage.py revoke_api_key"]


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("create_workspace", ["Acme", "--owner", "nobody@example.com"]),
        ("create_api_key", ["ws_zzzzzz"]),
        ("create_api_key", ["no-workspace"]),
        ("rotate_api_key", ["ws_live_abcdefgh_zzzzzz"]),
        ("revoke_api_key", ["nonsense"]),
    ],
)
def test_what_does_not_exist_is_said_so(db, command, args):
    with pytest.raises(CommandError):
        run(command, *args)
    assert not APIKey.objects.in_workspace(1).exists()


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("create_workspace", ["", "--owner", "owner@example.com"]),
        ("create_workspace", ["x" * 256, "--owner", "owner@example.com"]),
        ("create_api_key", ["--name", " "]),
        ("create_api_key", ["--rate-limit", "-5"]),
        ("create_api_key", ["--rate-limit", "2147483648"]),
        ("create_api_key", ["--expires-in", "0s"]),
        ("create_api_key", ["--expires-in", "9999999d"]),
        ("create_api_key", ["--expires-in", "9999999999999d"]),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_line(workspace, command, args):
    UserFactory(email="owner@example.com")
    named = [workspace.public_id, *args] if command == "create_api_key" else args
    with pytest.raises(CommandError):
        run(command, *named)
    assert not APIKey.objects.in_workspace(workspace.id).exists()


def test_a_key_is_rotated_once(workspace):
    first = APIKeyFactory(workspace=workspace)
    run("rotate_api_key", first.public_part, "--grace", "1h")
    with pytest.raises(CommandError, match="rotated before"):
        run("rotate_api_key", first.public_part, "--grace", "24h")
