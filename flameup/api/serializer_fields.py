"""Serializer fields for the types the API shares."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from flameup.api.fields import JSONText
from flameup.api.ids import format_event_id
from flameup.api.times import format_time


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field[datetime, Any, str, Any]):
    """A time in UTC with `Z`."""

    def to_representation(self, value: datetime) -> str:
        return format_time(value)


_JSON_OBJECT = {"type": "object", "additionalProperties": True}


@extend_schema_field(_JSON_OBJECT)
class JSONObjectField(serializers.DictField):
    """A JSON object that a client sends."""


@extend_schema_field(_JSON_OBJECT)
class DocumentField(serializers.Field[JSONText, Any, msgspec.Raw, Any]):
    """A stored JSON object, passed on as the database wrote it."""

    def to_representation(self, value: JSONText) -> msgspec.Raw:
        return value.raw


@extend_schema_field({"type": "string", "pattern": "^evt_[0-9a-f]{32}$"})
class EventIdField(serializers.Field[UUID, Any, str, Any]):
    """The id of an event."""

    def to_representation(self, value: UUID) -> str:
        return format_event_id(value)


@extend_schema_field({"type": "string", "deprecated": True})
class AliasField(serializers.CharField):
    """Another name of a field, kept for older clients."""

    def __init__(self, name: str) -> None:
        super().__init__(required=False, help_text=f"Alias of {name}.")
