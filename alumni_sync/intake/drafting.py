"""What one page is to write: rows of people and spells, sealed before any of them is written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from alumni_sync.domain import Fact, Facts, RecordStatus
from alumni_sync.intake.counts import IntakeCounts
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.intake.merging import distrusted, merged, tells_status_only, with_status
from alumni_sync.intake.sighting import Known
from alumni_sync.ledger.among import among
from alumni_sync.ledger.facts import dump_facts, load_facts
from alumni_sync.ledger.ids import new_ids
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Person, Spell, t
from alumni_sync.ledger.vault import KeyGone, KeyRing
from alumni_sync.ports import SourceRecord

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)


def _defaults(model: type[Person | Spell]) -> dict[str, Any]:
    """Return the columns that a new row has before anything is known; null ones are left out."""
    fields = model.model_fields.items()
    return {
        name: info.default
        for name, info in fields
        if not info.is_required() and info.default is not None
    }


_NEW_SPELL: Final = _defaults(Spell)
_NEW_PERSON: Final = _defaults(Person)


class Sighted(NamedTuple):
    """One row that needs writing, with what the survey found of it (`known` is a `Known`)."""

    record: SourceRecord
    known: int
    rehired: int
    spell_hash: str
    person_hash: str


@dataclass(slots=True)
class Stock:
    """What the ledger has of the people and spells of a page."""

    spells: dict[str, Any] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """What one page writes.

    Attributes:
        reopened: spell hash → id of the purged spell that it belonged to, None where that is gone.
        retired: people whose keys were destroyed, and who are somebody new here from now on.
        doubted: exit codes that are not trusted.
    """

    people: list[dict[str, Any]] = field(default_factory=list)
    people_changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    spells: list[dict[str, Any]] = field(default_factory=list)
    spells_changed: list[dict[str, Any]] = field(default_factory=list)
    reopened: dict[str, str | None] = field(default_factory=dict)
    retired: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    doubted: frozenset[str] = frozenset()

    def counts(self) -> IntakeCounts:
        """Return what became of the page's rows."""
        return IntakeCounts(read=self.tally.total(), **self.tally)


def stock_of(connection: Connection, sighted: Sequence[Sighted]) -> Stock:
    """Load what the ledger has of the spells and people of a page."""
    stock = Stock()
    spell_hashes = [one.spell_hash for one in sighted if one.known != Known.NOT]
    person_hashes = {one.person_hash for one in sighted}
    spells = select(_SPELL).where(among(_SPELL.c.spell_hash))
    for row in connection.execute(spells, {"among": spell_hashes}):
        stock.spells[row.spell_hash] = row
    people = select(_PERSON.c.id, _PERSON.c.person_hash).where(among(_PERSON.c.person_hash))
    for row in connection.execute(people, {"among": person_hashes}):
        stock.people[row.person_hash] = row.id
    return stock


class Drafter:
    """Drafts the pages of one read."""

    def __init__(self, identity: SourceIdentity, *, close: date | None, now: datetime) -> None:
        """Prepare for one run; `close` is the payroll close that new spells are first seen at."""
        self._identity = identity
        self._close = close
        self._now = now
        self._today = identity.today(now).toordinal()

    def draft(
        self,
        sighted: Sequence[Sighted],
        stock: Stock,
        strangers: Mapping[str, str],
        ring: KeyRing,
        doubted: frozenset[str] = frozenset(),
    ) -> Draft:
        """Work out what a page writes.

        Args:
            sighted: the rows that need writing.
            stock: what the ledger has of them.
            strangers: person hash → id, for people who are not there yet.
            ring: keys of all of them.
            doubted: exit codes that are not trusted.
        """
        draft = Draft(doubted=doubted)
        spell_ids = iter(new_ids("S", len(sighted)))
        people = {**stock.people, **strangers}
        to_come = dict(strangers)
        for one in sighted:
            known = stock.spells.get(one.spell_hash)
            fresh = known is None or one.known == Known.REOPENED or one.person_hash in strangers
            status_only = tells_status_only(one.record.facts)
            if fresh and status_only:  # what it is about was purged; there is nothing to undo
                draft.tally["unchanged"] += 1
                continue
            person_id = people[one.person_hash]
            if to_come.pop(one.person_hash, None):
                draft.people.append(self._person_row(one, person_id, ring))
            elif not status_only:
                draft.people_changed[person_id] = self._person_changes(one, person_id, ring)
            if fresh:
                if known is not None or one.known == Known.REOPENED:
                    draft.reopened[one.spell_hash] = known.id if known is not None else None
                self._draft_new(draft, one, person_id, next(spell_ids), ring)
            else:
                self._draft_changed(draft, one, known, ring)
        return draft

    def _person_row(self, one: Sighted, person_id: str, ring: KeyRing) -> dict[str, Any]:
        return {
            **_NEW_PERSON,
            **self._identity.columns(one.record.facts),
            "id": person_id,
            "source": self._identity.source,
            "person_hash": one.person_hash,
            "created_at": self._now,
            "sealed": _sealed_person(ring, person_id, one.record.facts),
        }

    def _person_changes(self, one: Sighted, person_id: str, ring: KeyRing) -> dict[str, Any]:
        """Return what a record says of a person who is known already."""
        columns = self._identity.columns(one.record.facts)
        if columns["address_hash"] is None:  # an address that was emptied is still theirs
            del columns["address_hash"]
        sealed = _sealed_person(ring, person_id, one.record.facts)
        return {**columns, "key": person_id, "sealed": sealed}

    def _draft_new(
        self, draft: Draft, one: Sighted, person_id: str, spell_id: str, ring: KeyRing
    ) -> None:
        """Draft a spell that was never seen, or that reopens its tombstone."""
        told = one.record.facts
        facts = distrusted({}, told, draft.doubted)
        content = dump_facts(facts)
        facts_hash = self._identity.facts(content)
        seen_hash = facts_hash if facts is told else self._identity.facts(dump_facts(told))
        draft.tally["new"] += 1
        draft.spells.append(
            {
                **_NEW_SPELL,
                **self._spell_values(one, facts, seen_hash),
                "id": spell_id,
                "person_id": person_id,
                "source": self._identity.source,
                "spell_hash": one.spell_hash,
                "facts_hash": facts_hash,
                "close": self._close,
                "first_seen_at": self._now,
                "changed_at": self._now,
                "sealed": ring.seal(person_id, KeyKind.PROFILE, "spell", content),
            }
        )

    def _draft_changed(self, draft: Draft, one: Sighted, known: Any, ring: KeyRing) -> None:  # noqa: ANN401 a database row
        """Note what differs of a known spell, keeping what its source has only forgotten."""
        new = one.record.facts
        seen_hash = self._identity.facts(dump_facts(new))
        after_exit = known.effective_at is not None and known.effective_at <= self._now
        old = _open_facts(ring, known)
        kept: Facts
        if tells_status_only(new):
            kept = with_status(old, new)
        else:
            kept = merged(old, new, after_exit=after_exit)
            kept = distrusted(old, kept, draft.doubted)
        content = dump_facts(kept)
        facts_hash = self._identity.facts(content)
        changed = facts_hash != known.facts_hash
        row = self._spell_values(one, kept, seen_hash) | {
            "key": known.id,
            "facts_hash": facts_hash,
            "revision": known.revision + changed,
            "changed_at": self._now if changed else known.changed_at,
            "sealed": ring.seal(known.person_id, KeyKind.PROFILE, "spell", content),
        }
        draft.spells_changed.append(row)
        if new["record_status"] == RecordStatus.ACTIVE.value:
            draft.tally["not_leavers"] += 1
        else:
            draft.tally["changed" if changed else "unchanged"] += 1

    def _spell_values(self, one: Sighted, facts: Facts, seen_hash: str) -> dict[str, Any]:
        """Return the plain columns that follow from a spell's facts."""
        last_day = facts.get("last_working_day")
        ends = last_day if isinstance(last_day, date) else None
        return {
            "seen_hash": seen_hash,
            "hired_on": facts.get("hire_date"),
            "record_status": facts["record_status"],
            "last_working_day": ends,
            "effective_at": self._identity.end_of(ends) if ends else None,
            "rehire_on": _day(one.rehired),
            "rehire_ends": 0 < one.rehired <= self._today,
        }


def _day(ordinal: int) -> date | None:
    return date.fromordinal(ordinal) if ordinal else None


def _sealed_person(ring: KeyRing, person_id: str, facts: Facts) -> bytes:
    number = facts.get("employee_number") or facts["person_id"]
    told = {"person_id": facts["person_id"], "employee_number": number}
    return ring.seal_json(person_id, KeyKind.PROFILE, "person", told)


def _open_facts(ring: KeyRing, known: Any) -> dict[str, Fact]:  # noqa: ANN401 a database row
    """Return the facts of a known spell; none where they, or the key to them, are gone."""
    if known.sealed is None:
        return {}
    try:
        return load_facts(ring.open(known.person_id, KeyKind.PROFILE, "spell", known.sealed))
    except KeyGone:
        return {}
