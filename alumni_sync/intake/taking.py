"""The second look at a page: what is new or different is sealed and written, in one transaction.

Keys are made before that transaction, in the key store's own: a key without a person does no harm,
a person without a key could not be read.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, bindparam, update

from alumni_sync.crash import crash_point
from alumni_sync.intake.counts import IntakeCounts
from alumni_sync.intake.drafting import Draft, Drafter, Sighted, stock_of
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.intake.quarantine import (
    Rejection,
    keep_rejections,
    rejection,
    seal_rejections,
)
from alumni_sync.intake.survey import Findings, Outcome, Rehire
from alumni_sync.intake.tombstones import retire_people, retire_spells
from alumni_sync.ledger.ids import new_ids
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, Spell, t
from alumni_sync.ledger.upsert import execute_many, insert_ignore
from alumni_sync.ports import SourceRecord

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)
_REJECTED: Final = frozenset({int(Outcome.UNUSABLE), int(Outcome.CONFLICT)})
_REWRITTEN: Final = (
    "facts_hash",
    "seen_hash",
    "hired_on",
    "record_status",
    "last_working_day",
    "effective_at",
    "rehire_on",
    "rehire_ends",
    "revision",
    "changed_at",
    "sealed",
)


class PageTaker:
    """Takes pages of one read into the ledger.

    Attributes:
        doubted: exit codes that are not trusted (see `code_watch`).
    """

    def __init__(
        self,
        ledger: Ledger,
        identity: SourceIdentity,
        *,
        close: date | None,
        run_id: str,
        now: datetime,
    ) -> None:
        """Prepare for one run.

        Args:
            ledger: open.
            identity: of the source.
            close: payroll close under which new spells are first seen.
            run_id: of the run.
            now: the instant of the run, aware.
        """
        self._ledger = ledger
        self._identity = identity
        self._drafter = Drafter(identity, close=close, now=now)
        self._run_id = run_id
        self._now = now
        self.doubted: frozenset[str] = frozenset()

    def take(self, records: Sequence[SourceRecord], found: Findings, start: int) -> IntakeCounts:
        """Take in what is new of a page; return the counts of the rows that needed a second look.

        Args:
            records: the page.
            found: of the whole read.
            start: number of the page's first row within the read.
        """
        end = start + len(records)
        rows = np.flatnonzero(found.attention[start:end]).tolist()
        if not rows:
            return IntakeCounts()
        outcomes, known, rehired = (
            column[start:end].tolist() for column in (found.outcomes, found.known, found.rehired)
        )
        rejections: list[Rejection] = []
        sighted: list[Sighted] = []
        for at in rows:
            record = records[at]
            if outcomes[at] in _REJECTED:
                rejections.append(rejection(self._identity, record))
                continue
            person, spell = self._identity.person(record.facts), self._identity.spell(record.facts)
            sighted.append(Sighted(record, known[at], rehired[at], spell, person))
        quarantined = seal_rejections(
            self._ledger, self._identity, rejections, run_id=self._run_id, now=self._now
        )
        draft = self._draft(sighted)
        crash_point("intake.page_committed.before")
        with self._ledger.write() as connection:
            newly = keep_rejections(connection, quarantined)
            _write(connection, draft)
        crash_point("intake.page_committed.after")
        rejected = IntakeCounts(len(rejections), rejected=len(rejections), newly_rejected=newly)
        return draft.counts() + rejected

    def note_rehires(self, rehires: Sequence[Rehire], active: Mapping[str, bool]) -> None:
        """Write what known spells are to say of the employment that follows them."""
        if not rehires and not active:
            return
        spells = [
            {"key": one.spell.id, "day": _day(one.day), "begun": one.begun, "now": self._now}
            for one in rehires
        ]
        people = [{"key": person_id, "active": value} for person_id, value in active.items()]
        with self._ledger.write() as connection:
            if spells:
                statement = update(_SPELL).where(_SPELL.c.id == bindparam("key"))
                values: dict[str, Any] = {
                    "rehire_on": bindparam("day"),
                    "rehire_ends": bindparam("begun"),
                    "changed_at": bindparam("now"),
                }
                execute_many(connection, statement.values(values), spells)
            if people:
                statement = update(_PERSON).where(_PERSON.c.id == bindparam("key"))
                statement = statement.values(active_elsewhere=bindparam("active"))
                execute_many(connection, statement, people)

    def _draft(self, sighted: Sequence[Sighted]) -> Draft:
        """Make the keys that are needed and seal what is to be written."""
        if not sighted:
            return Draft()
        with self._ledger.read() as connection:
            stock = stock_of(connection, sighted)
        vault = self._ledger.vault
        ring = vault.load(stock.people.values())
        hashes = dict.fromkeys(one.person_hash for one in sighted)
        known = {
            person_hash
            for person_hash, person_id in stock.people.items()
            if ring.has(person_id, KeyKind.PROFILE)
        }
        new = [person_hash for person_hash in hashes if person_hash not in known]
        strangers = dict(zip(new, new_ids("P", len(new)), strict=True))
        if new:
            ring |= vault.create_keys(list(strangers.values()))
        draft = self._drafter.draft(sighted, stock, strangers, ring, self.doubted)
        draft.retired = [stock.people[one] for one in new if one in stock.people]
        return draft


def _day(ordinal: int) -> date | None:
    return date.fromordinal(ordinal) if ordinal else None


def _write(connection: Connection, draft: Draft) -> None:
    """Write a page; the order follows the foreign keys."""
    retire_people(connection, draft.retired)
    retire_spells(connection, draft.reopened)
    insert_ignore(connection, _PERSON, draft.people, key=("person_hash",))
    insert_ignore(connection, _SPELL, draft.spells, key=("spell_hash",))
    if draft.spells_changed:
        rewritten: dict[str, Any] = {name: bindparam(f"{name}_") for name in _REWRITTEN}
        statement = update(_SPELL).where(_SPELL.c.id == bindparam("key")).values(rewritten)
        rows = [
            {"key": row["key"]} | {f"{name}_": row[name] for name in _REWRITTEN}
            for row in draft.spells_changed
        ]
        execute_many(connection, statement, rows)
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in draft.people_changed.values():
        by_columns.setdefault(tuple(sorted(row)), []).append(row)
    for columns, rows in by_columns.items():
        changed: dict[str, Any] = {name: bindparam(f"{name}_") for name in columns if name != "key"}
        statement = update(_PERSON).where(_PERSON.c.id == bindparam("key"))
        changes = [
            {name if name == "key" else f"{name}_": row[name] for name in row} for row in rows
        ]
        execute_many(connection, statement.values(changed), changes)
