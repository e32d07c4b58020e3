"""The quick way of a plain good request to track events, past Django.

Django and REST framework cost many times what the work itself costs. Here is only
the good case: a known key with the scope, JSON in which all is well. On the
slightest doubt the request goes, untouched, to the views, which define every
behaviour and every error. What both do, they do by the same functions.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from wsgiref.util import setup_testing_defaults

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from events import ingest
from events.api.notes import Received
from events.api.track import (
    MAX_BATCH,
    Answer,
    batch_members,
    decode_batch,
    new_envelope,
    raw_items,
    read_batch,
    track_members,
)
from events.ingest.bodies import read_event
from events.ingest.decode import Envelope, decode_item
from events.ingest.items import Item, Outcome
from events.ingest.plain import decode_plain
from events.ingest.split import split_plain
from flameup.api.answers import answer_to
from flameup.api.errors import APIError, InvalidField, RateLimited
from flameup.api.exact_json import NotPlain, dump_bytes
from flameup.api.limits import KEY_SECONDS, limiter
from flameup.api.request_ids import HEADER, new_request_id
from flameup.api.throttling import require_admitted
from flameup.request_bodies import ADMITTED, Scope, Send
from workspaces.authentication import cached_api_key
from workspaces.models import APIKey
from workspaces.scopes import EVENTS_WRITE

Submit = Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]]
# What Django sets by itself, and what belongs to the one answer or to no key at all.
_OWN_HEADERS = {HEADER.lower(), "content-length", "www-authenticate"}

TRACK_PATHS = frozenset({"/api/v1/track", "/api/v1/events", "/v1/events"})
BATCH_PATHS = frozenset({"/api/v1/track/batch"})
_PATHS = TRACK_PATHS | BATCH_PATHS
_MEDIA_TYPES = {b"application/json", b"application/json; charset=utf-8"}
_REQUEST_ID = HEADER.lower().encode()


class Doubt(Exception):
    """The request is not plain, or not good: the views shall answer it."""


class Edge:
    """Answers plain good requests to track events; a shortcut of flameup.request_bodies.

    `django_application` (WSGI) is asked once what headers every answer has.
    """

    def __init__(
        self, django_application: Callable[..., Any], submit: Submit = ingest.submit_soon
    ) -> None:
        self._headers = _common_headers(django_application)
        self._submit = submit
        self._max_event_bytes = settings.API_MAX_EVENT_BYTES

    async def __call__(self, scope: Scope, body: bytes, send: Send) -> bool:
        """Answer the request and return True, or return False and leave it as it was."""
        if scope["path"] not in _PATHS or scope["method"] != "POST" or scope["query_string"]:
            return False
        try:
            api_key, idempotency_key = _read_headers(scope["headers"])
            _admit(api_key, scope)
            envelope = new_envelope(api_key.workspace_id, idempotency_key)
            is_batch = scope["path"] in BATCH_PATHS
            decode = self._decode_all if is_batch else self._decode_one
            items = decode(body, envelope)
        except RateLimited as error:
            await self._refuse(send, error)
            return True
        except (Doubt, APIError, InvalidField, UnicodeDecodeError):
            return False
        try:
            outcomes = await self._submit(items)
            members = _members(outcomes, api_key, envelope, body, is_batch=is_batch)
        except Exception as error:  # noqa: BLE001 (as any view's, it becomes an answer)
            await self._refuse(send, error)
        else:
            await self._answer(send, HTTPStatus.OK, members, new_request_id())
        return True

    def _decode_one(self, body: bytes, envelope: Envelope) -> list[Item]:
        item = decode_plain(body, envelope) if len(body) <= self._max_event_bytes else None
        return [item or decode_item(read_event(body), envelope)]

    def _decode_all(self, body: bytes, envelope: Envelope) -> list[Item]:
        """Return the items of a batch; raises Doubt where any is refused."""
        if (items := self._decode_plain(body, envelope)) is not None:
            return items
        decoded = decode_batch(read_batch(body), envelope)
        items = [item for item in decoded if isinstance(item, Item)]
        if len(items) < len(decoded):
            raise Doubt
        return items

    def _decode_plain(self, body: bytes, envelope: Envelope) -> list[Item] | None:
        """Return the items of a batch in which all is plain, also its size."""
        try:
            elements = split_plain(body)
        except NotPlain:
            return None
        is_plain = envelope.idempotency_key is None and 0 < len(elements) <= MAX_BATCH
        if not is_plain or max(map(len, elements)) > self._max_event_bytes:
            return None
        items = []
        for element in elements:
            if (item := decode_plain(element, envelope)) is None:
                return None
            items.append(item)
        return items

    async def _refuse(self, send: Send, error: Exception) -> None:
        request_id = new_request_id()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            answer = answer_to(error)
        extra = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
        await self._answer(send, answer.status_code, answer.body(), request_id, extra)

    async def _answer(
        self,
        send: Send,
        status: int,
        members: Answer,
        request_id: str,
        extra: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        body = dump_bytes(members)
        headers = [
            *self._headers,
            (b"content-length", b"%d" % len(body)),
            (_REQUEST_ID, request_id.encode()),
            *extra,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _members(
    outcomes: Sequence[Outcome], api_key: APIKey, envelope: Envelope, body: bytes, *, is_batch: bool
) -> Answer:
    """Return the members of the answer; raises APIError where nothing was stored."""
    if not is_batch:
        return track_members(outcomes[0], Received(api_key, envelope, lambda: [body]))
    # Taken apart once more only where the database refused an item, which it hardly ever does.
    received = Received(api_key, envelope, lambda: raw_items(read_batch(body)), is_batch=True)
    return batch_members(outcomes, received)


def _read_headers(lines: Sequence[tuple[bytes, bytes]]) -> tuple[APIKey, str | None]:
    """Return the key and the Idempotency-Key of a request; raises Doubt."""
    headers = dict(lines)
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    is_plain = (
        len(headers) == len(lines)
        and scheme == b"Bearer"
        and headers.get(b"content-type") in _MEDIA_TYPES
        and b"content-encoding" not in headers
        and _is_allowed(headers.get(b"host", b""), headers.get(b"x-forwarded-proto"))
    )
    api_key = cached_api_key(token) if is_plain else None
    if api_key is None or api_key.is_test or EVENTS_WRITE not in api_key.scopes:
        raise Doubt
    idempotency_key = headers.get(b"idempotency-key")
    return api_key, None if idempotency_key is None else idempotency_key.decode("ascii")


@lru_cache(maxsize=256)
def _is_allowed(host: bytes, protocol: bytes | None) -> bool:
    """Say whether Django would take a request that came to this host, and not redirect it."""
    request = HttpRequest()
    request.META = {"HTTP_HOST": host.decode("latin-1"), "SERVER_NAME": "", "SERVER_PORT": "80"}
    try:
        is_host_allowed = bool(request.get_host())
    except DisallowedHost:
        return False
    return is_host_allowed and (not settings.IS_BEHIND_TLS or protocol == b"https")


def _admit(api_key: APIKey, scope: Scope) -> None:
    """Count the request against its key's limit; raises RateLimited, or Doubt.

    The doubt is whether other processes have left anything of the limit.
    """
    verdict = limiter().take_at_once(api_key.limit_name, api_key.rate_limit, KEY_SECONDS)
    if verdict is None:
        raise Doubt
    require_admitted(verdict)
    scope[ADMITTED] = True


def _common_headers(django_application: Callable[..., Any]) -> list[tuple[bytes, bytes]]:
    """Return the headers that every answer on a path of tracking has.

    They are those of a refusal: a request without a key costs no query.
    """
    host = settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/track",
        "HTTP_HOST": host,
        "HTTP_X_FORWARDED_PROTO": "https" if settings.IS_BEHIND_TLS else "http",
        "CONTENT_LENGTH": "0",
    }
    setup_testing_defaults(environ)
    found: list[tuple[str, str]] = []
    django_application(environ, lambda status, headers: found.extend(headers)).close()
    return [
        (name.lower().encode(), value.encode())
        for name, value in found
        if name.lower() not in _OWN_HEADERS
    ]
