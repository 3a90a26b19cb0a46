"""The first look at a page: each record in numbers, compared with what the ledger knows.

Nothing is written and nothing personal is kept: 64-bit hashes that hold for this process only, day
numbers, and of people who are known already what the ledger says of their other employments.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import Connection, select

from alumni_sync.domain import ExitKind, Facts, RecordStatus
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.intake.placing import RANKS, Employment, Standing
from alumni_sync.intake.tombstones import Burial, burials
from alumni_sync.ledger.facts import dump_facts
from alumni_sync.ledger.tables import Person, Quarantine, Spell, t
from alumni_sync.ledger.upsert import in_chunks
from alumni_sync.ports import SourceRecord

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)
_QUARANTINE: Final = t(Quarantine)

_STANDINGS: Final = {
    RecordStatus.ACTIVE.value: Standing.ACTIVE,
    RecordStatus.LEFT.value: Standing.LEFT,
    RecordStatus.RESCINDED.value: Standing.RESCINDED,
    RecordStatus.HIRE_CANCELLED.value: Standing.HIRE_CANCELLED,
    RecordStatus.DELETED.value: Standing.DELETED,
}
_NOT_LEAVING: Final = frozenset({ExitKind.INTERNAL_TRANSFER.value, ExitKind.NO_SHOW.value})


class Known(IntEnum):
    """How a record compares with the ledger."""

    NOT = 0  # a spell, or a rejected row, that was never seen
    SAME = 1
    DIFFERENT = 2
    BURIED = 3  # purged, and nothing about it reopens it
    REOPENED = 4  # purged, and a fact is another one now


@dataclass(frozen=True, slots=True)
class KnownSpell:
    """One spell as the ledger has it, with what decides on a rehire."""

    id: str
    person_id: str
    spell_hash: str
    standing: Standing
    hired: int
    ends: int
    rehire_on: int
    rehire_ends: bool


@dataclass(slots=True)
class KnownPerson:
    """A person who is in the ledger already, with all spells there."""

    id: str
    active_elsewhere: bool
    spells: list[KnownSpell] = field(default_factory=list)


@dataclass(slots=True)
class Sighting:
    """One page in numbers; the lists are as long as the page.

    Attributes:
        people: known people about whom the page says something new, by their number.
    """

    person: list[int] = field(default_factory=list)
    spell: list[int] = field(default_factory=list)
    facts: list[int] = field(default_factory=list)
    standing: list[int] = field(default_factory=list)
    hired: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    rank: list[int] = field(default_factory=list)
    rehired: list[int] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    people: dict[int, KnownPerson] = field(default_factory=dict)
    coded: int = 0
    uncoded: int = 0

    def add(self, facts: Facts, spell_hash: str) -> None:
        """Append a usable record; how it compares is filled in later."""
        standing = _STANDINGS[str(facts["record_status"])]
        if standing is Standing.LEFT:
            if facts["exit_kind"] in _NOT_LEAVING:
                standing = Standing.MOVED
            if "exit_code" in facts:
                self.coded += facts["exit_code"] is not None
                self.uncoded += facts["exit_code"] is None
        self.person.append(hash(facts["person_id"]))
        self.spell.append(int(spell_hash[:15], 16))
        self.facts.append(hash(tuple(facts.values())))
        self.standing.append(standing)
        self.hired.append(_ordinal(facts["hire_date"]))
        self.ends.append(_ordinal(facts.get("last_working_day")))
        self.rank.append(RANKS.get(str(facts.get("exit_kind")), 9))
        self.rehired.append(_ordinal(facts.get("rehire_date")))
        self.known.append(Known.NOT)

    def add_unusable(self) -> None:
        """Append a record that cannot be used."""
        for column in (self.person, self.spell, self.facts, self.hired, self.ends, self.rehired):
            column.append(0)
        self.standing.append(Standing.UNUSABLE)
        self.rank.append(0)
        self.known.append(Known.NOT)


def _ordinal(day: object) -> int:
    return day.toordinal() if isinstance(day, date) else 0


def sight(
    connection: Connection, identity: SourceIdentity, records: Sequence[SourceRecord]
) -> Sighting:
    """Look at one page: a handful of queries, whatever its length."""
    sighting = Sighting()
    usable: dict[int, str] = {}
    unusable: dict[int, str] = {}
    for at, record in enumerate(records):
        if record.problems:
            unusable[at] = identity.row(record)
            sighting.add_unusable()
        else:
            usable[at] = identity.spell(record.facts)
            sighting.add(record.facts, usable[at])
    rejected = _rejected_before(connection, unusable.values())
    for at, row_hash in unusable.items():
        sighting.known[at] = Known.SAME if row_hash in rejected else Known.NOT
    spells = _spells(connection, usable.values())
    buried = burials(connection, usable.values())
    for at, spell_hash in usable.items():
        if spell_hash in spells or spell_hash in buried:
            row, burial = spells.get(spell_hash), buried.get(spell_hash)
            sighting.known[at] = _compare(identity, records[at].facts, row, burial)
    _meet(connection, identity, records, usable, sighting)
    return sighting


def _compare(
    identity: SourceIdentity, facts: Facts, seen_hash: str | None, burial: Burial | None
) -> Known:
    content = dump_facts(facts)
    facts_hash = identity.facts(content)
    if burial is not None:
        reopened = burial.reopened_by(facts, facts_hash, identity.hashes)
        return Known.REOPENED if reopened and facts_hash != seen_hash else Known.BURIED
    return Known.SAME if facts_hash == seen_hash else Known.DIFFERENT


def _rejected_before(connection: Connection, row_hashes: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in in_chunks(list(row_hashes)):
        query = select(_QUARANTINE.c.row_hash).where(_QUARANTINE.c.row_hash.in_(chunk))
        found.update(connection.execute(query).scalars())
    return found


def _spells(connection: Connection, spell_hashes: Iterable[str]) -> Mapping[str, str]:
    """Return spell hash → hash of the facts as they were seen last."""
    found: dict[str, str] = {}
    for chunk in in_chunks(list(spell_hashes)):
        query = select(_SPELL.c.spell_hash, _SPELL.c.seen_hash)
        rows = connection.execute(query.where(_SPELL.c.spell_hash.in_(chunk)))
        found.update((row.spell_hash, row.seen_hash) for row in rows)
    return found


def _meet(
    connection: Connection,
    identity: SourceIdentity,
    records: Sequence[SourceRecord],
    usable: Mapping[int, str],
    sighting: Sighting,
) -> None:
    """Note what the ledger says of the people about whom there is something new.

    Left out is whoever has a single row here and a single spell there, which that row is about:
    after a change of the mapping that is nearly everybody, and they need no memory.
    """
    numbers: dict[str, int] = {}
    told: set[str] = set()
    rows = Counter(sighting.person)
    for at, spell_hash in usable.items():
        if sighting.known[at] not in {Known.SAME, Known.BURIED}:
            numbers[identity.person(records[at].facts)] = sighting.person[at]
            if rows[sighting.person[at]] == 1:
                told.add(spell_hash)
    for person_hash, person in _people(connection, list(numbers)).items():
        if person.active_elsewhere or any(
            spell.spell_hash not in told or spell.rehire_on for spell in person.spells
        ):
            sighting.people[numbers[person_hash]] = person


def _people(connection: Connection, person_hashes: Sequence[str]) -> dict[str, KnownPerson]:
    """Return the people who are in the ledger, by their hash."""
    people: dict[str, KnownPerson] = {}
    by_id: dict[str, KnownPerson] = {}
    for chunk in in_chunks(person_hashes):
        query = select(_PERSON.c.id, _PERSON.c.person_hash, _PERSON.c.active_elsewhere)
        for row in connection.execute(query.where(_PERSON.c.person_hash.in_(chunk))):
            people[row.person_hash] = by_id[row.id] = KnownPerson(row.id, row.active_elsewhere)
    for chunk in in_chunks(list(by_id)):
        for row in connection.execute(select(_SPELL).where(_SPELL.c.person_id.in_(chunk))):
            by_id[row.person_id].spells.append(_known_spell(row))
    return people


def _known_spell(row: Any) -> KnownSpell:  # noqa: ANN401 a database row
    return KnownSpell(
        id=row.id,
        person_id=row.person_id,
        spell_hash=row.spell_hash,
        standing=_STANDINGS[row.record_status],
        hired=_ordinal(row.hired_on),
        ends=_ordinal(row.last_working_day),
        rehire_on=_ordinal(row.rehire_on),
        rehire_ends=row.rehire_ends,
    )


def employment_of(spell: KnownSpell) -> Employment:
    """Return a spell of the ledger as an employment among others."""
    key = int(spell.spell_hash[:15], 16)
    return Employment(key, spell.standing, spell.hired, spell.ends)
