from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import UnreadablePostError
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from events.api import examples, serializers
from events.api.filters import EventFilters, WorkspaceEventFilters
from events.api.notes import Received, note_refusal
from events.api.track import (
    batch_members,
    decode_batch,
    new_envelope,
    raw_items,
    read_batch,
    store_items,
    track_members,
)
from events.ingest.bodies import read_event
from events.ingest.decode import Envelope, decode_item
from events.ingest.items import Item, Refused
from events.models import Event
from events.querysets import EventQuerySet
from flameup.api.access import access_of
from flameup.api.answers import to_api_error
from flameup.api.body import read_body
from flameup.api.errors import APIError, IdempotencyConflict, InvalidField, NotFound
from flameup.api.ids import parse_event_id
from flameup.api.views import WorkspaceViewSet
from people.services import find_person_id
from workspaces.scopes import EVENTS_READ, EVENTS_WRITE

_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="Stands for message_id where the event has none; in a batch, `<key>:<index>`.",
)


class TrackViewSet(WorkspaceViewSet):
    model = Event
    serializer_class = serializers.TrackSerializer
    scopes = {"POST": EVENTS_WRITE}
    tag = "Events"
    extra_errors = [(IdempotencyConflict, "The Idempotency-Key was used for another event.")]

    @extend_schema(
        summary="Track an event",
        request=serializers.TrackSerializer,
        responses={200: serializers.TrackAnswerSerializer},
        examples=examples.TRACK,
        parameters=[_IDEMPOTENCY_KEY],
    )
    def track(self, request: Request, **kwargs: Any) -> Response:
        """Store one event about a person. A 200 means that it is on disk.

        An event has at most 32 KiB and is nested at most 32 levels deep. One that is refused is
        counted in the workspace, and kept for seven days to be corrected and replayed there.
        """
        access = access_of(request)
        with noting_refusal(request):
            body = read_body(request)
            fields = read_event(body)
            envelope = read_envelope(request)
            item = decode_item(fields, envelope)
        [outcome] = store_items([item], access)
        received = Received(access, envelope, lambda: [body])
        return Response({**track_members(outcome, received), **self.test_mark()})

    @extend_schema(
        summary="Track up to 100 events",
        request=serializers.BatchSerializer,
        responses={200: serializers.BatchAnswerSerializer},
        examples=examples.BATCH,
        parameters=[_IDEMPOTENCY_KEY],
    )
    def track_batch(self, request: Request, **kwargs: Any) -> Response:
        """Store several events; each stands alone, so good ones are stored beside bad ones.

        The status is 200 if at least one was accepted. A body has at most 4 MiB.
        """
        access = access_of(request)
        with noting_refusal(request):
            elements = read_batch(read_body(request))
            envelope = read_envelope(request)
            decoded = decode_batch(elements, envelope)
        stored = iter(store_items([item for item in decoded if isinstance(item, Item)], access))
        outcomes = [item if isinstance(item, Refused) else next(stored) for item in decoded]
        received = Received(access, envelope, lambda: raw_items(elements), is_batch=True)
        return Response({**batch_members(outcomes, received), **self.test_mark()})


class EventViewSet(WorkspaceViewSet):
    model = Event
    serializer_class = serializers.EventSerializer
    filterset_class: Any = WorkspaceEventFilters
    scopes = {"GET": EVENTS_READ}
    list_key = "events"
    time_field = "timestamp"
    tag = "Events"

    def get_queryset(self) -> EventQuerySet:
        events: EventQuerySet = super().get_queryset()
        return events.select_related("person")

    @extend_schema(
        summary="List events",
        responses=serializers.EventsPageSerializer,
        examples=examples.EVENTS,
    )
    def list(self, request: Request, **kwargs: Any) -> Response:
        """List events, newest first."""
        events = self.page_of(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(events, many=True).data)

    @extend_schema(summary="Get an event", examples=examples.EVENT)
    def retrieve(self, request: Request, event_id: str, **kwargs: Any) -> Response:
        """Get one event by its id, with or without `evt_`."""
        identifier = parse_event_id(event_id)
        event = identifier and self.get_queryset().with_id(identifier).first()
        if not event:
            raise NotFound("There is no such event.")
        return Response(self.get_serializer(event).data)


class PersonEventViewSet(EventViewSet):
    filterset_class = EventFilters

    def get_queryset(self) -> EventQuerySet:
        if self.is_documented_only:
            return super().get_queryset()
        person_id = find_person_id(self.workspace_id, self.kwargs["person_id"])
        if person_id is None:
            raise NotFound("There is no such person.")
        return super().get_queryset().about([person_id])


def read_envelope(request: Request) -> Envelope:
    """Return what the items of this request share; raises InvalidField for a bad header."""
    return new_envelope(access_of(request).workspace_id, request.META.get("HTTP_IDEMPOTENCY_KEY"))


@contextmanager
def noting_refusal(request: Request) -> Iterator[None]:
    """Note the request as one item where it is refused as a whole."""
    try:
        yield
    except Exception as error:
        received = Received(
            access_of(request), _any_envelope(request), lambda: [_any_body(request)]
        )
        note_refusal(to_api_error(error), received)
        raise


def _any_envelope(request: Request) -> Envelope:
    """Return the envelope, without the header that may be what was refused."""
    try:
        return read_envelope(request)
    except InvalidField:
        return new_envelope(access_of(request).workspace_id, None)


def _any_body(request: Request) -> bytes:
    """Return the body, inflated if it can be, and else as it came."""
    with suppress(APIError):
        return read_body(request)
    with suppress(RequestDataTooBig, UnreadablePostError):
        return request.body
    return b""
