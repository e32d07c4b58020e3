from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from flameup.api.access import access_of
from flameup.api.filters import NameFilter
from people.models import Person
from people.querysets import PersonQuerySet
from people.services import find_person_id


class PersonSearchForm(forms.Form):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and sum(value is not None for value in data.values()) != 1:
            raise forms.ValidationError({"q": "give exactly one of external_id, email and q."})
        return data


class PersonSearch(django_filters.FilterSet):
    external_id = NameFilter(method="by_identity")
    email = NameFilter(method="by_email")
    q = NameFilter(method="by_words")

    class Meta:
        model = Person
        form = PersonSearchForm
        fields: list[str] = []

    def by_identity(self, people: PersonQuerySet, name: str, value: str) -> PersonQuerySet:
        workspace_id = access_of(self.request).workspace_id
        # The documented client does not escape its query: a plus sign arrives as a space.
        for spelling in dict.fromkeys([value, value.replace(" ", "+")]):
            if person_id := find_person_id(workspace_id, spelling):
                return people.filter(id=person_id)
        return people.none()

    def by_email(self, people: PersonQuerySet, name: str, value: str) -> QuerySet[Any]:
        found = people.with_email(value)
        if " " in value and not found.exists():
            return people.with_email(value.replace(" ", "+"))
        return found

    def by_words(self, people: PersonQuerySet, name: str, value: str) -> PersonQuerySet:
        return people.matching(value)
