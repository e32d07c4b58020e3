"""The errors of the API: each knows its status, its code and the shape of its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework import exceptions

from flameup.api.limits import Verdict
from flameup.api.request_ids import current_request_id

RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Detail:
    """What is wrong with one field."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class InvalidField(ValueError):
    """A value that cannot be accepted, with the field it stands in and the reason."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.detail_of_field = Detail(field, message)


class APIError(exceptions.APIException):
    """An answer other than success, as the contract lists them.

    Attributes: status_code, code, message, details, headers and extra, the last
    being members that stand beside `error` in the body.
    """

    status_code = 400
    code = "validation_error"
    headers: dict[str, str]

    def __init__(
        self,
        message: str = "",
        details: Sequence[Detail] = (),
        *,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.message = message or " ".join(str(detail) for detail in details)
        self.details = list(details)
        self.extra = extra or {}
        self.headers = {}
        super().__init__(self.message, self.code)

    @classmethod
    def from_field(cls, error: InvalidField) -> "APIError":
        return cls(details=[error.detail_of_field])

    def body(self) -> dict[str, Any]:
        """Return the members of the answer."""
        return {
            "success": False,
            "error": error_object(self.code, self.message, self.details),
            "message": self.message,
            **self.extra,
        }


class ValidationFailed(APIError):
    """400: a value that cannot be accepted."""


class InvalidJSON(APIError):
    """400: the body is no JSON."""

    code = "invalid_json"


class BatchTooLarge(APIError):
    code = "batch_too_large"


class BatchEmpty(APIError):
    code = "batch_empty"


class InvalidAPIKey(APIError):
    """401: one and the same answer for every reason, so that none can be told from another."""

    status_code = 401
    code = "invalid_api_key"

    def __init__(
        self, message: str = "The API key is missing, invalid, expired or revoked."
    ) -> None:
        super().__init__(message)
        self.headers = {"WWW-Authenticate": "Bearer"}


class WrongWorkspace(APIError):
    status_code = 403
    code = "wrong_workspace"

    def __init__(self) -> None:
        super().__init__("This API key belongs to another workspace.")


class InsufficientScope(APIError):
    status_code = 403
    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This API key lacks the scope {scope}.")


class NotFound(APIError):
    status_code = 404
    code = "not_found"

    def __init__(self, message: str = "There is nothing at this address.") -> None:
        super().__init__(message)


class RequestTimeout(APIError):
    status_code = 408
    code = "request_timeout"


class IdempotencyConflict(APIError):
    status_code = 409
    code = "idempotency_conflict"


class PayloadTooLarge(APIError):
    status_code = 413
    code = "payload_too_large"


class UnsupportedMediaType(APIError):
    status_code = 415
    code = "unsupported_media_type"


class RateLimited(APIError):
    """429: too many requests in a window of time; says when the next one begins."""

    status_code = 429
    code = "rate_limited"

    def __init__(self, reason: str, verdict: Verdict) -> None:
        super().__init__(f"{reason} Try again in {verdict.reset_seconds} s.")
        self.headers = {
            "Retry-After": str(verdict.reset_seconds),
            "RateLimit-Limit": str(verdict.limit),
            "RateLimit-Remaining": str(verdict.remaining),
            "RateLimit-Reset": str(verdict.reset_seconds),
        }


class InternalError(APIError):
    status_code = 500
    code = "internal_error"

    def __init__(self) -> None:
        super().__init__(
            f"Something went wrong on our side. Quote request id {current_request_id()}."
        )


class TemporarilyUnavailable(APIError):
    status_code = 503
    code = "temporarily_unavailable"

    def __init__(self, reason: str = "The database cannot be reached right now.") -> None:
        super().__init__(
            f"{reason} Try again, and send a message_id with each event so that none is stored"
            " twice."
        )
        self.headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class Overloaded(TemporarilyUnavailable):
    """503: more is waiting to be stored than memory should hold."""

    def __init__(self) -> None:
        super().__init__("Too many events are waiting to be stored.")


class MethodNotAllowed(APIError):
    status_code = 405
    code = "method_not_allowed"


def error_object(code: str, message: str, details: Sequence[Detail]) -> dict[str, Any]:
    """Return what stands under `error`, also in the results of a batch."""
    return {
        "code": code,
        "message": message,
        "details": [{"field": detail.field, "message": detail.message} for detail in details],
    }
