"""Lists and pages of rows that belong to a workspace."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.views.main import ERROR_FLAG, PAGE_VAR
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.views import ChangeList

from flameup.api.ids import parse_uuid, to_base36
from workspaces.admin.base import OperatorAdmin, OperatorChangeList
from workspaces.admin.fields import MomentField
from workspaces.admin.switcher import (
    find_workspace,
    remember_workspace,
    switcher_of,
)
from workspaces.models import TenantModel, parse_workspace_id

_LIST_PARAMETERS = {"workspace", PAGE_VAR, ERROR_FLAG, IS_POPUP_VAR, TO_FIELD_VAR}


class TenantFilters(forms.Form):
    """What a list of tenant rows is narrowed by, each field a parameter of its address."""

    def narrow(self, rows: Any, workspace_id: int) -> Any:
        """Return the rows that remain; fields in error count as empty."""
        return rows


class WindowFilters(TenantFilters):
    """Filters with a window of time: from `since` on, before `until`."""

    time_field = "created_at"

    since = MomentField(required=False, label="Since (UTC)")
    until = MomentField(required=False, label="Before (UTC)")

    field_order: Sequence[str] = ()

    def narrow(self, rows: Any, workspace_id: int) -> Any:
        if since := self.cleaned_data.get("since"):
            rows = rows.filter(**{f"{self.time_field}__gte": since})
        if until := self.cleaned_data.get("until"):
            rows = rows.filter(**{f"{self.time_field}__lt": until})
        return rows


class TenantChangeList(OperatorChangeList):
    """A list of one workspace's rows, narrowed by the admin's own form, in one fixed order."""

    def get_filters(self, request: HttpRequest) -> Any:
        # No look-up out of the address reaches the rows but through the form.
        return [], False, {}, False, False

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        self.switcher = switcher_of(request)
        self.form = self.model_admin.filters(request.GET)
        known = _LIST_PARAMETERS | set(self.form.fields)
        if unknown := set(request.GET) - known:
            raise BadRequest(f"Unknown parameters: {', '.join(sorted(unknown))}")
        self.form.full_clean()
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        if self.switcher.chosen is None:
            return rows
        narrowed: QuerySet[Any] = self.form.narrow(rows, self.switcher.chosen.pk)
        return narrowed

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        return list(self.model_admin.ordering)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: Any = self.result_list  # type: ignore[has-type]
        self.result_list = list(rows)
        if self.switcher.chosen is not None:
            self.model_admin.prepare(self.switcher.chosen.pk, self.result_list)

    def url_for_result(self, result: TenantModel) -> str:
        return row_address(result)


class TenantAdmin(OperatorAdmin):
    """Shows the rows of one workspace at a time, so that every query names it.

    A list is of the workspace in `?workspace=`; a row's address begins with its
    workspace: `<workspace>-<uuid>`.
    """

    filters: type[TenantFilters] = TenantFilters
    sortable_by = ()
    list_before_template = "admin/tenant_filters.html"
    change_form_template = "admin/tenant_row.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TenantChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        workspace = switcher_of(request).chosen
        if workspace is None:
            none: QuerySet[Any] = self.model._default_manager.none()
            return none
        return self.in_workspace(workspace.pk)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        parts = parse_row_id(object_id)
        if parts is None:
            return None
        workspace_id, row_id = parts
        remember_workspace(request, workspace_id)
        row = self.find(workspace_id, row_id)
        if row is not None:
            self.prepare(workspace_id, [row])
        return row

    def in_workspace(self, workspace_id: int) -> QuerySet[Any]:
        """Return the rows of a workspace."""
        rows: Any = self.model._default_manager
        found: QuerySet[Any] = rows.in_workspace(workspace_id)
        return found

    def find(self, workspace_id: int, row_id: UUID) -> Any:
        """Return the row, None if there is none."""
        return self.in_workspace(workspace_id).filter(pk=row_id).first()

    def prepare(self, workspace_id: int, rows: Sequence[Any]) -> None:
        """Fetch what is shown beside these rows of one workspace, for all at once."""

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> HttpResponse:
        row = kwargs["obj"]
        # The breadcrumbs would make an address of the row's id alone; a text has none.
        context["original"] = str(row)
        context["workspace"] = find_workspace(str(row.workspace_id))
        context["list_address"] = list_address(self.opts.label_lower, row.workspace_id)
        page: HttpResponse = super().render_change_form(request, context, **kwargs)
        return page


def list_address(label: str, workspace_id: int, **filters: str) -> str:
    """Return the address of the list of `people.person`, say, in a workspace."""
    query = urlencode({"workspace": f"ws_{to_base36(workspace_id)}", **filters})
    return reverse(f"admin:{label.replace('.', '_')}_changelist") + f"?{query}"


def row_address(row: TenantModel, page: str = "change") -> str:
    """Return the address of a row's page."""
    name = row._meta.label_lower.replace(".", "_")
    return reverse(f"admin:{name}_{page}", args=[row_id(row.workspace_id, row.pk)])


def row_id(workspace_id: int, identifier: UUID) -> str:
    """Return what names a row in an address."""
    return f"{to_base36(workspace_id)}-{identifier}"


def parse_row_id(text: str) -> tuple[int, UUID] | None:
    """Return the workspace and the id in it; None if the text can be no row's."""
    workspace, _, identifier = text.partition("-")
    workspace_id, parsed = parse_workspace_id(f"ws_{workspace}"), parse_uuid(identifier)
    return None if workspace_id is None or parsed is None else (workspace_id, parsed)
