"""Workspaces, their settings and their members."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from workspaces.admin.base import FormPage, OperatorAdmin, posted, refuse_nul
from workspaces.admin.fields import EmailField, NameField, SelectField
from workspaces.admin.switcher import find_workspace, remember_workspace
from workspaces.admin.tenants import list_address
from workspaces.admin.text import linked, moment
from workspaces.audit import Actor
from workspaces.models import Membership, User, Workspace, parse_workspace_id
from workspaces.services import (
    add_member,
    change_role,
    create_workspace,
    remove_member,
    update_workspace,
)

_MAX_MEMBERS = 500


@cache
def _time_zones() -> list[tuple[str, str]]:
    return [(zone, zone) for zone in sorted(available_timezones())]


class UserEmailField(EmailField):
    """The e-mail of an account, which it becomes."""

    def clean(self, value: Any) -> Any:
        email = super().clean(value)
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            raise ValidationError("Nobody has an account with this address.")
        return user


class NewWorkspaceForm(forms.Form):
    name = NameField(max_length=255)
    owner = UserEmailField(label="Owner's e-mail", help_text="The address of an account.")


class WorkspaceForm(forms.Form):
    name = NameField(max_length=255)
    time_zone = SelectField(
        choices=lambda: [(zone, zone) for zone in sorted(available_timezones())]
    )


class RoleForm(forms.Form):
    role = SelectField(choices=Membership.Role.choices)


class NewMemberForm(RoleForm):
    user = UserEmailField(label="E-mail", help_text="The address of an account.")

    field_order = ("user", "role")

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace

    def clean_user(self) -> User:
        user: User = self.cleaned_data["user"]
        if self.workspace.memberships.filter(user=user).exists():
            raise ValidationError("This user is a member already.")
        return user


@admin.register(Workspace)
class WorkspaceAdmin(OperatorAdmin):
    list_display = [
        "name",
        "public_id",
        "member_total",
        "events",
        "people",
        "keys",
        "audit",
        "created",
    ]
    search_fields = ["name"]
    search_help_text = "Name or ws_… id"
    ordering = ["created_at", "id"]
    fields = ["name", "public_id", "time_zone", "created"]
    readonly_fields = fields
    change_form_outer_after_template = "admin/members.html"
    actions_detail = ["new_member", "edit"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(member_count=Count("memberships"))
        return counted

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        number = parse_workspace_id(search_term.strip())
        if number is not None:
            return queryset.filter(pk=number), False
        return super().get_search_results(request, queryset, search_term)

    def get_urls(self) -> list[URLPattern]:
        pages = [("role", self.member_role), ("remove", self.member_remove)]
        own = [
            path(
                f"<int:workspace_id>/members/<int:user_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"workspaces_workspace_member_{name}",
            )
            for name, view in pages
        ]
        return [*own, *super().get_urls()]

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        workspace = super().get_object(request, object_id, from_field)
        if workspace is not None:
            remember_workspace(request, workspace.pk)
        return workspace

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> HttpResponse:
        members = kwargs["obj"].memberships.select_related("user").order_by("user__email")
        context["members"] = members[:_MAX_MEMBERS]
        page: HttpResponse = super().render_change_form(request, context, **kwargs)
        return page

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = NewWorkspaceForm(posted(request), initial={"owner": str(request.user)})

        def run() -> HttpResponseBase:
            workspace = create_workspace(**form.cleaned_data, by=Actor.of_request(request))
            return redirect(self.address("change", workspace.pk))

        back = self.address("changelist")
        return FormPage("New workspace", "Create workspace", form, run, back).answer(request, self)

    @action(description="Change", url_path="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        workspace = self._workspace(request, object_id)
        kept = {"name": workspace.name, "time_zone": workspace.time_zone}
        form = WorkspaceForm(posted(request), initial=kept)
        back = self.address("change", workspace.pk)

        def run() -> HttpResponseBase:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            if changes:
                by = Actor.of_request(request)
                update_workspace(workspace=workspace, by=by, **changes)
            return redirect(back)

        return FormPage(f"Change {workspace}", "Save", form, run, back).answer(request, self)

    @action(description="Add a member", url_path="new-member")
    def new_member(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        workspace = self._workspace(request, object_id)
        kept = {"role": Membership.Role.MEMBER}
        form = NewMemberForm(posted(request), initial=kept, workspace=workspace)
        back = self.address("change", workspace.pk)

        def run() -> HttpResponseBase:
            by = Actor.of_request(request)
            add_member(workspace=workspace, **form.cleaned_data, by=by)
            return redirect(back)

        page = FormPage(f"Add a member to {workspace}", "Add member", form, run, back)
        return page.answer(request, self)

    def member_role(
        self, request: HttpRequest, workspace_id: int, user_id: int
    ) -> HttpResponseBase:
        membership = _find_membership(request, workspace_id, user_id)
        form = RoleForm(posted(request), initial={"role": membership.role})
        back = self.address("change", workspace_id)

        def run() -> HttpResponseBase:
            role = form.cleaned_data["role"]
            change_role(membership=membership, role=role, by=Actor.of_request(request))
            return redirect(back)

        return FormPage(f"Role of {membership}", "Save", form, run, back).answer(request, self)

    def member_remove(
        self, request: HttpRequest, workspace_id: int, user_id: int
    ) -> HttpResponseBase:
        membership = _find_membership(request, workspace_id, user_id)
        back = self.address("change", workspace_id)

        def run() -> HttpResponseBase:
            remove_member(membership=membership, by=Actor.of_request(request))
            messages.success(request, f"{membership.user} is no longer a member.")
            return redirect(back)

        page = FormPage(
            title=f"Remove {membership}?",
            button="Remove member",
            form=forms.Form(posted(request)),
            run=run,
            back=back,
            intro="The account stays; it can be added again.",
            is_dangerous=True,
        )
        return page.answer(request, self)

    @display(description="Id")
    def public_id(self, workspace: Workspace) -> str:
        return workspace.public_id

    @display(description="Members")
    def member_total(self, workspace: Any) -> int:
        count: int = workspace.member_count
        return count

    @display(description="Events")
    def events(self, workspace: Workspace) -> SafeString:
        return linked(list_address("events.event", workspace.pk), "Events")

    @display(description="People")
    def people(self, workspace: Workspace) -> SafeString:
        return linked(list_address("people.person", workspace.pk), "People")

    @display(description="API keys")
    def keys(self, workspace: Workspace) -> SafeString:
        return linked(list_address("workspaces.apikey", workspace.pk), "API keys")

    @display(description="Audit log")
    def audit(self, workspace: Workspace) -> SafeString:
        return linked(list_address("workspaces.auditentry", workspace.pk), "Audit log")

    @display(description="Created (UTC)")
    def created(self, workspace: Workspace) -> SafeString | None:
        return moment(workspace.created_at)

    def _workspace(self, request: HttpRequest, object_id: str) -> Workspace:
        refuse_nul(request)
        workspace = find_workspace(object_id)
        remember_workspace(request, workspace.pk)
        return workspace


def _find_membership(request: HttpRequest, workspace_id: int, user_id: int) -> Membership:
    remember_workspace(request, workspace_id)
    memberships = Membership.objects.select_related("user", "workspace")
    membership = memberships.filter(workspace_id=workspace_id, user_id=user_id).first()
    if membership is None:
        raise Http404("There is no such member.")
    return membership
