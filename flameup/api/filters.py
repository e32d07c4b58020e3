"""Filters of lists: every query parameter is known and valid, or the answer is 400."""

from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request
from rest_framework.views import APIView

from flameup.api.errors import Detail, ValidationFailed
from flameup.api.text import strip_name
from flameup.api.times import parse_query_time

PAGE_PARAMETERS = frozenset({"limit", "offset", "cursor"})


class StrictFilterBackend(DjangoFilterBackend):
    """Refuses what the view's filterset and paginator do not know, and names what they do."""

    def filter_queryset(self, request: Request, queryset: Any, view: APIView) -> Any:
        filterset = self.get_filterset(request, queryset, view)
        names = set(filterset.filters) if filterset is not None else set()
        reject_unknown_parameters(request, names | PAGE_PARAMETERS)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise ValidationFailed(details=_details(filterset.errors))
        return filterset.qs


class TimeField(forms.Field):
    """A time in a query string."""

    def clean(self, value: Any) -> datetime | None:
        if value is None:
            return None
        try:
            return parse_query_time(value)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


@extend_schema_field(OpenApiTypes.DATETIME)
class TimeFilter(django_filters.Filter):
    field_class = TimeField


class NameField(forms.Field):
    """Text that may hold whatever a client sends, but for NUL, which PostgreSQL cannot look up."""

    def clean(self, value: Any) -> str | None:
        if value is None:
            return None
        return clean_query_text(value)


@extend_schema_field(OpenApiTypes.STR)
class NameFilter(django_filters.Filter):
    field_class = NameField


class NamesWidget(forms.Widget):
    """Reads all the values of a parameter that may be repeated."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str] | None:
        return data.getlist(name) if name in data else None


class NamesField(forms.Field):
    """A parameter that may be given several times: any of its values."""

    widget = NamesWidget

    def clean(self, value: Any) -> list[str] | None:
        return None if value is None else [clean_query_text(name) for name in value]


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class NamesFilter(django_filters.Filter):
    field_class = NamesField


def clean_query_text(value: str) -> str:
    """Return the text without outer spaces; raises forms.ValidationError for a NUL or nothing."""
    text = strip_name(value)
    if "\x00" in text:
        raise forms.ValidationError("must not contain NUL.")
    if not text:
        raise forms.ValidationError("must not be empty.")
    return text


def reject_unknown_parameters(request: Request, known: set[str] | frozenset[str]) -> None:
    """Raise ValidationFailed that lists the known parameters if there is any other."""
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        message = f"unknown query parameter; known are {', '.join(sorted(known))}."
        raise ValidationFailed(details=[Detail(name[:100], message) for name in unknown[:10]])


def require_order(since: datetime | None, until: datetime | None) -> None:
    """Raise ValidationError for a window that ends before it begins."""
    if since and until and until < since:
        raise forms.ValidationError({"until": "must not be before since."})


def _details(errors: Any) -> list[Detail]:
    return [
        Detail(field.strip("_"), str(message))
        for field, messages in errors.items()
        for message in messages
    ]
