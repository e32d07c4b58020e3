from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from events.api import examples, serializers
from events.api.filters import EventFilters, WorkspaceEventFilters
from events.api.track import (
    batch_members,
    decode_batch,
    read_envelope,
    require_size,
    result_members,
    store_items,
)
from events.ingest.decode import decode_item
from events.ingest.items import Item, Refused
from events.ingest.split import split_batch
from events.models import Event
from events.querysets import EventQuerySet
from flameup.api.access import access_of
from flameup.api.body import decode_text, invalid_json, parse_json, read_body
from flameup.api.errors import (
    BatchEmpty,
    BatchTooLarge,
    Detail,
    IdempotencyConflict,
    NotFound,
    ValidationFailed,
)
from flameup.api.exact_json import JSONSyntaxError
from flameup.api.ids import parse_event_id
from flameup.api.views import WorkspaceViewSet
from people.services import find_person_id
from workspaces.scopes import EVENTS_READ, EVENTS_WRITE

MAX_BATCH = 100

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

        An event has at most 32 KiB and is nested at most 32 levels deep.
        """
        body = read_body(request)
        require_size(len(body))
        item = decode_item(parse_json(decode_text(body)), read_envelope(request))
        [outcome] = store_items([item], access_of(request))
        if isinstance(outcome, Refused):
            raise IdempotencyConflict(outcome.message)
        message = {"message": "Event tracked successfully"}
        return Response({**result_members(outcome), **message, **self.test_mark()})

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
        decoded = decode_batch(_read_batch(request), read_envelope(request))
        stored = iter(
            store_items([item for item in decoded if isinstance(item, Item)], access_of(request))
        )
        outcomes = [item if isinstance(item, Refused) else next(stored) for item in decoded]
        members = batch_members(outcomes)
        if members["accepted"] == 0:
            raise ValidationFailed("No event of the batch was accepted.", extra=members)
        return Response({**members, **self.test_mark()})


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


def _read_batch(request: Request) -> list[Any]:
    text = decode_text(read_body(request))
    if not text.lstrip(" \t\r\n").startswith("{"):
        parse_json(text)
        raise ValidationFailed(details=[Detail("", "The body must be a JSON object.")])
    try:
        elements = split_batch(text)
    except JSONSyntaxError as error:
        raise invalid_json(error) from None
    if elements is None:
        raise ValidationFailed(details=[Detail("events", "must be a list of events.")])
    if not elements:
        raise BatchEmpty(details=[Detail("events", "must have at least one event.")])
    if len(elements) > MAX_BATCH:
        message = f"must have at most {MAX_BATCH} events, has {len(elements)}."
        raise BatchTooLarge(details=[Detail("events", message)])
    return elements
