"""Accounts: create them, change them, set their passwords."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import password_validation, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from workspaces.admin.base import FormPage, OperatorAdmin, posted
from workspaces.admin.fields import CheckField, EmailField, NameField, PasswordField
from workspaces.admin.text import moment, plain
from workspaces.models import User
from workspaces.services import create_user, set_password, update_user

_OPERATOR = "Operators may use this admin, over all workspaces."


class PasswordForm(forms.Form):
    password = PasswordField()
    again = PasswordField(label="Password again")

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        password = data.get("password")
        if password and password != data.get("again"):
            self.add_error("again", "The two passwords differ.")
        elif password:
            self._validate(password, self.user or User(email=data.get("email", "")))
        return data

    def _validate(self, password: str, user: User) -> None:
        try:
            password_validation.validate_password(password, user)
        except ValidationError as error:
            self.add_error("password", error)


class NewUserForm(PasswordForm):
    email = EmailField(label="E-mail")
    is_operator = CheckField(label="Operator", help_text=_OPERATOR)

    field_order = ("email", "password", "again", "is_operator")

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError("There is an account with this address.")
        return email


class UserForm(forms.Form):
    name = NameField(required=False)
    is_active = CheckField(label="Active", help_text="May sign in.")
    is_staff = CheckField(label="Operator", help_text=_OPERATOR)


@admin.register(User)
class UserAdmin(OperatorAdmin):
    list_display = ["email", "name", "is_staff", "is_active", "signed_in", "created"]
    list_filter = ["is_staff", "is_active"]
    search_fields = ["email", "name"]
    search_help_text = "E-mail or name"
    ordering = ["email"]
    fields = ["email", "name", "is_staff", "is_active", "memberships", "signed_in", "created"]
    readonly_fields = fields
    actions_detail = ["edit", "password"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = NewUserForm(posted(request))

        def run() -> HttpResponseBase:
            data = form.cleaned_data
            user = create_user(
                email=data["email"], password=data["password"], is_operator=data["is_operator"]
            )
            self.log_addition(request, user, "Created.")
            messages.success(request, f"{user} may sign in now.")
            return redirect(self.address("change", user.pk))

        page = FormPage("New user", "Create user", form, run, back=self.address("changelist"))
        return page.answer(request, self)

    @action(description="Change", url_path="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        user = self._user(request, object_id)
        kept = {name: getattr(user, name) for name in ("name", "is_active", "is_staff")}
        form = UserForm(posted(request), initial=kept)
        back = self.address("change", user.pk)

        def run() -> HttpResponseBase:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            if changes:
                update_user(user=user, **changes)
                self.log_change(request, user, f"Changed: {changes}")
            return redirect(back)

        return FormPage(f"Change {user}", "Save", form, run, back).answer(request, self)

    @action(description="Set password", url_path="password")
    def password(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        user = self._user(request, object_id)
        form = PasswordForm(posted(request), user=user)
        back = self.address("change", user.pk)

        def run() -> HttpResponseBase:
            set_password(user=user, password=form.cleaned_data["password"])
            if user == request.user:
                update_session_auth_hash(request, user)
            self.log_change(request, user, "Set the password.")
            messages.success(request, f"The password of {user} is changed.")
            return redirect(back)

        intro = "Wherever the user is signed in, they will have to sign in again."
        page = FormPage(f"Set the password of {user}", "Set password", form, run, back, intro)
        return page.answer(request, self)

    @display(description="Last signed in (UTC)", empty_value="never")
    def signed_in(self, user: User) -> SafeString | None:
        return moment(user.last_login)

    @display(description="Created (UTC)")
    def created(self, user: User) -> SafeString | None:
        return moment(user.created_at)

    @display(description="Workspaces")
    def memberships(self, user: User) -> SafeString:
        roles = user.memberships.select_related("workspace").order_by("workspace__name")
        return plain(", ".join(f"{each.workspace} ({each.role})" for each in roles) or "none")

    def _user(self, request: HttpRequest, object_id: str) -> User:
        user = self.get_object(request, object_id)
        if not isinstance(user, User):
            raise Http404
        return user
