"""Which workspace a page is about, out of its address."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from django.http import Http404, HttpRequest

from workspaces.models import Workspace, parse_workspace_id

MAX_OFFERED = 200
_LONGEST_NUMBER = 18


@dataclass(frozen=True)
class Switcher:
    """The workspace that was asked for, and those that are offered."""

    chosen: Workspace | None
    offered: list[Workspace]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The workspaces as a form offers them."""
        return [(each.public_id, f"{each.name} · {each.public_id}") for each in self.offered]

    def find(self, public_id: str) -> Workspace:
        """Return one of the offered workspaces."""
        return next(each for each in self.offered if each.public_id == public_id)


def switcher_of(request: HttpRequest) -> Switcher:
    """Return what `?workspace=` says; the oldest workspace where it says nothing.

    Raises Http404 for a workspace that does not exist.
    """
    kept: Switcher | None = getattr(request, "_switcher", None)
    if kept is None:
        kept = _switch(_requested(request))
        request._switcher = kept  # type: ignore[attr-defined]
    return kept


def find_workspace(text: str) -> Workspace:
    """Return the workspace of this number or public id; raises Http404."""
    number = _number(text)
    workspace = Workspace.objects.filter(pk=number).first() if number is not None else None
    if workspace is None:
        raise Http404("There is no such workspace.")
    return workspace


def remember_workspace(request: HttpRequest, workspace_id: int) -> None:
    """Let the page's links lead to other lists of the same workspace."""
    request._workspace_id = workspace_id  # type: ignore[attr-defined]


def remembered_workspace(request: HttpRequest) -> int | None:
    """Return the workspace of the page, None if it is about no single one."""
    switcher: Any = getattr(request, "_switcher", None)
    if switcher is not None and switcher.chosen is not None:
        return int(switcher.chosen.pk)
    return getattr(request, "_workspace_id", None)


def _switch(requested: str) -> Switcher:
    offered = list(Workspace.objects.order_by("created_at", "id")[:MAX_OFFERED])
    if not requested:
        return Switcher(offered[0] if offered else None, offered)
    number = _number(requested)
    chosen = next((each for each in offered if each.pk == number), None)
    if chosen is None:
        chosen = find_workspace(requested)
        offered.append(chosen)
    return Switcher(chosen, offered)


def _requested(request: HttpRequest) -> str:
    """Return the workspace of the query, or of the list that the page was reached from."""
    before = parse_qs(request.GET.get("_changelist_filters", ""))
    return request.GET.get("workspace") or before.get("workspace", [""])[0]


def _number(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
        return int(text)
    return parse_workspace_id(text)
