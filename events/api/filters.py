from typing import Any

import django_filters
from django import forms

from events.models import Event
from events.querysets import EventQuerySet
from flameup.api.access import access_of
from flameup.api.filters import NameFilter, NamesFilter, TimeFilter, require_order
from people.services import find_person_id


class WindowForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        require_order(data.get("since"), data.get("until"))
        return data


class EventFilters(django_filters.FilterSet):
    event = NamesFilter(method="by_names", help_text="May repeat: any of the names.")
    since = TimeFilter(method="by_since", help_text="Events at or after this time.")
    until = TimeFilter(method="by_until", help_text="Events before this time.")

    class Meta:
        model = Event
        form = WindowForm
        fields: list[str] = []

    def by_names(self, events: EventQuerySet, name: str, value: list[str]) -> EventQuerySet:
        return events.named(*value)

    def by_since(self, events: EventQuerySet, name: str, value: Any) -> EventQuerySet:
        return events.since(value)

    def by_until(self, events: EventQuerySet, name: str, value: Any) -> EventQuerySet:
        return events.until(value)


class WorkspaceEventFilters(EventFilters):
    user_id = NameFilter(method="by_person", help_text="External id, person id or e-mail.")

    def by_person(self, events: EventQuerySet, name: str, value: str) -> EventQuerySet:
        person_id = find_person_id(access_of(self.request).workspace_id, value)
        return events.about([person_id]) if person_id else events.none()
