"""Events, to be read."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.decorators import display

from events.models import Event
from flameup.api.ids import format_event_id, parse_event_id
from people.models import Person
from people.services import find_person_id
from workspaces.admin.fields import NameField
from workspaces.admin.tenants import TenantAdmin, WindowFilters, row_address
from workspaces.admin.text import document, linked, moment, plain, short


class EventFilters(WindowFilters):
    time_field = "timestamp"

    event = NameField(required=False, label="Event or evt_… id")
    person = NameField(required=False, label="Person: id or e-mail")

    field_order = ("event", "person", "since", "until")

    def narrow(self, rows: Any, workspace_id: int) -> Any:
        rows = super().narrow(rows, workspace_id)
        if event := self.cleaned_data.get("event"):
            event_id = parse_event_id(event)
            rows = rows.with_id(event_id) if event_id else rows.named(event)
        if person := self.cleaned_data.get("person"):
            rows = _about(rows, workspace_id, person)
        return rows


@admin.register(Event)
class EventAdmin(TenantAdmin):
    filters = EventFilters
    ordering = ["-timestamp", "-id"]
    list_display = ["time", "name", "who", "origin", "summary"]
    fields = [
        *("event", "who", "time", "received", "origin", "public_id"),
        *("parameters_shown", "context_shown"),
    ]
    readonly_fields = fields

    def find(self, workspace_id: int, row_id: UUID) -> Any:
        return Event.objects.in_workspace(workspace_id).with_id(row_id).first()

    def prepare(self, workspace_id: int, rows: Sequence[Any]) -> None:
        """Give each event its person; one that is gone leaves the id."""
        ids = {event.person_id for event in rows}
        people = Person.objects.in_workspace(workspace_id).filter(id__in=ids)
        known = {person.id: person for person in people.only("id", "workspace_id", "external_id")}
        for event in rows:
            event.person_shown = known.get(event.person_id)

    @display(description="Time (UTC)")
    def time(self, event: Event) -> SafeString | None:
        return moment(event.timestamp)

    @display(description="Event")
    def name(self, event: Event) -> SafeString:
        return short(event.event)

    @display(description="Person")
    def who(self, event: Any) -> SafeString:
        person = event.person_shown
        if person is None:
            return plain(event.person_id)
        return linked(row_address(person), short(person.external_id))

    @display(description="Received (UTC)")
    def received(self, event: Event) -> SafeString | None:
        return moment(event.created_at)

    @display(description="Source", label=True)
    def origin(self, event: Event) -> str:
        return event.source

    @display(description="Parameters")
    def summary(self, event: Event) -> SafeString:
        return short(event.parameters)

    @display(description="Id")
    def public_id(self, event: Event) -> str:
        return format_event_id(event.id)

    @display(description="Parameters")
    def parameters_shown(self, event: Event) -> SafeString:
        return document(event.parameters)

    @display(description="Context")
    def context_shown(self, event: Event) -> SafeString:
        return document(event.context)


def _about(rows: Any, workspace_id: int, identity: str) -> Any:
    person_id = find_person_id(workspace_id, identity)
    return rows.about([person_id]) if person_id else rows.none()
