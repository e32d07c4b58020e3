"""The admin of the operators of an instance, over all workspaces."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from workspaces.models import Membership, User, Workspace

admin.site.site_header = admin.site.site_title = "Flameup"


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows; they are changed by the services behind pages, API and commands."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["email", "name", "is_staff", "is_active", "last_login"]
    search_fields = ["email", "name"]


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    list_display = ["name", "public_id", "created_at"]
    search_fields = ["name"]


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["user", "workspace", "role"]
    list_select_related = ["user", "workspace"]
