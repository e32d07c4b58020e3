from rest_framework import serializers

from events.models import Event
from flameup.api.serializer_fields import DocumentField, EventIdField, MomentField


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


class EventsPageSerializer(serializers.Serializer[Event]):
    events = EventSerializer(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True)


class TrackSerializer(serializers.Serializer[Event]):
    """Documents the body; events.ingest.decode is what checks it."""

    external_id = serializers.CharField(
        required=False, max_length=255, help_text="Required, under this name or an alias."
    )
    user_id = serializers.CharField(required=False, help_text="Alias of external_id.")
    userId = serializers.CharField(required=False, help_text="Alias of external_id.")
    event = serializers.CharField(
        required=False, max_length=255, help_text="Required, under this name or an alias."
    )
    event_name = serializers.CharField(required=False, help_text="Alias of event.")
    parameters = serializers.DictField(required=False, allow_null=True)
    properties = serializers.DictField(
        required=False, allow_null=True, help_text="Alias of parameters."
    )
    timestamp = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When it happened; the default is now."
    )
    message_id = serializers.CharField(
        required=False,
        max_length=255,
        help_text="The same id within 7 days is the same event, stored once.",
    )
    messageId = serializers.CharField(required=False, help_text="Alias of message_id.")
    context = serializers.DictField(  # type: ignore[assignment]
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
    error = serializers.DictField(required=False)
    duplicate = serializers.BooleanField(required=False)
    warnings = WarningSerializer(many=True, required=False)


class BatchAnswerSerializer(serializers.Serializer[Event]):
    success = serializers.BooleanField()
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    event_ids = serializers.ListField(child=serializers.CharField(allow_null=True))
    results = BatchResultSerializer(many=True)
    test = serializers.BooleanField(required=False)
