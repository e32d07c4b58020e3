"""Events, to be read, and refused items, to be replayed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from events.models import Event, RejectedItem
from events.services import masked, replay_rejected_item
from flameup.api.errors import APIError
from flameup.api.ids import format_event_id, parse_event_id
from people.models import Person
from people.services import find_person_id
from workspaces.admin.base import FormPage, posted
from workspaces.admin.fields import NameField
from workspaces.admin.tenants import TenantAdmin, WindowFilters, row_address
from workspaces.admin.text import document, linked, moment, plain, short
from workspaces.audit import Actor


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


class RejectedItemFilters(WindowFilters):
    time_field = "received_at"


class CorrectionForm(forms.Form):
    correction = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget,
        label="The event as it should have been, in JSON",
        help_text="Empty to take the item as it came.",
    )


@admin.register(RejectedItem)
class RejectedItemAdmin(TenantAdmin):
    filters = RejectedItemFilters
    ordering = ["-received_at", "-id"]
    list_display = ["time", "reason", "why", "became"]
    fields = ["time", "reason", "why", "became", "item"]
    readonly_fields = fields
    actions_detail = ["replay"]

    @action(description="Replay", url_path="replay")
    def replay(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        item = self.get_object(request, object_id)
        if item is None:
            raise Http404("There is no such item.")
        form = CorrectionForm(posted(request))

        def run() -> HttpResponseBase:
            try:
                event_id = replay_rejected_item(
                    workspace_id=item.workspace_id,
                    item_id=item.id,
                    by=Actor.of_request(request),
                    correction=form.cleaned_data["correction"] or None,
                )
            except APIError as error:
                raise ValueError(error.message) from None
            messages.success(request, f"It is {format_event_id(event_id)} now.")
            return redirect(row_address(item))

        page = FormPage("Replay a refused item", "Replay", form, run, back=row_address(item))
        return page.answer(request, self)

    @display(description="Received (UTC)")
    def time(self, item: RejectedItem) -> SafeString | None:
        return moment(item.received_at)

    @display(description="Reason")
    def reason(self, item: RejectedItem) -> str:
        return str(item)

    @display(description="Message")
    def why(self, item: RejectedItem) -> SafeString:
        return short(masked(item.message.encode()))

    @display(description="Replayed as", empty_value="not yet")
    def became(self, item: RejectedItem) -> str | None:
        return format_event_id(item.event_id) if item.event_id else None

    @display(description="Item")
    def item(self, item: RejectedItem) -> SafeString:
        text = masked(bytes(item.raw))
        try:
            return document(text)
        except msgspec.DecodeError:
            return format_html('<pre class="document" dir="ltr">{}</pre>', text)
