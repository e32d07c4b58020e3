from django.db import migrations


class Migration(migrations.Migration):
    """The key of a tenant table names the workspace, by which the rows are distributed."""

    dependencies = [("workspaces", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE workspaces_apikey DROP CONSTRAINT workspaces_apikey_pkey,"
            " ADD PRIMARY KEY (workspace_id, id)",
            "ALTER TABLE workspaces_apikey DROP CONSTRAINT workspaces_apikey_pkey,"
            " ADD PRIMARY KEY (id)",
        ),
    ]
