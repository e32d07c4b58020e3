"""Reading the body of a request: media type, size, JSON, in the order the contract gives."""

import re
import zlib
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

# zlib's number for "a gzip header, and no other".
_GZIP = 31
_MAX_GZIP_MEMBERS = 100

_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)\"?", re.IGNORECASE)


def read_body(request: Request | HttpRequest) -> bytes:
    """Return the bytes of a JSON body, inflated if they came as gzip.

    Raises UnsupportedMediaType (415), RequestTimeout (408), PayloadTooLarge (413)
    or InvalidJSON (400), checked in this order.
    """
    _check_media_type(request.META.get("CONTENT_TYPE", ""))
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        raise UnsupportedMediaType("Send the body plain or as Content-Encoding: gzip.")
    if request.META.get("asgi.scope", {}).get(INCOMPLETE):
        raise RequestTimeout("The body did not arrive in time.")
    limit = settings.API_MAX_BODY_BYTES
    body = inflate(request.body, limit) if encoding == "gzip" else request.body
    if len(body) > limit:
        raise PayloadTooLarge(f"The body is larger than {limit:,} bytes, the limit of a request.")
    return body


def inflate(data: bytes, limit: int) -> bytes:
    """Return what the gzip data holds, but at most `limit` + 1 bytes of it; raises InvalidJSON."""
    inflated = b""
    try:
        # Each member costs a copy of all that is behind it, hence few of them.
        for _ in range(_MAX_GZIP_MEMBERS):
            if not data or len(inflated) > limit:
                return inflated
            member = zlib.decompressobj(wbits=_GZIP)
            inflated += member.decompress(data, limit + 1 - len(inflated))
            if not member.eof and len(inflated) <= limit:
                raise InvalidJSON("The body is not valid gzip: it ends too early.")
            data = member.unused_data
    except zlib.error:
        raise InvalidJSON("The body is not valid gzip.") from None
    raise InvalidJSON(f"The body has more than {_MAX_GZIP_MEMBERS} gzip members.")


def read_json_object(request: Request | HttpRequest) -> dict[str, Any]:
    """Return the object that the JSON body is."""
    return as_object(parse_json(decode_text(read_body(request))))


def decode_text(body: bytes) -> str:
    """Return the text of a body; raises InvalidJSON where it is not UTF-8."""
    try:
        return exact_json.decode_utf8(body)
    except JSONSyntaxError as error:
        raise invalid_json(error) from None


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
