"""The base of every viewset: one workspace, that of the key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.db import transaction
from rest_framework.viewsets import GenericViewSet

from flameup.api.access import access_of
from flameup.api.errors import APIError


class WorkspaceViewSet(GenericViewSet[Any]):
    """A viewset that sees the rows of its key's workspace and no others.

    `scopes` names the scope each method needs; a method that is not in it is
    not allowed. `model` is a TenantModel. `tag` and `extra_errors` (error,
    meaning) are for the OpenAPI document.
    """

    model: ClassVar[Any]
    scopes: ClassVar[dict[str, str]]
    list_key: ClassVar[str]
    time_field: ClassVar[str]
    tag: ClassVar[str]
    extra_errors: ClassVar[list[tuple[type[APIError], str]]] = []

    @property
    def workspace_id(self) -> int:
        return access_of(self.request).workspace_id

    @property
    def allowed_methods(self) -> list[str]:
        return [method for method in super().allowed_methods if method != "OPTIONS"]

    @property
    def is_documented_only(self) -> bool:
        """Say whether there is no request: the OpenAPI document is being written."""
        return getattr(self, "swagger_fake_view", False)

    def get_queryset(self) -> Any:
        if self.is_documented_only:
            return self.model.objects.none()
        return self.model.objects.in_workspace(self.workspace_id)

    def page_of(self, queryset: Any) -> list[Any]:
        """Return the page that the query asks for, filtered and in order."""
        return list(self.paginate_queryset(self.filter_queryset(queryset)) or [])

    def test_mark(self) -> dict[str, bool]:
        """Return the member that marks the answers to a test key."""
        return {"test": True} if access_of(self.request).is_test else {}

    @contextmanager
    def undone_for_test_keys(self) -> Iterator[None]:
        """Take back what is written inside when the key is a test key, after all checks."""
        with transaction.atomic():
            yield
            if access_of(self.request).is_test:
                transaction.set_rollback(True)
