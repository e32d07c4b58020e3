from django.db import migrations


class Migration(migrations.Migration):
    """The key of a tenant table names the workspace, by which the rows are distributed."""

    dependencies = [("people", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE people_person DROP CONSTRAINT people_person_pkey,"
            " ADD PRIMARY KEY (workspace_id, id)",
            "ALTER TABLE people_person DROP CONSTRAINT people_person_pkey, ADD PRIMARY KEY (id)",
        ),
    ]
