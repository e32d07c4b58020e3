"""From whatever a request may raise to the one shape of every error."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from flameup.api.errors import (
    APIError,
    InternalError,
    InvalidAPIKey,
    InvalidField,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    TemporarilyUnavailable,
    ValidationFailed,
)
from flameup.api.exact_json import dump_bytes

log = structlog.get_logger(__name__)

_ANSWERS: list[tuple[tuple[type[Exception], ...], Callable[[], APIError]]] = [
    ((Http404, exceptions.NotFound, ObjectDoesNotExist), NotFound),
    ((PermissionDenied, exceptions.PermissionDenied), InvalidAPIKey),
    (
        (RequestDataTooBig,),
        lambda: PayloadTooLarge("The body is larger than the limit of a request."),
    ),
    ((SuspiciousOperation,), lambda: ValidationFailed("The request has too many parameters.")),
    ((OperationalError, InterfaceError), TemporarilyUnavailable),
]


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Answer an exception of a view with the envelope (the hook of REST framework)."""
    answer = answer_to(error)
    set_rollback()
    return Response(answer.body(), status=answer.status_code, headers=answer.headers)


def answer_to(error: Exception) -> APIError:
    """Return the answer to an exception, and log it where the fault is ours."""
    answer = to_api_error(error)
    if isinstance(answer, TemporarilyUnavailable):
        # There may be thousands a second, and each says the same.
        log.warning("request failed", error=str(error)[:200], code=answer.code)
    elif answer.status_code >= InternalError.status_code:
        log.error("request failed", exc_info=error, code=answer.code)
    return answer


def to_api_error(error: Exception) -> APIError:
    """Translate whatever a view may raise."""
    if isinstance(error, APIError):
        return error
    if isinstance(error, InvalidField):
        return ValidationFailed.from_field(error)
    if isinstance(error, exceptions.MethodNotAllowed):
        return MethodNotAllowed(str(error.detail))
    for kinds, answer in _ANSWERS:
        if isinstance(error, kinds):
            return answer()
    return InternalError()


def error_response(error: APIError) -> HttpResponse:
    """Answer outside of REST framework."""
    return HttpResponse(
        dump_bytes(error.body()),
        status=error.status_code,
        content_type="application/json",
        headers=error.headers,
    )


def is_api_path(request: HttpRequest) -> bool:
    """Say whether the client at this address reads JSON whatever happens."""
    return request.path.startswith(("/api/", "/v1/"))
