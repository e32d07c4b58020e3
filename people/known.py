"""The people this process has met, so that most events cost no query for theirs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

from people.identities import Identity, Resolved, find_or_create_people

MAX_KNOWN = 100_000
MAX_VERSIONS = 10_000

# A workspace, the version of its people, and a name.
_Key = tuple[int, int, str]


class KnownPeople:
    """Whom names meant under a version of a workspace's people; at most MAX_KNOWN names.

    The version is a part of the key, so that nothing has to be dropped when it
    changes. There are two generations: when the younger has half of what may be
    kept, it becomes the older, and what nobody asked for since is forgotten.
    """

    def __init__(self, maximum: int = MAX_KNOWN) -> None:
        self._half = maximum // 2
        self._young: dict[_Key, UUID] = {}
        self._old: dict[_Key, UUID] = {}
        # What it was in the last transaction that asked.
        self.versions: dict[int, int] = {}

    def get(self, key: _Key) -> UUID | None:
        """Return the person of this name."""
        person_id = self._young.get(key)
        if person_id is None and (person_id := self._old.get(key)) is not None:
            self.put(key, person_id)
        return person_id

    def put(self, key: _Key, person_id: UUID) -> None:
        """Remember the person of this name."""
        if len(self._young) >= self._half:
            self._young, self._old = {}, self._young
        self._young[key] = person_id

    def clear(self) -> None:
        """Forget everybody."""
        self._young, self._old, self.versions = {}, {}, {}

    def note_versions(self, versions: Mapping[int, int]) -> None:
        """Keep these versions as the last that are known."""
        if len(self.versions) >= MAX_VERSIONS:
            self.versions.clear()
        self.versions.update(versions)


known_people = KnownPeople()


@dataclass(frozen=True, slots=True)
class Meeting:
    """The people of some names, and those among them that nobody here had met before."""

    people: dict[Identity, UUID]
    strangers: Mapping[Identity, Resolved]
    versions: Mapping[int, int]

    def remember(self) -> None:
        """Remember the strangers; call it once the transaction is committed."""
        known_people.note_versions(self.versions)
        for (workspace_id, name), resolved in self.strangers.items():
            if resolved.is_lasting:
                key = (workspace_id, self.versions.get(workspace_id, 0), name)
                known_people.put(key, resolved.person_id)


def recall(identities: Iterable[Identity]) -> Meeting | None:
    """Return the person of each identity if all are known, by the versions last seen. No query.

    It holds only for a transaction that holds the people and finds them at these
    versions.
    """
    people: dict[Identity, UUID] = {}
    versions: dict[int, int] = {}
    find, last_seen = known_people.get, known_people.versions
    for identity in dict.fromkeys(identities):
        workspace_id, name = identity
        version = last_seen.get(workspace_id)
        person_id = None if version is None else find((workspace_id, version, name))
        if version is None or person_id is None:
            return None
        people[identity], versions[workspace_id] = person_id, version
    return Meeting(people, {}, versions)


def meet(
    connection: BaseDatabaseWrapper,
    identities: Iterable[Identity],
    versions: Mapping[int, int],
    moment: datetime,
) -> Meeting:
    """Return the person of each identity, creating those nobody is known by.

    Runs inside a transaction that holds the people of these `versions` (see
    people.services.hold_people), which makes what is remembered as good as a
    look. No query where all are known.
    """
    people: dict[Identity, UUID] = {}
    strangers: list[Identity] = []
    find = known_people.get
    for identity in dict.fromkeys(identities):
        workspace_id, name = identity
        person_id = find((workspace_id, versions.get(workspace_id, 0), name))
        if person_id is None:
            strangers.append(identity)
        else:
            people[identity] = person_id
    found = find_or_create_people(connection, strangers, moment) if strangers else {}
    people |= {identity: resolved.person_id for identity, resolved in found.items()}
    return Meeting(people, found, versions)
