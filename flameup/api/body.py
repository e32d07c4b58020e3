"""Reading the body of a request: media type, size, JSON, in the order the contract gives."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from flameup.api import exact_json
from flameup.api.errors import (
    Detail,
    InvalidJSON,
    PayloadTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
    ValidationFailed,
)
from flameup.api.exact_json import JSONSyntaxError
from flameup.request_bodies import INCOMPLETE

_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)\"?", re.IGNORECASE)


def read_json_text(request: Request | HttpRequest) -> str:
    """Return the text of a JSON body.

    Raises UnsupportedMediaType (415), RequestTimeout (408), PayloadTooLarge (413)
    or InvalidJSON (400), checked in this order.
    """
    _check_media_type(request.META.get("CONTENT_TYPE", ""))
    if request.META.get("asgi.scope", {}).get(INCOMPLETE):
        raise RequestTimeout("The body did not arrive in time.")
    limit = settings.API_MAX_BODY_BYTES
    if len(request.body) > limit:
        raise PayloadTooLarge(f"The body is larger than {limit:,} bytes, the limit of a request.")
    try:
        return exact_json.decode_utf8(request.body)
    except JSONSyntaxError as error:
        raise invalid_json(error) from None


def read_json_object(request: Request | HttpRequest) -> dict[str, Any]:
    """Return the object that the JSON body is."""
    return as_object(parse_json(read_json_text(request)))


def parse_json(text: str) -> Any:
    """Decode the text of a body; raises InvalidJSON with the offset of the error."""
    try:
        return exact_json.loads(text)
    except JSONSyntaxError as error:
        raise invalid_json(error) from None
    except RecursionError:
        raise ValidationFailed("The body is nested too deep.") from None


def as_object(value: Any) -> dict[str, Any]:
    """Return the value if it is a JSON object; raises ValidationFailed."""
    if not isinstance(value, dict):
        raise ValidationFailed(details=[Detail("", "The body must be a JSON object.")])
    return value


def invalid_json(error: JSONSyntaxError) -> InvalidJSON:
    """Turn a syntax error into the answer for it."""
    return InvalidJSON(f"The body is not valid JSON: {error}.")


def _check_media_type(content_type: str) -> None:
    media_type, _, options = content_type.partition(";")
    charset = _CHARSET.search(options)
    is_utf8 = charset is None or charset[1].lower() in {"utf-8", "utf8", "us-ascii"}
    if media_type.strip().lower() != "application/json" or not is_utf8:
        raise UnsupportedMediaType("Send the body as Content-Type: application/json, in UTF-8.")
