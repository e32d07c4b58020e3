"""Examples of the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

EVENT_ID = "evt_018d0c75a7407f3b9c2c6d2a1f0e4b5a"
PERSON_ID = "018d0c75-a740-7c10-b4ab-97a90c0146cc"

_SENT: dict[str, Any] = {
    "external_id": "user_123",
    "event": "purchase_completed",
    "parameters": {"order_id": "order_789", "amount": 99.99, "currency": "USD"},
    "timestamp": "2024-01-15T10:30:00Z",
    "message_id": "order_789:purchase_completed",
}
_STORED = {
    "id": EVENT_ID,
    "workspace_id": "ws_abc123",
    "person_id": PERSON_ID,
    "external_id": "user_123",
    "event": "purchase_completed",
    "parameters": _SENT["parameters"],
    "properties": _SENT["parameters"],
    "context": {},
    "timestamp": "2024-01-15T10:30:00Z",
    "created_at": "2024-01-15T10:30:01.250000Z",
}
_MISSING = "event: this field is required."


def _sent(value: Any) -> OpenApiExample:
    return OpenApiExample("Request", value=value, request_only=True)


def _answered(value: Any) -> OpenApiExample:
    return OpenApiExample("Answer", value=value, response_only=True, status_codes=["200"])


TRACK = [
    _sent(_SENT),
    _answered({"success": True, "event_id": EVENT_ID, "message": "Event tracked successfully"}),
]
BATCH = [
    _sent({"events": [_SENT, {"external_id": "user_456"}]}),
    _answered(
        {
            "success": False,
            "accepted": 1,
            "rejected": 1,
            "event_ids": [EVENT_ID, None],
            "results": [
                {"index": 0, "success": True, "event_id": EVENT_ID},
                {
                    "index": 1,
                    "success": False,
                    "error": {
                        "code": "validation_error",
                        "message": _MISSING,
                        "details": [{"field": "event", "message": "this field is required."}],
                    },
                },
            ],
        }
    ),
]
EVENT = [_answered(_STORED)]
EVENTS = [
    _answered(
        {
            "events": [_STORED],
            "total": 1,
            "limit": 50,
            "offset": 0,
            "has_more": False,
            "next_cursor": None,
        }
    )
]
