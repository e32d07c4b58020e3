"""People, and the identifiers they are found by."""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from flameup.api.fields import JSONTextField
from people.activity import Seen
from people.querysets import PersonQuerySet
from workspaces.models import TenantModel, Workspace, new_uuid


class Person(TenantModel):
    """Somebody events are about.

    `external_id` is the app's own name for the person, `email` mirrors
    `traits.email`, and `search` holds the words of people/words.py.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    external_id = models.CharField(max_length=255)
    email = models.EmailField(null=True)  # noqa: DJ001 - no address is not the empty address
    traits = JSONTextField(default=dict)
    search = SearchVectorField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[PersonQuerySet] = PersonQuerySet.as_manager()  # type: ignore[assignment]

    # When the person was first and last seen; people.activity.attach_seen fills it in.
    seen: Seen = Seen()

    class Meta:
        verbose_name_plural = "people"
        indexes = [
            models.Index(fields=["workspace", "created_at", "id"], name="person_newest"),
            models.Index("workspace", Lower("email"), "created_at", "id", name="person_email"),
            GinIndex(fields=["search"], name="person_search"),
        ]

    def __str__(self) -> str:
        return self.external_id


class PersonIdentifier(models.Model):
    """One name of a person, unique in its workspace; a merged person has several."""

    class Kind(models.TextChoices):
        EXTERNAL_ID = "external_id"

    pk = models.CompositePrimaryKey("workspace_id", "kind", "value")
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    kind = models.CharField(max_length=16, choices=Kind)
    value = models.CharField(max_length=255)
    person_id = models.UUIDField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "person_id"], name="identifier_person"),
        ]
