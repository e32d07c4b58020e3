"""Makes rows the way the product makes them: through its services."""

from datetime import datetime
from typing import Any

import factory
from django.db import connection
from django.utils import timezone

from events.ingest.items import Item, Stored
from events.ingest.store import store
from events.models import Event
from flameup.api.exact_json import dumps
from people.identities import Identity
from people.models import Person
from people.services import TraitChanges, upsert_person
from workspaces.audit import SYSTEM
from workspaces.models import APIKey, User, Workspace
from workspaces.scopes import ALL_SCOPES
from workspaces.services import create_api_key, create_user, create_workspace, update_api_key


class UserFactory(factory.Factory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"user{n}@example.com")
    # Nobody signs in but in few tests, and hashing a password takes longer than most tests.
    password = None

    class Params:
        operator = factory.Trait(is_operator=True)

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> User:
        return create_user(**kwargs)


class WorkspaceFactory(factory.Factory):
    class Meta:
        model = Workspace

    name = factory.Sequence(lambda n: f"Workspace {n}")
    owner = factory.SubFactory(UserFactory)

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Workspace:
        return create_workspace(**kwargs)


class APIKeyFactory(factory.Factory):
    """A key whose `token`, the whole text, is at hand."""

    class Meta:
        model = APIKey

    workspace = factory.SubFactory(WorkspaceFactory)
    name = "Server"
    scopes = ALL_SCOPES

    class Params:
        test = factory.Trait(mode="test")
        expired = factory.Trait(ended_at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"))

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> APIKey:
        ended_at = kwargs.pop("ended_at", None)
        api_key, token = create_api_key(**kwargs)
        if ended_at is not None:
            update_api_key(api_key=api_key, by=SYSTEM, expires_at=ended_at)
        api_key.token = token
        return api_key


class PersonFactory(factory.Factory):
    class Meta:
        model = Person

    workspace = factory.SubFactory(WorkspaceFactory)
    external_id = factory.Sequence(lambda n: f"user_{n}")
    traits = factory.Dict({})

    class Params:
        jane = factory.Trait(
            external_id="jane", traits={"email": "jane@example.com", "first_name": "Jane"}
        )

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Person:
        person, _ = upsert_person(
            workspace_id=kwargs["workspace"].id,
            identity=kwargs["external_id"],
            changes=TraitChanges(kwargs["traits"]),
        )
        return person


def make_item(workspace: Workspace, **kwargs: Any) -> Item:
    """Return an item that is ready to be stored."""
    moment = kwargs.pop("timestamp", None) or timezone.now()
    return Item(
        person=Identity(workspace.id, kwargs.pop("external_id", "user_123")),
        event=kwargs.pop("event", "purchase_completed"),
        timestamp=moment,
        received_at=kwargs.pop("received_at", timezone.now()),
        source=kwargs.pop("source", Event.Source.API),
        parameters=dumps(kwargs.pop("parameters", {})),
        **kwargs,
    )


class EventFactory(factory.Factory):
    class Meta:
        model = Event

    workspace = factory.SubFactory(WorkspaceFactory)
    external_id = "user_123"
    event = "purchase_completed"

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Event:
        workspace = kwargs.pop("workspace")
        [outcome] = store([make_item(workspace, **kwargs)], connection)
        assert isinstance(outcome, Stored)
        return Event.objects.in_workspace(workspace.id).with_id(outcome.event_id).get()
