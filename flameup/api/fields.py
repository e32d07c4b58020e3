"""A model field for JSON that is passed on rather than looked into."""

from functools import cached_property
from typing import Any

import msgspec
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from psycopg.types.json import Jsonb

from flameup.api import exact_json


class JSONText(str):
    """JSON as the database wrote it; `value` is the decoded document."""

    @cached_property
    def value(self) -> Any:
        return exact_json.loads(str(self))

    @property
    def raw(self) -> msgspec.Raw:
        """The document as a part of an answer that copies it unread."""
        return msgspec.Raw(self.encode())


class JSONTextField(models.JSONField):
    """A jsonb column read as JSONText, written from JSONText or from any JSON value.

    Numbers keep their value in both directions; Django's own field would read
    them as doubles.
    """

    def from_db_value(
        self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper
    ) -> Any:
        return None if value is None else JSONText(value)

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        if value is None or hasattr(value, "as_sql"):
            return value
        return Jsonb(value, dumps=_dumps)


def _dumps(value: Any) -> str:
    return str(value) if isinstance(value, JSONText) else exact_json.dumps(value)
