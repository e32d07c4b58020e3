from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from flameup.api.access import access_of
from flameup.api.body import read_json_object
from flameup.api.errors import NotFound
from flameup.api.text import clean_identity, first_alias
from flameup.api.views import WorkspaceViewSet
from people.activity import attach_seen
from people.api import examples, serializers
from people.api.filters import PersonSearch
from people.identities import IDENTITY_FIELDS
from people.models import Person
from people.services import (
    TraitChanges,
    clean_traits,
    delete_person,
    find_person_id,
    merge_traits,
    upsert_person,
)
from workspaces.scopes import PEOPLE_READ, PEOPLE_WRITE


class PersonViewSet(WorkspaceViewSet):
    model = Person
    serializer_class = serializers.PersonSerializer
    scopes = {
        "GET": PEOPLE_READ,
        "POST": PEOPLE_WRITE,
        "PATCH": PEOPLE_WRITE,
        "DELETE": PEOPLE_WRITE,
    }
    list_key = "people"
    time_field = "created_at"
    tag = "People"

    @extend_schema(summary="List people", responses=serializers.PeoplePageSerializer)
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List people, newest first."""
        people = self.page_of(self.get_queryset())
        attach_seen(self.workspace_id, people)
        return self.get_paginated_response(self.get_serializer(people, many=True).data)

    @extend_schema(
        summary="Create or update a person",
        operation_id="identifyPerson",
        request=serializers.IdentifySerializer,
        responses={200: serializers.IdentifyAnswerSerializer},
        examples=examples.IDENTIFY,
    )
    def create(self, request: Request, **kwargs: Any) -> Response:
        """Merge traits into the person of this id, who is created if unknown.

        Traits merge one level deep; `null` removes one; in all they have at most 64 KiB.
        """
        body = read_json_object(request)
        identity = clean_identity(*first_alias(body, IDENTITY_FIELDS))
        changes = clean_traits(body.get("traits"), body.get("email"))
        with self.undone_for_test_keys():
            person, created = upsert_person(
                workspace_id=self.workspace_id, identity=identity, changes=changes
            )
        return self._answer(person, changes, created=created)

    @extend_schema(summary="Get a person")
    def retrieve(self, request: Request, person_id: str, **kwargs: Any) -> Response:
        """Get the person of this external id, person id or e-mail."""
        person = self._get(self._find(person_id))
        return Response(self._represent(person))

    @extend_schema(
        summary="Update a person",
        request=serializers.TraitsSerializer,
        responses=serializers.PersonAnswerSerializer,
    )
    def partial_update(self, request: Request, person_id: str, **kwargs: Any) -> Response:
        """Merge traits into a person's; `null` removes one."""
        body = read_json_object(request)
        changes = clean_traits(body.get("traits"), body.get("email"))
        with self.undone_for_test_keys():
            person = merge_traits(
                workspace_id=self.workspace_id, person_id=self._find(person_id), changes=changes
            )
        return self._answer(person, changes)

    @extend_schema(summary="Delete a person", responses={200: serializers.DeletedSerializer})
    def destroy(self, request: Request, person_id: str, **kwargs: Any) -> Response:
        """Delete a person with all their events."""
        found = self._find(person_id)
        if not access_of(request).is_test:
            delete_person(workspace_id=self.workspace_id, person_id=found)
        return Response({"success": True, "person_id": str(found), **self.test_mark()})

    def _find(self, identity: str) -> UUID:
        person_id = find_person_id(self.workspace_id, identity)
        if person_id is None:
            raise NotFound("There is no such person.")
        return person_id

    def _get(self, person_id: UUID) -> Person:
        person: Person = self.get_queryset().get(id=person_id)
        return person

    def _represent(self, person: Person) -> dict[str, Any]:
        attach_seen(self.workspace_id, [person])
        return dict(self.get_serializer(person).data)

    def _answer(self, person: Person, changes: TraitChanges, **extra: Any) -> Response:
        answer = {"success": True, **extra, "person": self._represent(person), **self.test_mark()}
        if changes.warnings:
            answer["warnings"] = [warning.as_dict() for warning in changes.warnings]
        return Response(answer)


class PersonSearchViewSet(PersonViewSet):
    filterset_class = PersonSearch
    scopes = {"GET": PEOPLE_READ}

    @extend_schema(summary="Search people", responses=serializers.PeoplePageSerializer)
    def list(self, request: Request, **kwargs: Any) -> Response:
        """Find people by exactly one of `external_id`, `email` and `q`.

        `q` matches the beginnings of words in name, e-mail and ids.
        """
        return super().list(request, **kwargs)
