"""Events, the receipts by which a repeated one is known, and how many events there are."""

from typing import ClassVar
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from events.querysets import (
    EventQuerySet,
    OutboxQuerySet,
    QualityCountQuerySet,
    RejectedItemQuerySet,
)
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


class QualityCount(models.Model):
    """How many items of a key were refused, or repaired, for a reason on a day; see events.quality.

    A reason is an outcome, the code of the error or warning, and the top-level field
    it was about, the empty text if it was about none.
    """

    class Outcome(models.TextChoices):
        REJECTED = "rejected"
        REPAIRED = "repaired"

    pk = models.CompositePrimaryKey("workspace_id", "day", "api_key_id", "outcome", "code", "field")
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    day = models.DateField(help_text="in UTC")
    api_key_id = models.UUIDField()
    outcome = models.CharField(max_length=8, choices=Outcome)
    code = models.CharField(max_length=64)
    field = models.CharField(max_length=64)
    count = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    objects: ClassVar[QualityCountQuerySet] = QualityCountQuerySet.as_manager()  # type: ignore[assignment]


class RejectedItem(TenantModel):
    """An item that was refused, as it came, so that it can be corrected and replayed.

    `raw` may hold what must not be shown; see events.quality.masking. What was longer
    than 32 KiB is cut. `event_id` is set once it was replayed.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    api_key_id = models.UUIDField()
    received_at = models.DateTimeField()
    source = models.CharField(max_length=16, choices=Event.Source)
    # What the request's Idempotency-Key makes the item's message id, if it has none of its own.
    idempotency_key = models.CharField(max_length=260, blank=True)
    code = models.CharField(max_length=64)
    field = models.CharField(max_length=64, blank=True)
    message = models.CharField(max_length=500)
    raw = models.BinaryField()
    is_cut = models.BooleanField()
    replayed_at = models.DateTimeField(null=True)
    event_id = models.UUIDField(null=True)

    objects: ClassVar[RejectedItemQuerySet] = RejectedItemQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "received_at", "id"], name="rejecteditem_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.field}".strip()
