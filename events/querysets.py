"""Events, chained in the words of the pages and the API."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db import models

from events import counts
from flameup.api.ids import MILLISECOND, uuid7_moment
from workspaces.querysets import TenantQuerySet


@dataclass(frozen=True, slots=True)
class Window:
    """What a list was narrowed to, of which the number of events is known without counting."""

    workspace_id: int | None = None
    names: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class EventQuerySet(TenantQuerySet):
    """Events of a workspace; the order of every list is newest first, then by id.

    While they are narrowed by workspace, names and times alone, `count()` is
    answered from the counts and costs the same for any number of events.
    """

    def __init__(self, model: Any = None, query: Any = None, **kwargs: Any) -> None:
        super().__init__(model, query, **kwargs)
        # Whatever derives another list from this one hands it a query and so makes it forget the
        # window, but for the methods below that tell it how the window has changed.
        self._window: Window | None = Window() if query is None else None

    def count(self) -> int:
        """Return how many events there are."""
        window = self._window
        if self._result_cache is not None or window is None or window.workspace_id is None:
            return super().count()
        return counts.total(window.workspace_id, window.names, window.since, window.until)

    def all(self) -> Self:
        return super().all()._known_as(self._window)

    def order_by(self, *field_names: Any) -> Self:
        return super().order_by(*field_names)._known_as(self._window)

    def select_related(self, *fields: Any) -> Self:
        return super().select_related(*fields)._known_as(self._window)

    def in_workspace(self, workspace_id: int) -> Self:
        """Keep the events of one workspace."""
        kept, window = super().in_workspace(workspace_id), self._window
        if window is None or window.workspace_id not in {None, workspace_id}:
            return kept
        return kept._known_as(replace(window, workspace_id=workspace_id))

    def about(self, person_ids: Collection[UUID]) -> Self:
        """Keep the events about any of these people."""
        return self.filter(person_id__in=person_ids)

    def named(self, *names: str) -> Self:
        """Keep the events of any of these names."""
        kept = self.filter(event=names[0]) if len(names) == 1 else self.filter(event__in=names)
        # No name at all stands for none of the events here, and for all of them in a window.
        if not names or self._window is None or self._window.names:
            return kept
        return kept._known_as(replace(self._window, names=names))

    def since(self, moment: datetime) -> Self:
        """Keep the events at or after the moment."""
        kept, window = self.filter(timestamp__gte=moment), self._window
        if window is None:
            return kept
        return kept._known_as(replace(window, since=max(moment, window.since or moment)))

    def until(self, moment: datetime) -> Self:
        """Keep the events before the moment, so that windows tile."""
        kept, window = self.filter(timestamp__lt=moment), self._window
        if window is None:
            return kept
        return kept._known_as(replace(window, until=min(moment, window.until or moment)))

    def with_id(self, event_id: UUID) -> Self:
        """Keep the one event of this id.

        The time inside the id is the event's, to the millisecond, which leaves
        one partition to look at.
        """
        moment = uuid7_moment(event_id)
        if moment is None:
            return self.none()
        return self.since(moment).until(moment + MILLISECOND).filter(id=event_id)

    def with_ids(self, event_ids: Collection[UUID]) -> Self:
        """Keep the events of these ids, whose times bound what is looked at."""
        moments = [moment for event_id in event_ids if (moment := uuid7_moment(event_id))]
        if not moments:
            return self.none()
        bounded = self.since(min(moments)).until(max(moments) + MILLISECOND)
        return bounded.filter(id__in=event_ids)

    def newest_first(self) -> Self:
        return self.order_by("-timestamp", "-id")

    def _known_as(self, window: Window | None) -> Self:
        """Note the window this list was narrowed to, and by nothing else."""
        self._window = window
        return self


class OutboxQuerySet(models.QuerySet[Any]):
    """What waits in the outbox, of all workspaces."""

    LONGEST_PAUSE = timedelta(hours=1)

    def due(self, moment: datetime, consumers: Collection[str]) -> Self:
        """Keep what these consumers may be told of by now, the oldest first.

        Nothing is put off for longer than LONGEST_PAUSE: what seems to be was written by
        a clock that was ahead.
        """
        is_due = models.Q(due_at__lte=moment) | models.Q(due_at__gt=moment + self.LONGEST_PAUSE)
        return self.filter(is_due, consumer__in=consumers).order_by("due_at")


class QualityCountQuerySet(TenantQuerySet):
    """Counts of what was refused or repaired."""

    def since_day(self, day: date) -> Self:
        """Keep the counts of this day, in UTC, and later ones."""
        return self.filter(day__gte=day)


class RejectedItemQuerySet(TenantQuerySet):
    """Refused items; the order of every list is newest first."""

    def not_replayed(self) -> Self:
        """Keep the items of which no event was made yet."""
        return self.filter(event_id=None)

    def newest_first(self) -> Self:
        return self.order_by("-received_at", "-id")
