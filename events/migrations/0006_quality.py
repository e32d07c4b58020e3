import django.db.models.deletion
from django.db import migrations, models

import workspaces.models

# The key of a tenant table names the workspace. A day's counts are updated up to five times a
# second and process: dead rows must go long before they are a fifth of the table.
KEYS = """
SET LOCAL lock_timeout = '2s';
ALTER TABLE events_rejecteditem DROP CONSTRAINT events_rejecteditem_pkey,
    ADD PRIMARY KEY (workspace_id, id);
ALTER TABLE events_qualitycount SET (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)
"""
OLD_KEYS = """
SET LOCAL lock_timeout = '2s';
ALTER TABLE events_rejecteditem DROP CONSTRAINT events_rejecteditem_pkey, ADD PRIMARY KEY (id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0005_outbox"),
        ("workspaces", "0005_people_version"),
    ]

    operations = [
        migrations.CreateModel(
            name="QualityCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "day",
                        "api_key_id",
                        "outcome",
                        "code",
                        "field",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField(help_text="in UTC")),
                ("api_key_id", models.UUIDField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[("rejected", "Rejected"), ("repaired", "Repaired")], max_length=8
                    ),
                ),
                ("code", models.CharField(max_length=64)),
                ("field", models.CharField(max_length=64)),
                ("count", models.BigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RejectedItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=workspaces.models.new_uuid,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("api_key_id", models.UUIDField()),
                ("received_at", models.DateTimeField()),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("api", "Api"),
                            ("browser", "Browser"),
                            ("import", "Import"),
                            ("demo", "Demo"),
                        ],
                        max_length=16,
                    ),
                ),
                ("idempotency_key", models.CharField(blank=True, max_length=260)),
                ("code", models.CharField(max_length=64)),
                ("field", models.CharField(blank=True, max_length=64)),
                ("message", models.CharField(max_length=500)),
                ("raw", models.BinaryField()),
                ("is_cut", models.BooleanField()),
                ("replayed_at", models.DateTimeField(null=True)),
                ("event_id", models.UUIDField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workspace", "received_at", "id"], name="rejecteditem_newest"
                    )
                ],
            },
        ),
        migrations.RunSQL(KEYS, OLD_KEYS),
    ]
