"""Rows of one workspace, and of the tables of this app."""

from typing import Any, Self

from django.db import models


class TenantQuerySet(models.QuerySet[Any]):
    """Rows of tables that are distributed by workspace."""

    def in_workspace(self, workspace_id: int) -> Self:
        """Keep the rows of one workspace; every query on a tenant table begins here."""
        return self.filter(workspace_id=workspace_id)
