"""Watches every SQL statement of the suite: tenant tables are asked workspace by workspace.

A cluster sends such a statement to one node; without the workspace it would go
to all of them, and could reach another tenant's rows.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field

from events import wire
from workspaces.models import Membership, Workspace

_VERB = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_CONDITION = re.compile(r"workspace_id\"?\s*(=|IN\b)", re.IGNORECASE)


@cache
def tenant_tables() -> set[str]:
    """Return the tables whose rows belong to a workspace, but for memberships."""
    return {
        model._meta.db_table
        for model in apps.get_models()
        if model is not Membership
        for field in model._meta.get_fields()
        if isinstance(field, Field) and field.remote_field and field.related_model is Workspace
    }


def check_statement(sql: str) -> None:
    """Raise AssertionError if the statement touches a tenant table in no workspace."""
    verb = _VERB.match(sql)
    if verb is None:
        return
    named = {table for table in tenant_tables() if re.search(rf"(?<!')\b{table}\b", sql)}
    rule = re.compile("workspace_id") if verb[1].upper() == "INSERT" else _CONDITION
    assert not named or rule.search(sql), f"{sorted(named)} without its workspace: {sql}"


def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """Check a statement, then run it (an execute wrapper of Django)."""
    check_statement(sql)
    return execute(sql, params, many, context)


def watch_messages() -> None:
    """Check the statements that bypass Django's cursors, too, and count them as its queries."""
    copy_in = wire.copy_in

    def watched(connection: BaseDatabaseWrapper, sql: str, *rest: Any) -> None:
        for statement in sql.split(";"):
            check_statement(statement)
        if connection.queries_logged:
            connection.queries_log.append({"sql": sql, "time": "0"})
        copy_in(connection, sql, *rest)

    wire.copy_in = watched
