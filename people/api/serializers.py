from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from flameup.api.serializer_fields import AliasField, DocumentField, JSONObjectField, MomentField
from people.models import Person


# Its people went through people.activity.attach_seen.
class PersonSerializer(serializers.Serializer[Person]):
    id = serializers.UUIDField()
    workspace_id = serializers.CharField(source="public_workspace_id")
    external_id = serializers.CharField()
    email = serializers.EmailField(allow_null=True)
    traits = DocumentField()
    created_at = MomentField()
    updated_at = MomentField()
    first_seen_at = MomentField(source="seen.first", allow_null=True)
    last_seen_at = MomentField(source="seen.last", allow_null=True)


# What checks the body is people.services.clean_traits; this documents it.
class TraitsSerializer(serializers.Serializer[Person]):
    email = serializers.EmailField(required=False, allow_null=True)
    traits = JSONObjectField(required=False, allow_null=True)


class IdentifySerializer(TraitsSerializer):
    external_id = serializers.CharField(max_length=255, help_text="Your id of the person.")
    user_id = AliasField("external_id")
    userId = AliasField("external_id")


class PersonAnswerSerializer(serializers.Serializer[Person]):
    success = serializers.BooleanField()
    person = PersonSerializer()


class IdentifyAnswerSerializer(PersonAnswerSerializer):
    created = serializers.BooleanField()


@extend_schema_serializer(many=False)
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
