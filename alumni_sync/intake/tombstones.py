"""Tombstones: how a purged spell is recognised, so that nobody is asked twice because we forgot.

Both sides stand here: what is written when a spell is buried, and what reopens it. A source that
empties the fields of former employees has not changed its mind: a fact that turns null reopens
nothing, and so each fact leaves a short keyed mark of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from alumni_sync.domain import LEAVER_FIELDS, ConsentState, Fact, Facts, RecordStatus
from alumni_sync.ledger.among import among
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.tables import Person, Spell, Tombstone, Watermark, t
from alumni_sync.ledger.upsert import upsert

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)
_TOMBSTONE: Final = t(Tombstone)
_WATERMARK: Final = t(Watermark)
_LENGTH: Final = 8
_NULL: Final = "-" * _LENGTH
_ADDRESS: Final = list(LEAVER_FIELDS).index("personal_email")

ReopensOn = Literal["facts", "address", "audience", "never"]


def fact_marks(hashes: KeyedHashes, spell_hash: str, facts: Facts) -> str:
    """Return one mark of eight letters a field, in the order of `LEAVER_FIELDS`.

    Keyed and bound to the spell, so that two people with one exit kind do not have one mark.
    """
    return "".join(_mark(hashes, spell_hash, name, facts.get(name)) for name in LEAVER_FIELDS)


def _mark(hashes: KeyedHashes, spell_hash: str, name: str, fact: Fact) -> str:
    if not isinstance(fact, str | int | date | tuple):  # null, not visible, not supported
        return _NULL
    text = "\x1e".join(fact) if isinstance(fact, tuple) else str(fact)
    return hashes.digest("mark", spell_hash, name, text)[:_LENGTH]


@dataclass(frozen=True, slots=True)
class Burial:
    """A tombstone as intake meets it."""

    spell_hash: str
    facts_hash: str
    marks: str
    reopens_on: str

    def reopened_by(self, facts: Facts, facts_hash: str, hashes: KeyedHashes) -> bool:
        """Say whether what the source says now brings the spell back as a new one."""
        if self.reopens_on == "never" or facts["record_status"] != RecordStatus.LEFT.value:
            return False
        if facts_hash == self.facts_hash:
            return False
        if not self.marks:
            return self.reopens_on != "address"
        now = fact_marks(hashes, self.spell_hash, facts)
        pieces = range(0, len(now), _LENGTH)
        if self.reopens_on == "address":
            pieces = pieces[_ADDRESS : _ADDRESS + 1]
        return any(
            now[at : at + _LENGTH] not in {_NULL, self.marks[at : at + _LENGTH]} for at in pieces
        )


def burials(connection: Connection, spell_hashes: Iterable[str]) -> Mapping[str, Burial]:
    """Return the tombstones of some spells, by spell hash."""
    query = select(
        _TOMBSTONE.c.spell_hash,
        _TOMBSTONE.c.facts_hash,
        _TOMBSTONE.c.marks,
        _TOMBSTONE.c.reopens_on,
    ).where(among(_TOMBSTONE.c.spell_hash))
    rows = connection.execute(query, {"among": spell_hashes})
    return {row.spell_hash: Burial(*row) for row in rows}


def bury(
    connection: Connection,
    spell: Row[tuple[object, ...]],
    *,
    person_hash: str,
    marks: str,
    outcome: str,
    revision: str,
    reopens_on: ReopensOn,
    now: datetime,
) -> None:
    """Write the tombstone of a spell that is being purged; one that is there already is renewed.

    Args:
        connection: of the transaction that purges.
        spell: the ledger's row.
        person_hash: of the spell's person.
        marks: `fact_marks` of its facts, made before they are gone; "" if they are gone already.
        outcome: why it was purged (`refused`, `erased`, `out_of_scope`, …).
        revision: of the rules that judged it.
        reopens_on: what may bring it back: another fact; another address alone; a fact, or other
            rules than `revision` (`audience`); nothing.
        now: the instant.
    """
    row = {
        "spell_hash": spell.spell_hash,
        "source": spell.source,
        "person_hash": person_hash,
        "outcome": outcome,
        "revision": revision,
        "facts_hash": spell.seen_hash or spell.facts_hash,
        "marks": marks,
        "reopens_on": reopens_on,
        "created_at": now,
    }
    changed = [name for name in row if name != "spell_hash"]
    upsert(connection, _TOMBSTONE, [row], key=("spell_hash",), update=changed)


def seal_for_good(connection: Connection, person_id: str) -> None:
    """Let nothing reopen what a person's tombstones cover: they asked to be erased."""
    spells = select(_SPELL.c.spell_hash).where(_SPELL.c.person_id == person_id)
    connection.execute(
        update(_TOMBSTONE)
        .where(_TOMBSTONE.c.spell_hash.in_(spells))
        .values(outcome=ConsentState.ERASED.value, reopens_on="never", marks="")
    )


def lift(connection: Connection, source: str, spell_hashes: Sequence[str]) -> None:
    """Let the next read of a source take some buried spells in anew, with the facts as they are.

    The tombstone stays until then: a source that lists them no longer leaves nothing half done.
    """
    stones, spells = (update(x).where(among(x.c.spell_hash)) for x in (_TOMBSTONE, _SPELL))
    connection.execute(stones.values(facts_hash="", marks=""), {"among": spell_hashes})
    connection.execute(spells.values(seen_hash=""), {"among": spell_hashes})
    # Without a basis the same bytes are looked at again, without a since nothing is left out.
    mark = _WATERMARK.c.source == source
    connection.execute(update(_WATERMARK).where(mark).values(basis="", since=None))


def retire_spells(connection: Connection, reopened: Mapping[str, str | None]) -> None:
    """Take the hashes of purged spells off them, for the new spells that they reopen as.

    What was decided and proven under the old id stays there; the new one begins from nothing.

    Args:
        connection: of the transaction that takes the new spells in.
        reopened: spell hash → id of the purged spell; None where its row is gone, and then the
            tombstone goes too.
    """
    forgotten = [spell_hash for spell_hash, spell_id in reopened.items() if spell_id is None]
    stones = delete(_TOMBSTONE).where(among(_TOMBSTONE.c.spell_hash))
    connection.execute(stones, {"among": forgotten})
    rows = [
        {"old": spell_hash, "new": f"{spell_hash}/{spell_id}"}
        for spell_hash, spell_id in reopened.items()
        if spell_id is not None
    ]
    for table in (_SPELL, _TOMBSTONE) if rows else ():
        statement = update(table).where(table.c.spell_hash == bindparam("old"))
        connection.execute(statement.values(spell_hash=bindparam("new")), rows)


def retire_people(connection: Connection, person_ids: Sequence[str]) -> None:
    """Take everything by which they are found off people whose keys were destroyed.

    Their key is gone for good, so whoever comes back is a new person with keys of their own.
    """
    if not person_ids:
        return
    statement = update(_PERSON).where(_PERSON.c.id == bindparam("key"))
    connection.execute(
        statement.values(
            person_hash=_PERSON.c.person_hash + "/" + _PERSON.c.id,
            employee_hash="",
            number_hash="",
            key_hash=None,
            address_hash=None,
        ),
        [{"key": person_id} for person_id in person_ids],
    )
