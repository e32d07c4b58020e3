"""Pages of lists, by offset or by cursor."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from flameup.api.access import access_of
from flameup.api.errors import Detail, ValidationFailed
from flameup.api.ids import EPOCH
from flameup.api.snapshots import one_snapshot

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
# PostgreSQL counts rows in 64 bits; no list is as long as this.
MAX_OFFSET = 2**62

_INTEGER = re.compile(r"[+-]?[0-9]+")
_MICROSECOND = timedelta(microseconds=1)


class ListPagination(BasePagination):
    """Newest first, by a time and then the id, `limit` rows from `offset` or behind `cursor`.

    The view names its list in `list_key` and its column of time in `time_field`.
    A cursor is signed and bound to list and workspace: 400 when changed or
    used elsewhere.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.list_key: str = view.list_key
        self.time_field: str = view.time_field
        self.signer = signing.Signer(salt=f"{self.list_key}:{access_of(request).workspace_id}")
        self.limit = min(_whole_number(request, "limit", DEFAULT_LIMIT, minimum=1), MAX_LIMIT)
        self.offset = min(_whole_number(request, "offset", 0, minimum=0), MAX_OFFSET)
        cursor = self._read_cursor(request)
        page = self._from(queryset, cursor)[self.offset : self.offset + self.limit + 1]
        with one_snapshot():
            self.total = queryset.count()
            rows = list(page)
        self.has_more = len(rows) > self.limit
        self.next_cursor = self._cursor_behind(rows[self.limit - 1]) if self.has_more else None
        return rows[: self.limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                self.list_key: data,
                "total": self.total,
                "limit": self.limit,
                "offset": self.offset,
                "has_more": self.has_more,
                "next_cursor": self.next_cursor,
            }
        )

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            _parameter(
                "limit",
                f"Rows of a page; more than {MAX_LIMIT} acts as {MAX_LIMIT}.",
                1,
                DEFAULT_LIMIT,
            ),
            _parameter("offset", "Rows to skip.", 0, 0),
            {
                "name": "cursor",
                "in": "query",
                "description": "The next_cursor of the page before; not together with offset.",
                "schema": {"type": "string"},
            },
        ]

    def _from(self, queryset: QuerySet[Any], cursor: tuple[datetime, UUID] | None) -> QuerySet[Any]:
        ordered = queryset.order_by(f"-{self.time_field}", "-id")
        if cursor is None:
            return ordered
        moment, identifier = cursor
        # The bound on time alone prunes partitions; a comparison of pairs would not.
        return ordered.filter(
            Q(**{f"{self.time_field}__lte": moment}),
            Q(**{f"{self.time_field}__lt": moment}) | Q(id__lt=identifier),
        )

    def _cursor_behind(self, row: Any) -> str:
        moment: datetime = getattr(row, self.time_field)
        return self.signer.sign_object([(moment - EPOCH) // _MICROSECOND, row.id.hex])

    def _read_cursor(self, request: Request) -> tuple[datetime, UUID] | None:
        text = request.query_params.get("cursor")
        if text is None:
            return None
        if "offset" in request.query_params:
            raise _invalid("cursor", "cannot be combined with offset.")
        try:
            microseconds, identifier = self.signer.unsign_object(text)
        except signing.BadSignature:
            raise _invalid("cursor", "is not a cursor of this list.") from None
        return EPOCH + microseconds * _MICROSECOND, UUID(identifier)


def _whole_number(request: Request, name: str, default: int, *, minimum: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text) or (text.startswith("-") and text.strip("-0")):
        raise _invalid(name, f"must be a whole number of at least {minimum}.")
    # Longer numbers are all beyond every limit, and Python would not read a very long one.
    number = int(text) if len(text) < 30 else MAX_OFFSET  # noqa: PLR2004
    if number < minimum:
        raise _invalid(name, f"must be a whole number of at least {minimum}.")
    return number


def _invalid(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[Detail(field, message)])


def _parameter(name: str, description: str, minimum: int, default: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": minimum, "default": default}
    return {"name": name, "in": "query", "description": description, "schema": schema}
