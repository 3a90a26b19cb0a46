"""The first look at a page: each record in numbers, compared with what the ledger knows.

Nothing is written and nothing personal is kept: 64-bit hashes that hold for this process only, day
numbers, and of people who are known already what the ledger says of their other employments.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from alumni_sync.domain import ExitKind, Facts, RecordStatus
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.intake.placing import RANKS, Employment, Standing
from alumni_sync.intake.tombstones import burials
from alumni_sync.ledger.among import among
from alumni_sync.ledger.facts import dump_facts
from alumni_sync.ledger.tables import Person, Quarantine, Spell, t
from alumni_sync.ports import SourceRecord

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)
_QUARANTINE: Final = t(Quarantine)

_LEFT: Final = RecordStatus.LEFT.value
_STANDINGS: Final[Mapping[Any, Standing]] = {
    RecordStatus.ACTIVE.value: Standing.ACTIVE,
    RecordStatus.LEFT.value: Standing.LEFT,
    RecordStatus.RESCINDED.value: Standing.RESCINDED,
    RecordStatus.HIRE_CANCELLED.value: Standing.HIRE_CANCELLED,
    RecordStatus.DELETED.value: Standing.DELETED,
}
_RANKS: Final[Mapping[Any, int]] = RANKS
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

    @property
    def number(self) -> int:
        """Return what stands for the spell in a survey."""
        return _number(self.spell_hash)


@dataclass(slots=True)
class KnownPerson:
    """A person who is in the ledger already, with all spells there."""

    id: str
    active_elsewhere: bool
    spells: list[KnownSpell] = field(default_factory=list)


class Sighting:
    """One page in numbers: arrays as long as the page.

    Attributes:
        columns: `person`, `spell`, `facts` (hashes of this process), `hired`, `ends`, `rehired`
            (ordinals), `standing`, `rank` and `known` (codes).
        people: known people about whom the page says something new, by their number.
        coded: rows about leavers with an exit code; `uncoded`: without one.
    """

    def __init__(self, records: Sequence[SourceRecord]) -> None:
        """Turn the usable ones of `records` into numbers; how they compare comes later."""
        usable = [is_usable(record) for record in records]
        self.usable = [at for at, good in enumerate(usable) if good]
        self.unusable = [at for at, good in enumerate(usable) if not good]
        facts = [records[at].facts for at in self.usable]
        standings = [_standing(one) for one in facts]
        self._count = len(records)
        self.columns: dict[str, NDArray[Any]] = {
            "person": self._spread([hash(one["person_id"]) for one in facts], np.int64),
            "facts": self._spread([hash(tuple(one.values())) for one in facts], np.int64),
            "hired": self._spread([_ordinal(one["hire_date"]) for one in facts], np.int32),
            "ends": self._spread([_ordinal(one.get("last_working_day")) for one in facts]),
            "rehired": self._spread([_ordinal(one.get("rehire_date")) for one in facts]),
            "standing": self._spread(standings, np.uint8, Standing.UNUSABLE),
            "rank": self._spread([_RANKS.get(one.get("exit_kind"), 9) for one in facts], np.uint8),
            "known": np.full(self._count, Known.NOT, dtype=np.uint8),
        }
        self.people: dict[int, KnownPerson] = {}
        codes = [one.get("exit_code", "") for one in facts if one["record_status"] == _LEFT]
        self.uncoded = codes.count(None)
        self.coded = len(codes) - self.uncoded - codes.count("")

    def _spread(self, values: Sequence[int], kind: type = np.int32, other: int = 0) -> NDArray[Any]:
        """Return `values` in the places of the usable records, `other` in the rest."""
        if not self.unusable:
            return np.array(values, dtype=kind)
        column: NDArray[Any] = np.full(self._count, other, dtype=kind)
        column[self.usable] = values
        return column

    def add_spells(self, spell_hashes: Sequence[str]) -> None:
        """Set the hashes of the usable records' employments."""
        self.columns["spell"] = self._spread([_number(one) for one in spell_hashes], np.int64)


def is_usable(record: SourceRecord) -> bool:
    """Say whether a record can be placed; a connector should have said why it cannot."""
    facts = record.facts
    if record.problems or not facts.get("person_id") or not facts.get("hire_date"):
        return False
    status = facts.get("record_status")
    if status == _LEFT and facts.get("exit_kind") not in _NOT_LEAVING:
        return bool(facts.get("last_working_day"))
    return status in _STANDINGS


def _number(digest: str) -> int:
    """Return 60 bits of a hash, which fit an array."""
    return int(digest[:15], 16)


def _standing(facts: Facts) -> Standing:
    if facts.get("exit_kind") in _NOT_LEAVING and facts["record_status"] == _LEFT:
        return Standing.MOVED
    return _STANDINGS[facts["record_status"]]


def _ordinal(day: Any) -> int:  # noqa: ANN401 a date or nothing
    return day.toordinal() if day else 0


def sight(
    connection: Connection,
    identity: SourceIdentity,
    records: Sequence[SourceRecord],
    *,
    asked_back: bool = False,
) -> Sighting:
    """Look at one page: a handful of queries, whatever its length.

    Args:
        connection: of a read transaction.
        identity: of the source.
        records: the page.
        asked_back: these people asked for it themselves, so no tombstone bars them.
    """
    sighting = Sighting(records)
    known = sighting.columns["known"]
    rows = [identity.row(records[at]) for at in sighting.unusable]
    rejected = _rejected_before(connection, rows)
    for at, row_hash in zip(sighting.unusable, rows, strict=True):
        known[at] = Known.SAME if row_hash in rejected else Known.NOT
    facts = [records[at].facts for at in sighting.usable]
    spell_hashes = [identity.spell(one) for one in facts]
    sighting.add_spells(spell_hashes)
    usable = dict(zip(sighting.usable, spell_hashes, strict=True))
    seen = {} if asked_back else _seen_before(connection, spell_hashes)
    if seen:
        for at, spell_hash in usable.items():
            if spell_hash in seen:
                facts_hash = identity.facts(dump_facts(records[at].facts))
                same = facts_hash == seen[spell_hash]
                known[at] = Known.SAME if same else Known.DIFFERENT
    settled = set(np.flatnonzero(known == Known.SAME).tolist())
    news = {at: spell_hash for at, spell_hash in usable.items() if at not in settled}
    for spell_hash, burial in burials(connection, news.values()).items():
        for at in [at for at, one in news.items() if one == spell_hash]:
            now = records[at].facts
            facts_hash = identity.facts(dump_facts(now))
            reopened = asked_back or burial.reopened_by(now, facts_hash, identity.hashes)
            known[at] = Known.REOPENED if reopened else Known.BURIED
    _meet(connection, identity, records, news, sighting)
    return sighting


def _rejected_before(connection: Connection, row_hashes: Sequence[str]) -> set[str]:
    query = select(_QUARANTINE.c.row_hash).where(among(_QUARANTINE.c.row_hash))
    return set(connection.execute(query, {"among": row_hashes}).scalars())


def _seen_before(connection: Connection, spell_hashes: Sequence[str]) -> dict[str, str]:
    """Return spell hash → hash of the facts as they were seen last."""
    query = select(_SPELL.c.spell_hash, _SPELL.c.seen_hash).where(among(_SPELL.c.spell_hash))
    return dict(connection.execute(query, {"among": spell_hashes}).all())


def _meet(
    connection: Connection,
    identity: SourceIdentity,
    records: Sequence[SourceRecord],
    news: Mapping[int, str],
    sighting: Sighting,
) -> None:
    """Note what the ledger says of the people about whom there is something new.

    Left out is whoever has a single row here and a single spell there, which that row is about:
    after a change of the mapping that is nearly everybody, and they need no memory.
    """
    person, known = sighting.columns["person"], sighting.columns["known"]
    buried = set(np.flatnonzero(known == Known.BURIED).tolist())
    fresh = [at for at in news if at not in buried]
    if not fresh:
        return
    rows = Counter(person.tolist())
    told = {news[at] for at in fresh if rows[int(person[at])] == 1}
    hashes = [identity.person(records[at].facts) for at in fresh]
    numbers = {one: int(person[at]) for at, one in zip(fresh, hashes, strict=True)}
    for person_hash, one in _people(connection, list(numbers)).items():
        if one.active_elsewhere or any(
            spell.spell_hash not in told or spell.rehire_on for spell in one.spells
        ):
            sighting.people[numbers[person_hash]] = one


def _people(connection: Connection, person_hashes: Sequence[str]) -> dict[str, KnownPerson]:
    """Return the people who are in the ledger, by their hash."""
    people: dict[str, KnownPerson] = {}
    by_id: dict[str, KnownPerson] = {}
    query = select(_PERSON.c.id, _PERSON.c.person_hash, _PERSON.c.active_elsewhere)
    known = query.where(among(_PERSON.c.person_hash))
    for row in connection.execute(known, {"among": person_hashes}):
        people[row.person_hash] = by_id[row.id] = KnownPerson(row.id, row.active_elsewhere)
    spells = select(_SPELL).where(among(_SPELL.c.person_id))
    for row in connection.execute(spells, {"among": by_id}):
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
    return Employment(spell.number, spell.standing, spell.hired, spell.ends)
