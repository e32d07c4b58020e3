"""What the OpenAPI document says about every operation, beside what its view declares."""

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any

from django.urls import resolve
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from flameup.api import errors

# The error, what it means, and whether only methods with a body give it.
_ERRORS: tuple[tuple[type[errors.APIError], str, bool], ...] = (
    (errors.ValidationFailed, "`details` names the field that cannot be accepted.", False),
    (errors.InvalidAPIKey, "The API key is missing, invalid, expired or revoked.", False),
    (errors.InsufficientScope, "The key lacks the scope, or is another workspace's.", False),
    (errors.NotFound, "There is nothing at this address.", False),
    (errors.MethodNotAllowed, "The method is not allowed here.", False),
    (errors.RequestTimeout, "The body did not arrive in time.", True),
    (errors.PayloadTooLarge, "Body or event are too large; the message says the limit.", True),
    (errors.UnsupportedMediaType, "The body is not `application/json` in UTF-8.", True),
    (errors.RateLimited, "The key has sent too many requests. Obey `Retry-After`.", False),
    (errors.InternalError, "Something went wrong here; the message has the request id.", False),
    (errors.TemporarilyUnavailable, "The database is away. Obey `Retry-After`.", False),
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
            schema = self.resolve_serializer(ErrorAnswerSerializer, "response").ref
            _single_examples([operation.get("requestBody", {}), *operation["responses"].values()])
            for error, meaning in self._errors():
                operation["responses"][str(error.status_code)] = _answer(error, meaning, schema)
        return operation

    def _errors(self) -> list[tuple[type[errors.APIError], str]]:
        has_body = self.method in _BODY_METHODS
        known = [(error, meaning) for error, meaning, body in _ERRORS if has_body or not body]
        return sorted([*known, *self.view.extra_errors], key=lambda known: known[0].status_code)


def _single_examples(bodies: Iterable[dict[str, Any]]) -> None:
    """Give each body its one example as `example`: a map of them makes generators warn."""
    for body in bodies:
        for content in body.get("content", {}).values():
            for example in content.pop("examples", {}).values():
                content["example"] = example["value"]


def _answer(error: type[errors.APIError], meaning: str, schema: Any) -> dict[str, Any]:
    example = {
        "success": False,
        "error": errors.error_object(error.code, meaning, []),
        "message": meaning,
    }
    content = {"application/json": {"schema": schema, "example": example}}
    return {"description": meaning, "content": content}


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
