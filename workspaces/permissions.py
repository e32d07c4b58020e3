"""What a key may do: in its own workspace, within its scopes."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from flameup.api.access import access_of
from flameup.api.errors import InsufficientScope, WrongWorkspace
from workspaces.models import parse_workspace_id

if TYPE_CHECKING:
    # REST framework loads this module while it defines APIView.
    from rest_framework.views import APIView


class IsInOwnWorkspace(BasePermission):
    """The workspace in the path is the key's; whether another one exists is not told."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        named = view.kwargs.get("workspace_id")
        if named is not None and parse_workspace_id(named) != access_of(request).workspace_id:
            raise WrongWorkspace
        return True


class HasScope(BasePermission):
    """The key has the scope that the view lists for this method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        method = "GET" if request.method == "HEAD" else request.method
        scope = view.scopes.get(method)  # type: ignore[attr-defined]
        if scope is not None and scope not in access_of(request).scopes:
            raise InsufficientScope(scope)
        return True
