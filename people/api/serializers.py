from rest_framework import serializers

from flameup.api.serializer_fields import DocumentField, MomentField
from people.models import Person


class PersonSerializer(serializers.Serializer[Person]):
    """A person to whom people.activity.attach_seen was done."""

    id = serializers.UUIDField()
    workspace_id = serializers.CharField(source="public_workspace_id")
    external_id = serializers.CharField()
    email = serializers.EmailField(allow_null=True)
    traits = DocumentField()
    created_at = MomentField()
    updated_at = MomentField()
    first_seen_at = MomentField(source="seen.first", allow_null=True)
    last_seen_at = MomentField(source="seen.last", allow_null=True)


class TraitsSerializer(serializers.Serializer[Person]):
    """Documents the body of an update; `people.services.clean_traits` is what checks it."""

    email = serializers.EmailField(required=False, allow_null=True)
    traits = serializers.DictField(required=False, allow_null=True)


class IdentifySerializer(TraitsSerializer):
    external_id = serializers.CharField(
        required=False, max_length=255, help_text="Required, under this name or an alias."
    )
    user_id = serializers.CharField(required=False, help_text="Alias of external_id.")
    userId = serializers.CharField(required=False, help_text="Alias of external_id.")


class PersonAnswerSerializer(serializers.Serializer[Person]):
    success = serializers.BooleanField()
    person = PersonSerializer()


class IdentifyAnswerSerializer(PersonAnswerSerializer):
    created = serializers.BooleanField()


class PeoplePageSerializer(serializers.Serializer[Person]):
    people = PersonSerializer(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True)


class DeletedSerializer(serializers.Serializer[Person]):
    success = serializers.BooleanField()
    person_id = serializers.UUIDField()
