"""Examples of the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

_PERSON = {
    "id": "018d0c75-a740-7c10-b4ab-97a90c0146cc",
    "workspace_id": "ws_abc123",
    "external_id": "user_123",
    "email": "jane@example.com",
    "traits": {"email": "jane@example.com", "first_name": "Jane"},
    "created_at": "2024-01-15T10:30:00Z",
    "updated_at": "2024-01-15T10:30:00Z",
    "first_seen_at": None,
    "last_seen_at": None,
}

IDENTIFY = [
    OpenApiExample(
        "Request",
        value={
            "external_id": "user_123",
            "email": "jane@example.com",
            "traits": {"first_name": "Jane"},
        },
        request_only=True,
    ),
    OpenApiExample(
        "Answer",
        value={"success": True, "created": True, "person": _PERSON},
        response_only=True,
        status_codes=["200"],
    ),
]
