from typing import Any

import pytest
from django.test import Client

from tests.factories import UserFactory
from workspaces.models import AuditEntry, Membership, User, Workspace
from workspaces.services import add_member

ADD = "/admin/workspaces/workspace/add/"


def page_of(workspace: Workspace, page: str) -> str:
    return f"/admin/workspaces/workspace/{workspace.pk}/{page}/"


def member_page(membership: Membership, page: str) -> str:
    return page_of(membership.workspace, f"members/{membership.user_id}/{page}")


def last_entry(workspace: Workspace) -> Any:
    return AuditEntry.objects.in_workspace(workspace.id).order_by("-created_at", "-id")[0]


@pytest.fixture
def ann(workspace: Workspace) -> Membership:
    return add_member(workspace=workspace, user=UserFactory(email="ann@example.com"), role="member")


def test_a_new_workspace_has_an_owner(admin: Client, operator: User) -> None:
    admin.post(ADD, {"name": "Initech", "owner": "OP@example.com"})
    workspace = Workspace.objects.get(name="Initech")
    assert workspace.memberships.get().user == operator
    assert last_entry(workspace).actor_label == "op@example.com"


@pytest.mark.parametrize(("name", "owner"), [("", "op@example.com"), ("x", "nobody@example.com")])
def test_a_wrong_field_makes_no_workspace(admin: Client, name: str, owner: str) -> None:
    admin.post(ADD, {"name": name, "owner": owner})
    assert not Workspace.objects.exists()


def test_changing_the_settings(admin: Client, workspace: Workspace) -> None:
    admin.post(page_of(workspace, "edit"), {"name": "Acme 2", "time_zone": "Europe/Berlin"})
    workspace.refresh_from_db()
    assert (workspace.name, workspace.time_zone) == ("Acme 2", "Europe/Berlin")
    entry = last_entry(workspace)
    assert (entry.action, entry.before) == (
        "workspace.changed",
        {"name": "Acme", "time_zone": "UTC"},
    )


def test_an_unknown_time_zone_changes_nothing(admin: Client, workspace: Workspace) -> None:
    admin.post(page_of(workspace, "edit"), {"name": "Acme 2", "time_zone": "Mars/Olympus"})
    workspace.refresh_from_db()
    assert workspace.name == "Acme"


def test_adding_a_member(admin: Client, workspace: Workspace) -> None:
    user = UserFactory(email="ann@example.com")
    admin.post(page_of(workspace, "new-member"), {"user": "Ann@example.com", "role": "viewer"})
    assert workspace.memberships.get(user=user).role == "viewer"
    assert last_entry(workspace).action == "member.added"


@pytest.mark.parametrize(
    ("email", "message"),
    [("ann@example.com", "a member already"), ("nobody@example.com", "Nobody has an account")],
)
def test_who_cannot_be_added(
    admin: Client, workspace: Workspace, ann: Membership, email: str, message: str
) -> None:
    answer = admin.post(page_of(workspace, "new-member"), {"user": email, "role": "viewer"})
    assert message in answer.content.decode()


def test_changing_a_role(admin: Client, ann: Membership) -> None:
    admin.post(member_page(ann, "role"), {"role": "admin"})
    ann.refresh_from_db()
    assert ann.role == "admin"
    assert last_entry(ann.workspace).before == {"role": "member"}


def test_removing_a_member(admin: Client, ann: Membership) -> None:
    assert "ann@example.com" in admin.get(member_page(ann, "remove")).content.decode()
    admin.post(member_page(ann, "remove"))
    assert not Membership.objects.filter(pk=ann.pk).exists()
    assert last_entry(ann.workspace).action == "member.removed"


@pytest.mark.parametrize(("page", "form"), [("role", {"role": "viewer"}), ("remove", {})])
def test_the_last_owner_stays(
    admin: Client, workspace: Workspace, page: str, form: dict[str, str]
) -> None:
    owner = workspace.memberships.get()
    answer = admin.post(member_page(owner, page), form)
    assert "at least one owner" in answer.content.decode()
    assert workspace.memberships.get().role == "owner"


@pytest.mark.parametrize("number", ["0", "x", "%00", "9" * 30])
def test_workspaces_that_do_not_exist(admin: Client, number: str) -> None:
    for page in ("change", "edit", "new-member", "members/1/role"):
        address = f"/admin/workspaces/workspace/{number}/{page}/"
        assert admin.get(address).status_code in (302, 404)
