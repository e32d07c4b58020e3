"""Answers to what never reached a view: JSON under the API's paths, else a page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from flameup.api.answers import error_response, is_api_path
from flameup.api.errors import (
    APIError,
    InternalError,
    NotFound,
    ValidationFailed,
    WrongWorkspace,
)
from flameup.api.request_ids import current_request_id


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, ValidationFailed("The request could not be understood."), "Bad request")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, WrongWorkspace(), "Not allowed")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, NotFound(), "Page not found")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, InternalError(), "Something went wrong")


def _answer(request: HttpRequest, error: APIError, title: str) -> HttpResponse:
    if is_api_path(request):
        return error_response(error)
    context = {"title": title, "status": error.status_code, "request_id": current_request_id()}
    return render(request, "error.html", context, status=error.status_code)
