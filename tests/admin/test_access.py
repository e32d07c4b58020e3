"""Every page of the admin, for operators only."""

import pytest
from django.test import Client
from django.urls import reverse

from events.models import Event, RejectedItem
from tests.api.calls import TRACK, post
from tests.factories import EventFactory, UserFactory
from workspaces.admin.tenants import row_address
from workspaces.models import APIKey, AuditEntry, User, Workspace

PASSWORD = "correct horse battery staple"

LISTS = [
    reverse(f"admin:{name}_changelist")
    for name in (
        *("workspaces_workspace", "workspaces_user", "workspaces_apikey"),
        *("workspaces_auditentry", "people_person", "events_event", "events_rejecteditem"),
    )
]


@pytest.fixture
def pages(workspace: Workspace, api_key: APIKey, operator: User, api_client: Client) -> list[str]:
    """The addresses of all pages, each with something to show."""
    post(api_client, TRACK, {})
    item = RejectedItem.objects.in_workspace(workspace.id).get()
    event: Event = EventFactory(workspace=workspace)
    entry = AuditEntry.objects.in_workspace(workspace.id).first()
    owner = workspace.memberships.get()
    member = f"/admin/workspaces/workspace/{workspace.id}/members/{owner.user_id}"
    forms = ["workspaces_workspace", "workspaces_user", "workspaces_apikey"]
    actions = {
        "workspaces_workspace": (workspace.id, ["change", "new_member", "edit"]),
        "workspaces_user": (operator.id, ["change", "edit", "password", "history"]),
    }
    return [
        *LISTS,
        reverse("admin:index"),
        reverse("admin:password_change"),
        *(reverse(f"admin:{name}_add") for name in forms),
        *(reverse(f"admin:{n}_{page}", args=[i]) for n, (i, ps) in actions.items() for page in ps),
        *(row_address(api_key, page) for page in ("change", "edit", "rotate", "revoke")),
        *(row_address(row) for row in (entry, event, event.person, item)),
        row_address(item, "replay"),
        *(f"{member}/{page}/" for page in ("role", "remove")),
    ]


def test_operators_see_every_page(admin: Client, pages: list[str]) -> None:
    assert {page: admin.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)


def test_nobody_else_sees_any(client: Client, pages: list[str]) -> None:
    client.force_login(UserFactory())
    assert {client.get(page).headers.get("Location", "")[:20] for page in pages} == {
        "/admin/login/?next=/"
    }


def test_without_signing_in_there_is_only_the_login_page(client: Client, pages: list[str]) -> None:
    answers = [client.get(page) for page in pages]
    assert {answer.status_code for answer in answers} == {302}
    assert all(answer["Location"].startswith("/admin/login/") for answer in answers)


def test_users_who_may_not_sign_in_any_more_are_out(admin: Client, operator: User) -> None:
    operator.is_active = False
    operator.save()
    assert admin.get("/admin/").status_code == 302


def test_nothing_can_be_written_around_the_services(admin: Client, pages: list[str]) -> None:
    changes = [page for page in pages if page.endswith("/change/")]
    assert {admin.post(page, {"name": "x"}).status_code for page in changes} == {403}
    deletes = [page.replace("/change/", "/delete/") for page in changes]
    assert {admin.post(page, {"post": "yes"}).status_code for page in deletes} == {403}


def test_people_and_events_cannot_be_added(admin: Client) -> None:
    names = ("people_person", "events_event", "events_rejecteditem", "workspaces_auditentry")
    answers = [admin.post(reverse(f"admin:{name}_add")) for name in names]
    assert {answer.status_code for answer in answers} == {403}


@pytest.fixture
def somebody(db: None) -> User:
    return UserFactory(email="somebody@example.com", password=PASSWORD, operator=True)


def test_signing_in_and_out(client: Client, somebody: User) -> None:
    page = client.get("/admin/login/")
    assert "Flameup" in page.content.decode()
    form = {"username": somebody.email, "password": PASSWORD}
    answer = client.post("/admin/login/?next=/admin/", form)
    assert answer["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert client.post("/admin/logout/").status_code in (200, 302)
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("target", ["//evil.com", "https://evil.com/", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(client: Client, somebody: User, target: str) -> None:
    form = {"username": somebody.email, "password": PASSWORD, "next": target}
    assert client.post("/admin/login/", form)["Location"] == "/admin/"


def test_a_form_without_its_token_leads_back(operator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    answer = client.post("/admin/workspaces/user/add/", {"email": "x@example.com"})
    assert answer.status_code == 403
    assert 'href="/admin/workspaces/user/add/"' in answer.content.decode()
