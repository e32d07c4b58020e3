"""The side bar and the first page of the admin; settings.UNFOLD names both."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from workspaces.admin.switcher import remembered_workspace
from workspaces.admin.tenants import list_address
from workspaces.models import Workspace

_MAX_WORKSPACES = 50
_TENANT_LISTS = [
    ("Events", "bolt", "events.event"),
    ("People", "group", "people.person"),
    ("Rejected items", "error", "events.rejecteditem"),
    ("API keys", "key", "workspaces.apikey"),
    ("Audit log", "history", "workspaces.auditentry"),
]

admin.site.index_title = "Overview"


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of links; they stay in the workspace of the page."""
    workspace_id = remembered_workspace(request)
    lists = [_item(title, icon, _list(label, workspace_id)) for title, icon, label in _TENANT_LISTS]
    instance = [
        _item("Overview", "home", reverse("admin:index")),
        _item("Workspaces", "workspaces", _list("workspaces.workspace", None)),
        _item("Users", "manage_accounts", _list("workspaces.user", None)),
        _item("API documentation", "menu_book", reverse("docs")),
    ]
    return [{"title": "Workspace", "items": lists}, {"title": "Instance", "items": instance}]


def index(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the workspaces, oldest first, with the ways into each."""
    found = Workspace.objects.order_by("created_at", "id")[: _MAX_WORKSPACES + 1]
    entries = [
        (each, [(title, list_address(label, each.pk)) for title, _, label in _TENANT_LISTS])
        for each in found[:_MAX_WORKSPACES]
    ]
    return {**context, "entries": entries}


def _item(title: str, icon: str, link: str) -> dict[str, str]:
    return {"title": title, "icon": icon, "link": link}


def _list(label: str, workspace_id: int | None) -> str:
    if workspace_id is not None:
        return list_address(label, workspace_id)
    return reverse(f"admin:{label.replace('.', '_')}_changelist")
