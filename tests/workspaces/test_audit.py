import pytest
from django.test import RequestFactory

from tests.factories import APIKeyFactory, UserFactory
from workspaces.audit import Actor
from workspaces.models import APIKey, AuditEntry, Membership
from workspaces.services import (
    LastOwner,
    add_member,
    change_role,
    create_api_key,
    remove_member,
    revoke_api_key,
    rotate_api_key,
    update_api_key,
    update_workspace,
)


@pytest.fixture
def actor(db):
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    request.user = UserFactory(email="ann@example.com")
    return Actor.of_request(request)


def entries(workspace):
    """Return the entries since the workspace was made, oldest first."""
    return list(AuditEntry.objects.in_workspace(workspace.id).order_by("created_at", "id"))[2:]


def test_creating_a_workspace_is_audited(workspace):
    found = AuditEntry.objects.in_workspace(workspace.id).order_by("created_at", "id")
    assert [entry.action for entry in found] == ["workspace.created", "member.added"]


def test_each_change_of_a_key_is_audited_with_before_and_after(workspace, actor):
    api_key, _ = create_api_key(workspace=workspace, name="A", scopes=["events:read"], by=actor)
    update_api_key(api_key=api_key, by=actor, name="B", scopes=["events:write"])
    rotate_api_key(api_key=api_key, by=actor)
    revoke_api_key(api_key=api_key, by=actor)
    found = entries(workspace)
    assert [entry.action for entry in found] == [
        "api_key.created",
        "api_key.changed",
        "api_key.created",
        "api_key.rotated",
        "api_key.revoked",
    ]
    changed = found[1]
    assert (changed.before["name"], changed.after["name"]) == ("A", "B")
    assert (changed.before["scopes"], changed.after["scopes"]) == (
        ["events:read"],
        ["events:write"],
    )


def test_an_entry_names_who_and_from_where(workspace, actor):
    create_api_key(workspace=workspace, name="A", scopes=[], by=actor)
    [entry] = entries(workspace)
    assert (entry.actor, entry.actor_label) == (actor.user, "ann@example.com")
    assert (entry.address, entry.request_id) == ("192.0.2.7", "-")


def test_an_entry_never_holds_a_secret(workspace, actor):
    api_key, text = create_api_key(workspace=workspace, name="A", scopes=[], by=actor)
    _, successor = rotate_api_key(api_key=api_key, by=actor)
    said = " ".join(f"{e.target} {e.before} {e.after}" for e in entries(workspace))
    assert api_key.public_part in said
    for secret in (text.partition(".")[2], successor.partition(".")[2]):
        assert secret not in said


def test_changes_of_members_and_settings_are_audited(workspace, actor):
    user = UserFactory()
    membership = add_member(workspace=workspace, user=user, role="viewer", by=actor)
    change_role(membership=membership, role="admin", by=actor)
    remove_member(membership=membership, by=actor)
    update_workspace(workspace=workspace, by=actor, name="Ajax", time_zone="Europe/Berlin")
    assert [(e.action, e.before, e.after) for e in entries(workspace)] == [
        ("member.added", {}, {"role": "viewer"}),
        ("member.changed", {"role": "viewer"}, {"role": "admin"}),
        ("member.removed", {"role": "admin"}, {}),
        (
            "workspace.changed",
            {"name": "Acme", "time_zone": "UTC"},
            {"name": "Ajax", "time_zone": "Europe/Berlin"},
        ),
    ]


def test_the_last_owner_stays(workspace, actor):
    membership = workspace.memberships.get()
    with pytest.raises(LastOwner):
        remove_member(membership=membership, by=actor)
    with pytest.raises(LastOwner):
        change_role(membership=membership, role=Membership.Role.ADMIN, by=actor)
    assert workspace.memberships.get().role == Membership.Role.OWNER


@pytest.mark.parametrize(
    "changes", [{"time_zone": "Europe/Atlantis"}, {"id": 1}], ids=["time zone", "field"]
)
def test_a_wrong_setting_is_refused(workspace, actor, changes):
    with pytest.raises(ValueError, match="unknown"):
        update_workspace(workspace=workspace, by=actor, **changes)


def test_an_unknown_scope_is_refused(workspace, actor):
    with pytest.raises(ValueError, match="events:everything"):
        update_api_key(
            api_key=APIKeyFactory(workspace=workspace), by=actor, scopes=["events:everything"]
        )


def test_a_stale_copy_of_an_owner_cannot_be_the_last_to_go(workspace, actor):
    stale = add_member(workspace=workspace, user=UserFactory(), role="member", by=actor)
    fresh = Membership.objects.get(pk=stale.pk)
    change_role(membership=fresh, role=Membership.Role.OWNER, by=actor)
    first = workspace.memberships.exclude(pk=stale.pk).get()
    change_role(membership=first, role=Membership.Role.ADMIN, by=actor)
    with pytest.raises(LastOwner):
        remove_member(membership=stale, by=actor)


def test_a_stale_copy_of_a_revoked_key_cannot_be_rotated(workspace, actor):
    api_key = APIKeyFactory(workspace=workspace)
    stale = APIKey.objects.in_workspace(workspace.id).get(id=api_key.id)
    revoke_api_key(api_key=api_key, by=actor)
    with pytest.raises(ValueError, match="revoked"):
        rotate_api_key(api_key=stale, by=actor)
