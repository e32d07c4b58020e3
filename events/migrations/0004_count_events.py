from typing import Any

from django.db import migrations, transaction

# What is counted anew must not be there already, as where an earlier attempt was broken off.
FORGET = (
    "DELETE FROM events_countdelta WHERE workspace_id = %s",
    "DELETE FROM events_quartercount WHERE workspace_id = %s",
    "DELETE FROM events_daycount WHERE workspace_id = %s",
)
COUNT_QUARTERS = """
INSERT INTO events_quartercount (workspace_id, event, quarter, count)
SELECT workspace_id, coalesce(event, ''), quarter, count(*)
  FROM (SELECT workspace_id, event,
               date_bin('15 minutes', timestamp, '1970-01-01 00:00+00') AS quarter
          FROM events_event WHERE workspace_id = %s) AS counted
 GROUP BY GROUPING SETS ((workspace_id, event, quarter), (workspace_id, quarter))
"""
ADD_UP_DAYS = """
INSERT INTO events_daycount (workspace_id, event, day, count)
SELECT workspace_id, event, (quarter AT TIME ZONE 'UTC')::date AS day, sum(count)
  FROM events_quartercount WHERE workspace_id = %s
 GROUP BY workspace_id, event, day
"""


def count_events(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    workspaces = apps.get_model("workspaces", "Workspace").objects.values_list("id", flat=True)
    for workspace_id in list(workspaces):
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            # The lock of people.services.shut_out_writers: nothing is stored beside the counting.
            cursor.execute("SET LOCAL lock_timeout = '30s'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [workspace_id])
            for statement in (*FORGET, COUNT_QUARTERS, ADD_UP_DAYS):
                cursor.execute(statement, [workspace_id])


class Migration(migrations.Migration):
    """Counts the events there are, workspace by workspace, so that writers wait for one at most.

    It may be repeated. Processes that store events without counting them, those of the version
    before, must have ended.
    """

    atomic = False

    dependencies = [("events", "0003_counts")]

    operations = [migrations.RunPython(count_events, migrations.RunPython.noop)]
