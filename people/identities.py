"""From the name a client gives a person to the person: find, or create.

The order is the same wherever a person is named: external id, person id, e-mail.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zlib import crc32

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.backends.base.base import BaseDatabaseWrapper

from flameup.api.exact_json import dumps
from flameup.api.ids import parse_uuid, uuid7
from people.words import person_words

MAX_EMAIL_LENGTH = 254
# The class of advisory locks for e-mail addresses; a CRC-32 less this half is a signed integer.
_EMAIL_LOCKS = 1
_HALF = 2**31
# What clients call the field that names a person; the first one given counts.
IDENTITY_FIELDS = ("external_id", "user_id", "userId")

_FIND = """
SELECT wanted.workspace_id, wanted.value,
       coalesce(identifier.person_id, by_id.id, by_email.id),
       coalesce(identifier.person_id, by_id.id) IS NOT NULL
  FROM unnest(%s::bigint[], %s::text[], %s::uuid[], %s::text[])
       AS wanted (workspace_id, value, person_id, email)
  LEFT JOIN people_personidentifier AS identifier
    ON identifier.workspace_id = wanted.workspace_id
   AND identifier.kind = 'external_id' AND identifier.value = wanted.value
  LEFT JOIN people_person AS by_id
    ON by_id.workspace_id = wanted.workspace_id AND by_id.id = wanted.person_id
  LEFT JOIN LATERAL (
       SELECT person.id FROM people_person AS person
        WHERE person.workspace_id = wanted.workspace_id
          AND lower(person.email) = lower(wanted.email)
        ORDER BY person.created_at, person.id LIMIT 1
       ) AS by_email ON wanted.email IS NOT NULL
"""

# Sorted, so that two transactions that create the same people wait and do not deadlock.
_CLAIM = """
INSERT INTO people_personidentifier (workspace_id, kind, value, person_id)
SELECT workspace_id, 'external_id', value, person_id
  FROM unnest(%s::bigint[], %s::text[], %s::uuid[]) AS new (workspace_id, value, person_id)
 ORDER BY workspace_id, value
ON CONFLICT (workspace_id, kind, value) DO NOTHING
RETURNING workspace_id, value
"""

_CREATE = """
INSERT INTO people_person
       (workspace_id, id, external_id, email, traits, search, created_at, updated_at)
SELECT workspace_id, id, external_id, email, traits::jsonb,
       array_to_tsvector(string_to_array(words, ' ')), %s, %s
  FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[])
       AS new (workspace_id, id, external_id, email, traits, words)
"""


class Identity(NamedTuple):
    """What a client calls a person: its external id, its person id or its e-mail."""

    workspace_id: int
    value: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The person an identity names.

    An e-mail address is theirs until they have another; every other name lasts
    until they are merged or deleted.
    """

    person_id: UUID
    is_new: bool = False
    is_lasting: bool = True


def is_email(text: str) -> bool:
    """Say whether the text has the shape of an e-mail address."""
    if "@" not in text or len(text) > MAX_EMAIL_LENGTH:
        return False
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def find_people(
    connection: BaseDatabaseWrapper, identities: Collection[Identity]
) -> dict[Identity, Resolved]:
    """Return the people who are known by these identities, in one query."""
    columns: list[Any] = [
        [identity.workspace_id for identity in identities],
        [identity.value for identity in identities],
        [parse_uuid(identity.value) for identity in identities],
        [identity.value if is_email(identity.value) else None for identity in identities],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_FIND, columns)
        rows = cursor.fetchall()
    return {
        Identity(workspace_id, value): Resolved(person_id, is_lasting=is_lasting)
        for workspace_id, value, person_id, is_lasting in rows
        if person_id
    }


def find_or_create_people(
    connection: BaseDatabaseWrapper, identities: Iterable[Identity], moment: datetime
) -> dict[Identity, Resolved]:
    """Return the person of every identity, creating those nobody is known by.

    Three queries at most, however many people; two more when new e-mail
    addresses are among them, and one when another transaction created some of
    them at the same time. Runs inside the caller's transaction.
    """
    wanted = list(dict.fromkeys(identities))
    people = find_people(connection, wanted)
    missing = [identity for identity in wanted if identity not in people]
    if emails := [identity for identity in missing if is_email(identity.value)]:
        people |= _find_behind_lock(connection, emails)
    spelt = _first_spellings(identity for identity in missing if identity not in people)
    if spelt:
        people |= _create(connection, list(dict.fromkeys(spelt.values())), moment)
        if lost := [identity for identity in spelt.values() if identity not in people]:
            people |= find_people(connection, lost)
    others = {identity: first for identity, first in spelt.items() if identity != first}
    return people | {
        identity: Resolved(people[first].person_id, is_lasting=False)
        for identity, first in others.items()
    }


def _find_behind_lock(
    connection: BaseDatabaseWrapper, emails: list[Identity]
) -> dict[Identity, Resolved]:
    """Wait for whoever is creating these e-mail addresses in any spelling, and look again.

    Nothing else would keep two transactions apart: their spellings differ.
    """
    keys = {crc32(f"{e.workspace_id}:{e.value.lower()}".encode()) - _HALF for e in emails}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::integer[]) AS key",
            [_EMAIL_LOCKS, sorted(keys)],
        )
    return find_people(connection, emails)


def _first_spellings(missing: Iterable[Identity]) -> dict[Identity, Identity]:
    """Return, for each, the first that will find the same person: e-mails ignore case."""
    first: dict[Identity, Identity] = {}
    return {identity: first.setdefault(_folded(identity), identity) for identity in missing}


def _folded(identity: Identity) -> Identity:
    if not is_email(identity.value):
        return identity
    return Identity(identity.workspace_id, identity.value.lower())


def _create(
    connection: BaseDatabaseWrapper, missing: list[Identity], moment: datetime
) -> dict[Identity, Resolved]:
    drafts = {identity: uuid7(moment) for identity in missing}
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            [
                [identity.workspace_id for identity in missing],
                [identity.value for identity in missing],
                list(drafts.values()),
            ],
        )
        won = [Identity(workspace_id, value) for workspace_id, value in cursor.fetchall()]
        if won:
            cursor.execute(_CREATE, [moment, moment, *_person_columns(won, drafts)])
    return {identity: Resolved(drafts[identity], is_new=True) for identity in won}


def _person_columns(won: list[Identity], drafts: dict[Identity, UUID]) -> list[Any]:
    rows = [_person_row(identity, drafts[identity]) for identity in won]
    return [list(column) for column in zip(*rows, strict=True)]


def _person_row(identity: Identity, person_id: UUID) -> tuple[object, ...]:
    traits = {"email": identity.value} if is_email(identity.value) else {}
    words = person_words(person_id, [identity.value], traits)
    return (
        identity.workspace_id,
        person_id,
        identity.value,
        traits.get("email"),
        dumps(traits),
        " ".join(words),
    )
