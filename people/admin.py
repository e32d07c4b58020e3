"""People, to be read."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString
from unfold.decorators import display

from people.activity import attach_seen
from people.models import Person, PersonIdentifier
from people.services import find_person_id
from workspaces.admin.fields import NameField
from workspaces.admin.tenants import TenantAdmin, WindowFilters, list_address
from workspaces.admin.text import document, linked, moment, plain


class PersonFilters(WindowFilters):
    q = NameField(required=False, label="Name, e-mail or id")

    field_order = ("q", "since", "until")

    def narrow(self, rows: Any, workspace_id: int) -> Any:
        rows = super().narrow(rows, workspace_id)
        text = self.cleaned_data.get("q")
        if not text:
            return rows
        named = find_person_id(workspace_id, text)
        # What is too long to be a word, or is spelled with spaces, is still found whole.
        return rows.matching(text) | rows.filter(Q(id=named)) if named else rows.matching(text)


@admin.register(Person)
class PersonAdmin(TenantAdmin):
    filters = PersonFilters
    ordering = ["-created_at", "-id"]
    list_display = ["who", "address_of_person", "created", "first_seen", "last_seen"]
    fields = [
        *("who", "other_ids", "id", "address_of_person", "traits_shown"),
        *("created", "updated", "first_seen", "last_seen", "events"),
    ]
    readonly_fields = fields

    def prepare(self, workspace_id: int, rows: Sequence[Any]) -> None:
        attach_seen(workspace_id, rows)

    @display(description="External id")
    def who(self, person: Person) -> SafeString:
        return plain(person.external_id)

    @display(description="Other ids")
    def other_ids(self, person: Person) -> SafeString:
        identifiers = PersonIdentifier.objects.filter(
            workspace_id=person.workspace_id, person_id=person.id
        )
        values = identifiers.exclude(value=person.external_id).values_list("value", flat=True)
        return plain(", ".join(values) or "none")

    @display(description="E-mail")
    def address_of_person(self, person: Person) -> SafeString | None:
        return plain(person.email) if person.email else None

    @display(description="Traits")
    def traits_shown(self, person: Person) -> SafeString:
        return document(person.traits)

    @display(description="Created (UTC)")
    def created(self, person: Person) -> SafeString | None:
        return moment(person.created_at)

    @display(description="Updated (UTC)")
    def updated(self, person: Person) -> SafeString | None:
        return moment(person.updated_at)

    @display(description="First seen (UTC)")
    def first_seen(self, person: Person) -> SafeString | None:
        return moment(person.seen.first)

    @display(description="Last seen (UTC)")
    def last_seen(self, person: Person) -> SafeString | None:
        return moment(person.seen.last)

    @display(description="Events")
    def events(self, person: Person) -> SafeString:
        # By name: this app does not know the one that keeps events.
        address = list_address("events.event", person.workspace_id, person=str(person.id))
        return linked(address, "All events of this person")
