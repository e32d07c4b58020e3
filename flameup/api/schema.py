"""What the OpenAPI document says about every operation."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class FlameupSchema(AutoSchema):
    """All bodies are JSON; the path parameters are the ids of the contract."""

    def map_parsers(self) -> list[str]:
        return ["application/json"]

    def map_renderers(self, attribute: str) -> list[str]:
        return ["application/json"]


class APIKeyScheme(OpenApiAuthenticationExtension):
    """Describes the API key as a bearer token."""

    target_class = "workspaces.authentication.APIKeyAuthentication"
    name = "APIKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "ws_live_….…"}
