"""Events, the receipts by which a repeated one is known, and how many events there are."""

from typing import ClassVar
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from events.querysets import EventQuerySet, OutboxQuerySet
from flameup.api.fields import JSONTextField
from people.models import Person
from workspaces.models import TenantModel, Workspace, new_uuid


class Event(TenantModel):
    """Something a person did.

    Written by events.ingest.store alone. The table is partitioned by
    `timestamp` and its key is (workspace_id, timestamp, id); the id is a
    UUIDv7 of the timestamp's millisecond.
    """

    class Source(models.TextChoices):
        API = "api"
        BROWSER = "browser"
        IMPORT = "import"
        DEMO = "demo"

    id = models.UUIDField(primary_key=True, editable=False)
    person = models.ForeignObject(
        Person,
        models.DO_NOTHING,
        from_fields=["workspace", "person_id"],
        to_fields=["workspace", "id"],
        related_name="+",
    )
    person_id = models.UUIDField()
    event = models.CharField(max_length=255)
    timestamp = models.DateTimeField(help_text="when it happened")
    created_at = models.DateTimeField(help_text="when it was received")
    source = models.CharField(max_length=16, choices=Source, default=Source.API)
    parameters = JSONTextField(default=dict)
    context = JSONTextField(default=dict)

    objects: ClassVar[EventQuerySet] = EventQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-timestamp", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "timestamp", "id"], name="event_key"),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "person_id", "timestamp", "id"],
                include=["event"],
                name="event_person",
            ),
            models.Index(
                fields=["workspace", "event", "timestamp", "id"],
                include=["person_id"],
                name="event_name",
            ),
        ]

    def __str__(self) -> str:
        return self.event


class Receipt(models.Model):
    """Remembers a message id: what was stored under it, and when.

    `fingerprint` tells whether a repetition is of the same event.
    """

    pk = models.CompositePrimaryKey("workspace_id", "message_id")
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    # An Idempotency-Key of 255 characters, and `:<index>` behind it in a batch.
    message_id = models.CharField(max_length=260)
    event_id = models.UUIDField()
    fingerprint = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "created_at"], name="receipt_age")]


class Count(models.Model):
    """How many events of a name there are in a time; see events.counts.

    The name of a row about events of all names is the empty text, which no
    event can be called.
    """

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    event = models.CharField(max_length=255)
    count = models.BigIntegerField()

    class Meta:
        abstract = True


class CountDelta(models.Model):
    """What one commit adds to a quarter of an hour; less than nothing where it deletes.

    One row for all names, each with its count, because a commit has many.
    """

    pk = models.CompositePrimaryKey("workspace_id", "quarter", "commit_id")
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    quarter = models.DateTimeField(help_text="start of the quarter of an hour, in UTC")
    commit_id = models.UUIDField()
    total = models.BigIntegerField()
    names = ArrayField(models.CharField(max_length=255))
    counts = ArrayField(models.BigIntegerField())


class QuarterCount(Count):
    """The events of a quarter of an hour, but for what is not yet folded in."""

    pk = models.CompositePrimaryKey("workspace_id", "event", "quarter")
    quarter = models.DateTimeField(help_text="start of the quarter of an hour, in UTC")


class DayCount(Count):
    """The events of a day in UTC, but for what is not yet folded in."""

    pk = models.CompositePrimaryKey("workspace_id", "event", "day")
    day = models.DateField()


class OutboxEntry(models.Model):
    """Events that a consumer has still to be told of; see events.outbox.

    Workers look for what is due in all workspaces, so on a cluster the table stays a
    local one, and the workspace is no more than a number here.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    consumer = models.CharField(max_length=64)
    event_ids = ArrayField(models.UUIDField())
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[OutboxQuerySet] = OutboxQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="outbox_due")]


class DeadLetter(models.Model):
    """An event that a consumer could not be told of, and why; until it is tried again."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    workspace_id = models.BigIntegerField()
    consumer = models.CharField(max_length=64)
    event_id = models.UUIDField()
    error = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.consumer}: {self.error}"
