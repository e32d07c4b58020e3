"""Who changed what, to be read."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString
from unfold.decorators import display

from flameup.api.exact_json import dumps
from workspaces.admin.fields import NameField
from workspaces.admin.tenants import TenantAdmin, WindowFilters
from workspaces.admin.text import document, moment, plain, short
from workspaces.models import AuditEntry


class AuditFilters(WindowFilters):
    q = NameField(required=False, label="Who, what or which")

    field_order = ("q", "since", "until")

    def narrow(self, rows: Any, workspace_id: int) -> Any:
        rows = super().narrow(rows, workspace_id)
        text = self.cleaned_data.get("q")
        if not text:
            return rows
        fields = ("action", "target", "actor_label")
        return rows.filter(Q.create([(f"{name}__icontains", text) for name in fields], Q.OR))


@admin.register(AuditEntry)
class AuditEntryAdmin(TenantAdmin):
    filters = AuditFilters
    ordering = ["-created_at", "-id"]
    list_display = ["time", "who", "action", "what", "address_of_actor", "change"]
    fields = ["time", "who", "address", "request_id", "action", "what", "was", "became"]
    readonly_fields = fields

    @display(description="Time (UTC)")
    def time(self, entry: AuditEntry) -> SafeString | None:
        return moment(entry.created_at)

    @display(description="Who")
    def who(self, entry: AuditEntry) -> SafeString:
        return plain(entry.actor_label)

    @display(description="Which")
    def what(self, entry: AuditEntry) -> SafeString:
        return plain(entry.target)

    @display(description="Address")
    def address_of_actor(self, entry: AuditEntry) -> str | None:
        return entry.address

    @display(description="Now")
    def change(self, entry: AuditEntry) -> SafeString:
        return short(dumps(entry.after) if entry.after else "-")

    @display(description="Before")
    def was(self, entry: AuditEntry) -> SafeString:
        return document(dumps(entry.before))

    @display(description="After")
    def became(self, entry: AuditEntry) -> SafeString:
        return document(dumps(entry.after))
