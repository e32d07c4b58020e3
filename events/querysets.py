"""Events, chained in the words of the pages and the API."""

from collections.abc import Collection
from datetime import datetime
from typing import Self
from uuid import UUID

from flameup.api.ids import MILLISECOND, uuid7_moment
from workspaces.querysets import TenantQuerySet


class EventQuerySet(TenantQuerySet):
    """Events of a workspace; the order of every list is newest first, then by id."""

    def about(self, person_ids: Collection[UUID]) -> Self:
        """Keep the events about any of these people."""
        return self.filter(person_id__in=person_ids)

    def named(self, *names: str) -> Self:
        """Keep the events of any of these names."""
        return self.filter(event=names[0]) if len(names) == 1 else self.filter(event__in=names)

    def since(self, moment: datetime) -> Self:
        """Keep the events at or after the moment."""
        return self.filter(timestamp__gte=moment)

    def until(self, moment: datetime) -> Self:
        """Keep the events before the moment, so that windows tile."""
        return self.filter(timestamp__lt=moment)

    def with_id(self, event_id: UUID) -> Self:
        """Keep the one event of this id.

        The time inside the id is the event's, to the millisecond, which leaves
        one partition to look at.
        """
        moment = uuid7_moment(event_id)
        if moment is None:
            return self.none()
        return self.since(moment).until(moment + MILLISECOND).filter(id=event_id)

    def newest_first(self) -> Self:
        return self.order_by("-timestamp", "-id")
