"""API keys: make, change, rotate and revoke them; a secret is shown in one answer alone."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from workspaces.admin.base import FormPage, posted
from workspaces.admin.fields import (
    ChecksField,
    FutureField,
    MomentField,
    NameField,
    SelectField,
    WholeNumberField,
)
from workspaces.admin.switcher import switcher_of
from workspaces.admin.tenants import TenantAdmin, list_address, row_address
from workspaces.admin.text import moment, plain
from workspaces.audit import Actor
from workspaces.models import APIKey, Workspace, new_uuid
from workspaces.scopes import ALL_SCOPES
from workspaces.services import create_api_key, revoke_api_key, rotate_api_key, update_api_key

_GRACES = {
    "0": ("at once", timedelta(0)),
    "1h": ("in an hour", timedelta(hours=1)),
    "1d": ("in a day", timedelta(days=1)),
    "7d": ("in 7 days", timedelta(days=7)),
    "30d": ("in 30 days", timedelta(days=30)),
}


class OnceForm(forms.Form):
    """A form that makes one key, however often it is sent: it says the id of the key to come."""

    key_id = forms.UUIDField(widget=forms.HiddenInput, initial=new_uuid)


class KeyForm(forms.Form):
    name = NameField(max_length=255, help_text="Where the key is used.")
    scopes = ChecksField(choices=[(scope, scope) for scope in ALL_SCOPES])
    rate_limit = WholeNumberField(
        label="Rate limit", initial=1000, help_text="Requests a second; 0 for no limit."
    )
    expires_at = MomentField(
        label="Expires (UTC)", required=False, help_text="Empty for a key that does not expire."
    )


class NewKeyForm(KeyForm, OnceForm):
    workspace = SelectField()
    mode = SelectField(
        choices=APIKey.Mode.choices,
        help_text="What a test key sends is checked and answered, and not stored.",
    )
    expires_at = FutureField(
        label="Expires (UTC)", required=False, help_text="Empty for a key that does not expire."
    )

    field_order = ("workspace", "name", "mode", "scopes", "rate_limit", "expires_at")


class RotateForm(OnceForm):
    grace = SelectField(
        label="The present key ends", choices=[(name, text) for name, (text, _) in _GRACES.items()]
    )


@admin.register(APIKey)
class APIKeyAdmin(TenantAdmin):
    # By the time inside the id, along the table's own key.
    ordering = ["-id"]
    list_display = ["label", "public_part", "state", "scope_list", "used", "expires"]
    fields = [
        *("label", "public_part", "state", "mode", "scope_list", "limit"),
        *("created", "creator", "used", "expires", "revoked"),
    ]
    readonly_fields = fields
    actions_detail = ["edit", "rotate", "revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        actions: list[Any] = super().get_actions_detail(request, object_id)
        key = self.get_object(request, object_id)
        is_usable = key is not None and key.is_usable_at(timezone.now())
        return actions if is_usable else actions[:1]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        switcher = switcher_of(request)
        kept = {"workspace": switcher.chosen and switcher.chosen.public_id}
        form = NewKeyForm(posted(request), initial={**kept, "scopes": ALL_SCOPES})
        workspace_field = form.fields["workspace"]
        assert isinstance(workspace_field, forms.ChoiceField)  # noqa: S101 - for the type checker
        workspace_field.choices = switcher.choices

        def run() -> HttpResponseBase:
            data = form.cleaned_data
            workspace = switcher.find(data["workspace"])
            try:
                key, token = create_api_key(
                    **{**data, "workspace": workspace}, by=Actor.of_request(request)
                )
            except IntegrityError:
                return self._made_before(request, workspace, data["key_id"])
            return self._show_secret(request, key, token)

        page = FormPage(
            "New API key", "Create key", form, run, back=self._list_address(switcher.chosen)
        )
        return page.answer(request, self)

    @action(description="Change", url_path="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        key = self._key(request, object_id)
        kept = {name: getattr(key, name) for name in KeyForm.base_fields}
        form = KeyForm(posted(request), initial=kept)

        def run() -> HttpResponseBase:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            if changes:
                update_api_key(api_key=key, by=Actor.of_request(request), **changes)
            return redirect(row_address(key))

        page = FormPage(f"Change {key}", "Save", form, run, back=row_address(key))
        return page.answer(request, self)

    @action(description="Rotate", url_path="rotate")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        key = self._key(request, object_id)
        form = RotateForm(posted(request), initial={"grace": "1d"})

        def run() -> HttpResponseBase:
            data = form.cleaned_data
            _, grace = _GRACES[data["grace"]]
            # The service would rather say that the key has ended, by the first sending itself.
            if self.find(key.workspace_id, data["key_id"]) is not None:
                return self._made_before(request, key.workspace, data["key_id"])
            try:
                successor, token = rotate_api_key(
                    api_key=key,
                    grace=grace,
                    successor_id=data["key_id"],
                    by=Actor.of_request(request),
                )
            except IntegrityError:
                return self._made_before(request, key.workspace, data["key_id"])
            return self._show_secret(request, successor, token)

        page = FormPage(
            title=f"Rotate {key}",
            button="Rotate key",
            form=form,
            run=run,
            back=row_address(key),
            intro="A new key with the same name, scopes and limit takes its place.",
        )
        return page.answer(request, self)

    @action(description="Revoke", url_path="revoke")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        key = self._key(request, object_id)

        def run() -> HttpResponseBase:
            revoke_api_key(api_key=key, by=Actor.of_request(request))
            messages.success(request, f"{key} is revoked.")
            return redirect(row_address(key))

        page = FormPage(
            title=f"Revoke {key}?",
            button="Revoke key",
            form=forms.Form(posted(request)),
            run=run,
            back=row_address(key),
            intro="Whatever uses it is refused from now on. This cannot be undone.",
            is_dangerous=True,
        )
        return page.answer(request, self)

    @display(description="Name")
    def label(self, key: APIKey) -> SafeString:
        return plain(key.name)

    @display(description="Key")
    def public_part(self, key: APIKey) -> str:
        return f"{key.public_part}.…"

    @display(
        description="State", label={"active": "success", "expired": "warning", "revoked": "danger"}
    )
    def state(self, key: APIKey) -> str:
        if key.revoked_at is not None:
            return "revoked"
        return "active" if key.is_usable_at(timezone.now()) else "expired"

    @display(description="Scopes")
    def scope_list(self, key: APIKey) -> str:
        return "all" if set(key.scopes) == set(ALL_SCOPES) else ", ".join(key.scopes)

    @display(description="Rate limit")
    def limit(self, key: APIKey) -> str:
        return f"{key.rate_limit:,} requests a second" if key.rate_limit else "none"

    @display(description="Created (UTC)")
    def created(self, key: APIKey) -> SafeString | None:
        return moment(key.created_at)

    @display(description="Created by", empty_value="a command")
    def creator(self, key: APIKey) -> SafeString | None:
        return plain(key.created_by) if key.created_by else None

    @display(description="Last used (UTC)", empty_value="never")
    def used(self, key: APIKey) -> SafeString | None:
        return moment(key.last_used_at)

    @display(description="Expires (UTC)", empty_value="never")
    def expires(self, key: APIKey) -> SafeString | None:
        return moment(key.expires_at)

    @display(description="Revoked (UTC)", empty_value="no")
    def revoked(self, key: APIKey) -> SafeString | None:
        return moment(key.revoked_at)

    def _key(self, request: HttpRequest, object_id: str) -> APIKey:
        key = self.get_object(request, object_id)
        if not isinstance(key, APIKey):
            raise Http404("There is no such key.")
        return key

    def _show_secret(self, request: HttpRequest, key: APIKey, token: str) -> HttpResponseBase:
        """Answer with the secret, at once: a redirect would have to keep it somewhere."""
        address = row_address(key)
        return self.show_page(
            request, "admin/secret.html", title="New API key", key=key, token=token, address=address
        )

    def _made_before(
        self, request: HttpRequest, workspace: Workspace, key_id: UUID
    ) -> HttpResponseBase:
        messages.warning(
            request, "This form was sent before. The key exists; its secret was shown once."
        )
        key = self.find(workspace.pk, key_id)
        return redirect(row_address(key) if key else self._list_address(workspace))

    def _list_address(self, workspace: Workspace | None) -> str:
        if workspace is None:
            return self.address("changelist")
        return list_address(self.opts.label_lower, workspace.pk)
