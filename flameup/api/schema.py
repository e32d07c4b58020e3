"""What the OpenAPI document says about every operation, beside what its view declares."""

from inspect import cleandoc
from typing import Any

from django.urls import resolve
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

# Status, meaning, and whether it is for methods with a body only.
_ERRORS: tuple[tuple[str, str, bool], ...] = (
    ("400", "A value cannot be accepted; `details` names the field and the reason.", False),
    ("401", "The API key is missing, invalid, expired or revoked.", False),
    ("403", "The API key belongs to another workspace, or lacks the scope.", False),
    ("404", "There is nothing at this address.", False),
    ("405", "The method is not allowed here.", False),
    ("408", "The body did not arrive in time.", True),
    ("413", "The body or the event is too large; the message names the limit.", True),
    ("415", "The body is not `application/json` in UTF-8.", True),
    ("500", "Something went wrong on our side; the message has the request id.", False),
    ("503", "The database is away; nothing was stored. Try again after `Retry-After`.", False),
)
_BODY_METHODS = {"POST", "PATCH", "PUT"}
_VERBS = {
    "list": "list",
    "retrieve": "get",
    "create": "create",
    "partial_update": "update",
    "destroy": "delete",
}


class DetailSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    message = serializers.CharField()


class ErrorObjectSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    details = DetailSerializer(many=True)


class ErrorAnswerSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    error = ErrorObjectSerializer()
    message = serializers.CharField(help_text="The same text as error.message.")


class FlameupSchema(AutoSchema):
    """All bodies are JSON, every operation names its scope and lists its errors."""

    view: Any

    def map_parsers(self) -> list[str]:
        return ["application/json"]

    def map_renderers(self, attribute: str) -> list[str]:
        return ["application/json"]

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_operation_id(self) -> str:
        """Return the name of the URL in camel case, with a verb where it has several methods."""
        name = resolve(self.path).url_name or ""
        verb = _VERBS.get(self.view.action)
        first, *others = f"{verb}-{name}".split("-") if verb else name.split("-")
        return first + "".join(word.capitalize() for word in others)

    def get_description(self) -> str:  # type: ignore[override]
        text: str = getattr(self.view, self.view.action).__doc__ or ""
        scope = self.view.scopes[self.method]
        return f"{cleandoc(text)}\n\nScope: `{scope}`.".strip()

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            error = self.resolve_serializer(ErrorAnswerSerializer, "response")
            for status, meaning in self._errors():
                content = {"application/json": {"schema": error.ref}}
                operation["responses"][status] = {"description": meaning, "content": content}
        return operation

    def _errors(self) -> list[tuple[str, str]]:
        has_body = self.method in _BODY_METHODS
        errors = [(status, meaning) for status, meaning, body in _ERRORS if has_body or not body]
        return sorted([*errors, *self.view.extra_errors])


class APIKeyScheme(OpenApiAuthenticationExtension):
    """Describes the API key as a bearer token."""

    target_class = "workspaces.authentication.APIKeyAuthentication"
    name = "APIKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "ws_live_<8 characters>_<workspace>.<secret>",
            "description": "An API key of the workspace.",
        }
