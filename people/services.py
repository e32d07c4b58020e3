"""Changes to people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Value
from django.dispatch import Signal
from django.utils import timezone

from flameup.api import exact_json
from flameup.api.errors import InvalidField
from flameup.api.fields import JSONText
from flameup.api.payload import PayloadCleaner, RepairWarning
from flameup.api.text import is_storable_name
from people.identities import Identity, find_or_create_people, find_people, is_email
from people.models import Person, PersonIdentifier
from people.querysets import WordVector
from people.words import person_words
from workspaces.models import Workspace

MAX_TRAITS_BYTES = 64 * 1024

# Two statements: the second sees what was committed while the first waited.
_HOLD = "SELECT pg_advisory_xact_lock_shared(id) FROM unnest('{{{ids}}}'::bigint[]) AS held (id)"
_VERSIONS = "SELECT id, people_version FROM workspaces_workspace WHERE id = ANY('{{{ids}}}')"

# Sent inside the transaction that deletes a person, with `workspace_id` and `person_id`, so that
# apps above this one remove what they hold.
person_deleted = Signal()


@dataclass(frozen=True, slots=True)
class TraitChanges:
    """Traits to merge into a person's, cleaned; a value of None removes a trait."""

    values: Mapping[str, Any]
    warnings: list[RepairWarning] = field(default_factory=list)


def clean_traits(traits: Any, email: Any = None) -> TraitChanges:
    """Check the traits and the e-mail beside them, which the one in the traits overrules.

    Raises InvalidField.
    """
    if traits is None:
        traits = {}
    if not isinstance(traits, dict):
        raise InvalidField("traits", "must be an object.")
    field = "traits.email"
    if email is not None and "email" not in traits:
        traits, field = {"email": email, **traits}, "email"
    cleaner = PayloadCleaner()
    values = cleaner.clean(traits, "traits", depth=2)
    if values.get("email") is not None:
        values["email"] = _clean_email(values["email"], field)
    return TraitChanges(values, cleaner.warnings)


@transaction.atomic
def upsert_person(
    *, workspace_id: int, identity: str, changes: TraitChanges
) -> tuple[Person, bool]:
    """Merge traits into the person of this identity, who is created if unknown.

    Returns the person and whether they are new. Raises InvalidField when the
    traits would outgrow 64 KiB; then nobody is created either.
    """
    hold_people(connection, [workspace_id])
    key = Identity(workspace_id, identity)
    resolved = find_or_create_people(connection, [key], timezone.now())[key]
    person = merge_traits(workspace_id=workspace_id, person_id=resolved.person_id, changes=changes)
    return person, resolved.is_new


@transaction.atomic
def merge_traits(*, workspace_id: int, person_id: UUID, changes: TraitChanges) -> Person:
    """Merge traits, one level deep, into a person's; None removes one.

    Raises InvalidField when they would outgrow 64 KiB, Person.DoesNotExist.
    """
    people = Person.objects.in_workspace(workspace_id)
    person: Person = people.select_for_update().get(id=person_id)
    merged = {**person.traits.value, **changes.values}
    traits = {name: value for name, value in merged.items() if value is not None}
    text = exact_json.dumps(traits)
    if len(text.encode()) > MAX_TRAITS_BYTES:
        raise InvalidField("traits", f"must not exceed {MAX_TRAITS_BYTES:,} bytes in all.")
    if text != exact_json.dumps(person.traits.value):
        _save_traits(person, traits, JSONText(text))
    return person


@transaction.atomic
def delete_person(*, workspace_id: int, person_id: UUID) -> None:
    """Remove a person with everything held about them; raises Person.DoesNotExist.

    Nothing can be stored about the person meanwhile: the writers of the
    workspace are shut out until this transaction ends.
    """
    shut_out_writers(workspace_id)
    person = Person.objects.in_workspace(workspace_id).get(id=person_id)
    PersonIdentifier.objects.filter(workspace_id=workspace_id, person_id=person_id).delete()
    person_deleted.send(sender=Person, workspace_id=workspace_id, person_id=person_id)
    person.delete()


def find_person_id(workspace_id: int, identity: str) -> UUID | None:
    """Return the id of the person a client names; None if nobody is known by it."""
    if not is_storable_name(identity):
        return None
    key = Identity(workspace_id, identity)
    found = find_people(connection, [key]).get(key)
    return found.person_id if found else None


def hold_people(
    connection: BaseDatabaseWrapper, workspace_ids: Iterable[int], *, begin: str = ""
) -> dict[int, int]:
    """Keep the people of these workspaces from being deleted or merged in this transaction.

    Returns the version of the people of each workspace: while it is the same, what
    a name meant before it still means. `begin` is a statement to send before, in the
    same message.
    """
    statements = [*filter(None, [begin]), *holding(workspace_ids)]
    with connection.cursor() as cursor:
        cursor.execute(";".join(statements))
        for _ in statements[1:]:
            cursor.nextset()
        return dict(cursor.fetchall())


def holding(workspace_ids: Iterable[int]) -> tuple[str, str]:
    """Return the two statements of `hold_people`; the second has the rows (workspace, version)."""
    ids = ",".join(map(str, sorted(set(workspace_ids))))
    return _HOLD.format(ids=ids), _VERSIONS.format(ids=ids)


def shut_out_writers(workspace_id: int) -> None:
    """Wait for the writers of the workspace, and hold them up until the transaction ends.

    Whoever does this is about to change whom names mean, hence the new version.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [workspace_id])
    workspaces = Workspace.objects.filter(id=workspace_id)
    workspaces.update(people_version=F("people_version") + 1)


def _save_traits(person: Person, traits: dict[str, Any], text: JSONText) -> None:
    email = traits.get("email")
    words = person_words(person.id, [person.external_id], traits)
    person.traits, person.email, person.updated_at = text, email, timezone.now()
    person.search = WordVector(Value(words))
    person.save(update_fields=["traits", "email", "search", "updated_at"])


def _clean_email(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise InvalidField(field, "must be a string.")
    address = value.strip()
    if not is_email(address):
        raise InvalidField(field, "must be an e-mail address.")
    return address
