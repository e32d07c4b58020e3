from typing import Any

from django.db import migrations
from django.utils import timezone

from events.partitions import ensure_partitions


def make_partitions(apps: Any, schema_editor: Any) -> None:
    ensure_partitions(schema_editor.connection, timezone.now().date())


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [migrations.RunPython(make_partitions, migrations.RunPython.noop)]
