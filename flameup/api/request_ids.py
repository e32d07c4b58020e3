"""A number for every request: in the answer, in each of its log lines, on error pages."""

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from flameup.api.ids import random_bits

HEADER = "X-Request-Id"


def current_request_id() -> str:
    """Return the id of the request being answered, "-" outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", "-"))


def new_request_id() -> str:
    """Return an id that no other request has."""
    return f"req_{random_bits(128):032x}"


class RequestIdMiddleware:
    """Gives each request an id and binds it to the log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = new_request_id()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response[HEADER] = request_id
        return response
