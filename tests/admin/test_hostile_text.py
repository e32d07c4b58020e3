"""Whatever users sent is text, on every page that shows it."""

import json
from html.parser import HTMLParser

import pytest
from django.test import Client

from events.models import Event, RejectedItem
from tests.api.calls import TRACK, post
from tests.factories import APIKeyFactory, EventFactory, UserFactory, WorkspaceFactory
from workspaces.admin.tenants import list_address, row_address
from workspaces.models import APIKey, AuditEntry, Workspace

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</script><!--",
    "{{7*7}}{% debug %}",
    "javascript:alert(1)",
]
OURS = ("/static/", "/admin/")


class Reader(HTMLParser):
    """Notes whatever could act in a page and is none of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.acting: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "img" or (tag == "script" and not (values.get("src") or "").startswith(OURS)):
            self.acting.append(self.get_starttag_text() or tag)
        for name, value in attrs:
            is_script = name in ("href", "src") and (value or "").strip().startswith("javascript")
            if is_script or name.startswith("on"):
                self.acting.append(f"{name}={value}")
            if name == "value":
                self.text += value or ""

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(params=HOSTILE)
def text(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pages(db: None, text: str) -> list[str]:
    """Pages that show the text, as the name of everything that has one."""
    workspace: Workspace = WorkspaceFactory(name=text, owner=UserFactory(email="o@example.com"))
    parameters = {text: text, "list": [text]}
    event: Event = EventFactory(
        workspace=workspace, event=text, external_id=text, parameters=parameters
    )
    key: APIKey = APIKeyFactory(workspace=workspace, name=text)
    entry = AuditEntry.objects.in_workspace(workspace.id).get(action="api_key.created")
    lists = ("events.event", "people.person", "workspaces.apikey", "workspaces.auditentry")
    return [
        *(list_address(label, workspace.id) for label in lists),
        *(row_address(row) for row in (event, event.person, key, entry)),
        *(row_address(key, page) for page in ("edit", "rotate", "revoke")),
        *("/admin/", "/admin/workspaces/workspace/", "/admin/workspaces/apikey/add/"),
        f"/admin/workspaces/workspace/{workspace.id}/change/",
    ]


def test_it_is_shown_and_does_nothing(admin: Client, text: str, pages: list[str]) -> None:
    for address in pages:
        page = admin.get(address).content.decode()
        reader = Reader()
        reader.feed(page)
        assert not reader.acting, address
        assert text in reader.text, address


def test_it_does_nothing_in_messages(admin: Client, text: str, workspace: Workspace) -> None:
    key = APIKeyFactory(workspace=workspace, name=text)
    page = admin.post(row_address(key, "revoke"), follow=True).content.decode()
    reader = Reader()
    reader.feed(page)
    assert "is revoked" in page
    assert not reader.acting


def test_it_does_nothing_in_filters(admin: Client, text: str, workspace: Workspace) -> None:
    query = {"event": text, "person": text, "since": text}
    reader = Reader()
    reader.feed(admin.get("/admin/events/event/", query).content.decode())
    assert not reader.acting


def test_it_does_nothing_in_refused_items(
    admin: Client, text: str, workspace: Workspace, api_client: Client
) -> None:
    for body in (text, json.dumps({text: text})):
        post(api_client, TRACK, body)
    for item in RejectedItem.objects.in_workspace(workspace.id):
        reader = Reader()
        reader.feed(admin.get(row_address(item)).content.decode())
        assert not reader.acting
        assert text in reader.text or json.dumps(text) in reader.text


def test_numbers_are_shown_as_they_were_sent(admin: Client, workspace: Workspace) -> None:
    event = EventFactory(workspace=workspace, parameters={"big": 2**64 + 1})
    assert "18446744073709551617" in admin.get(row_address(event)).content.decode()


def test_every_file_is_ours(admin: Client, workspace: Workspace) -> None:
    page = admin.get("/admin/events/event/").content.decode()
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page
