from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from events.models import Event
from flameup.api.schema import ErrorObjectSerializer
from flameup.api.serializer_fields import (
    AliasField,
    DocumentField,
    EventIdField,
    JSONObjectField,
    MomentField,
)


class EventSerializer(serializers.Serializer[Event]):
    id = EventIdField()
    workspace_id = serializers.CharField(source="public_workspace_id")
    person_id = serializers.UUIDField()
    external_id = serializers.CharField(source="person.external_id")
    event = serializers.CharField()
    parameters = DocumentField()
    properties = DocumentField(source="parameters", help_text="The same object as parameters.")
    context = DocumentField()  # type: ignore[assignment]
    timestamp = MomentField()
    created_at = MomentField()


@extend_schema_serializer(many=False)
class EventsPageSerializer(serializers.Serializer[Event]):
    events = EventSerializer(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True)


# What checks the body is events.ingest.decode; this documents it.
class TrackSerializer(serializers.Serializer[Event]):
    external_id = serializers.CharField(
        max_length=255, help_text="Your id of the person, or their person id or e-mail."
    )
    user_id = AliasField("external_id")
    userId = AliasField("external_id")
    event = serializers.CharField(max_length=255, help_text="What happened.")
    event_name = AliasField("event")
    parameters = JSONObjectField(required=False, allow_null=True)
    properties = JSONObjectField(
        required=False, allow_null=True, help_text="Merged with parameters, which win."
    )
    timestamp = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When it happened; the default is now."
    )
    sent_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="Your clock when you sent it: where it is off by more than a minute, "
        "timestamp is corrected, and context.original_timestamp keeps yours.",
    )
    sentAt = AliasField("sent_at")
    message_id = serializers.CharField(
        required=False,
        max_length=255,
        help_text="The same id within 7 days is the same event, stored once.",
    )
    messageId = AliasField("message_id")
    context = JSONObjectField(  # type: ignore[assignment]
        required=False, allow_null=True
    )
    ip = serializers.IPAddressField(required=False, help_text="Fills context.ip.")
    ua = serializers.CharField(required=False, help_text="Fills context.user_agent.")


class BatchSerializer(serializers.Serializer[Event]):
    events = serializers.ListField(child=TrackSerializer(), min_length=1, max_length=100)


class WarningSerializer(serializers.Serializer[Event]):
    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class TrackAnswerSerializer(serializers.Serializer[Event]):
    success = serializers.BooleanField()
    event_id = EventIdField()
    message = serializers.CharField()
    duplicate = serializers.BooleanField(required=False)
    test = serializers.BooleanField(required=False)
    warnings = WarningSerializer(many=True, required=False)


class BatchResultSerializer(serializers.Serializer[Event]):
    index = serializers.IntegerField()
    success = serializers.BooleanField()
    event_id = EventIdField(required=False)
    error = ErrorObjectSerializer(required=False)
    duplicate = serializers.BooleanField(required=False)
    warnings = WarningSerializer(many=True, required=False)


class BatchAnswerSerializer(serializers.Serializer[Event]):
    success = serializers.BooleanField()
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    event_ids = serializers.ListField(child=serializers.CharField(allow_null=True))
    results = BatchResultSerializer(many=True)
    test = serializers.BooleanField(required=False)
