"""One invitation with everything that stands behind it, opened: facts, flags, what was agreed.

A dossier is read within the caller's transaction with keys that were loaded before it. Where a key
is gone, its part is simply empty: whoever left can still see their state and their receipt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, RowMapping, Select, bindparam, select

from alumni_sync.consent.answers.offers import first_name
from alumni_sync.consent.lifecycle import Position
from alumni_sync.consent.standing import Moment, joined, obstacle
from alumni_sync.domain import ConsentState, Facts, OutreachHold
from alumni_sync.eligibility.judging.records import load_record
from alumni_sync.ledger.columns import UtcDateTime
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.prepared import Query
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Decision, Invitation, Spell, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import ProfileField, Purpose, Shown

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

INVITATION: Final = t(Invitation)
DECISION: Final = t(Decision)
TABLE: Final = "invitation"
"""What an invitation's sealed part is sealed for."""
PENDING: Final = "invitation.pending"
"""Likewise, of the part that waits for a proof: neither can stand in for the other."""
_SPELL: Final = t(Spell)
OWN_WISH: Final = "not_before"
"""The reason of a hold that the person has set."""
_FIELDS: Final = {one.value: one for one in ProfileField}
_PURPOSES: Final = {one.value: one for one in Purpose}


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a person said yes to, as it is sealed in the invitation (profile key).

    Attributes:
        not_before: purpose → civil day before which it stays closed, by the person's own wish.
    """

    name: str
    email: str
    purposes: frozenset[Purpose]
    fields: Mapping[ProfileField, Shown]
    not_before: Mapping[Purpose, date] = field(default_factory=dict)

    @property
    def own_holds(self) -> tuple[OutreachHold, ...]:
        """Return the person's own "not before" as holds: to the end of the day before."""
        return tuple(
            OutreachHold(purpose.value, day - timedelta(days=1), OWN_WISH)
            for purpose, day in self.not_before.items()
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "name": self.name,
            "email": self.email,
            "purposes": sorted(self.purposes),
            "fields": {
                name.value: [shown.value, shown.to_members] for name, shown in self.fields.items()
            },
            **({"not_before": self._days()} if self.not_before else {}),
        }

    def _days(self) -> dict[str, str]:
        return {purpose.value: day.isoformat() for purpose, day in self.not_before.items()}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Agreed":
        """Return what `to_json` wrote."""
        return cls(
            name=raw["name"],
            email=raw["email"],
            purposes=_purposes(tuple(raw["purposes"])),
            fields={
                _FIELDS[name]: Shown(value, to_members)
                for name, (value, to_members) in raw["fields"].items()
            },
            not_before={
                _PURPOSES[purpose]: date.fromisoformat(day)
                for purpose, day in raw.get("not_before", {}).items()
            },
        )


@cache  # there are few purposes, and hence few combinations of them
def _purposes(values: tuple[str, ...]) -> frozenset[Purpose]:
    return frozenset(_PURPOSES[value] for value in values)


@dataclass(frozen=True, slots=True)
class Dossier:
    """An invitation, opened.

    Attributes:
        row: the invitation's columns, and `spell_hash`, `effective_at`, `spell_changed_at`.
        obstacle: why a yes may not stand now, see `standing.obstacle`; "" if nothing does.
        facts: empty where the profile key is gone.
        asked_address: where the asking mails went; "" where none did, or its key is gone. Not
            the HRIS's address of today: whoever answers has proven to read this one.
        agreed: None where nothing was, or its key is gone.
        position: where the consent stands, for the lifecycle.
    """

    row: RowMapping
    obstacle: str
    facts: Facts = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    topics: tuple[str, ...] = ()
    holds: tuple[OutreachHold, ...] = ()
    revision: str = ""
    asked_address: str = ""
    agreed: Agreed | None = None
    position: Position = field(init=False)

    def __post_init__(self) -> None:
        """Read the position off the row, once: every page asks for it six times."""
        object.__setattr__(self, "position", position_of(self.row))

    @property
    def state(self) -> ConsentState:
        """Return the state of the consent."""
        return self.position.state

    @property
    def proven_address(self) -> str:
        """Return an address that is known to be read by whom we ask; "" where only a letter asked.

        The HRIS's address of today proves nothing: it may be mistyped, or somebody else's by now.
        """
        return self.agreed.email if self.agreed else self.asked_address


def position_of(row: RowMapping) -> Position:
    """Return an invitation's row (with `effective_at`) as the lifecycle sees it."""
    return Position(
        state=ConsentState(row["state"]),
        asked=row["asked"],
        asked_at=row["asked_at"],
        next_at=row["next_at"],
        closes_at=row["closes_at"],
        valid_until=row["valid_until"],
        deferred=row["deferred"],
        round=row["round"],
        exit_end=row["effective_at"],
        renewals=row["renewals"],
        paused_until=row["paused_until"],
        paused_from=ConsentState(row["paused_from"]) if row["paused_from"] else None,
        suspended=row["suspended"],
        pending_until=row["pending_until"],
        key=row["id"],
    )


def select_dossiers(now: Moment) -> Select[Any]:
    """Return the query for invitations with their spells and decisions; add your own `where`."""
    tables = (
        joined()
        .join(INVITATION, INVITATION.c.spell_id == _SPELL.c.id)
        .outerjoin(DECISION, DECISION.c.id == _SPELL.c.decision_id)
    )
    return select(
        INVITATION,
        _SPELL.c.spell_hash,
        _SPELL.c.effective_at,
        _SPELL.c.changed_at.label("spell_changed_at"),
        _SPELL.c.sealed.label("spell_sealed"),
        DECISION.c.sealed.label("decision_sealed"),
        DECISION.c.revision.label("decision_revision"),
        obstacle(now).label("obstacle"),
    ).select_from(tables)


_REMEMBERED: Final = 10_000
_WHOSE: Final[WeakKeyDictionary[Ledger, dict[str, str]]] = WeakKeyDictionary()
"""Invitation → person, of the ledgers that are open."""
_PERSON: Final = select(INVITATION.c.person_id).where(INVITATION.c.id == bindparam("invitation"))
_ONE: Final = Query(
    select_dossiers(bindparam("now", type_=UtcDateTime)).where(
        INVITATION.c.id == bindparam("invitation")
    )
)
_ONE_LOCKED: Final = Query(_ONE.statement.with_for_update(of=INVITATION))


def person_of(d: "Deployment", invitation_id: str) -> str | None:
    """Return whose invitation it is; None if there is no such one.

    That never changes, and every answer asks for it: what was found once is remembered.
    """
    known = _WHOSE.setdefault(d.ledger, {})
    if invitation_id not in known:
        with d.ledger.read() as connection:
            person = connection.execute(_PERSON, {"invitation": invitation_id}).scalar()
        if person is None:
            return None
        if len(known) >= _REMEMBERED:
            known.clear()
        known[invitation_id] = str(person)
    return known[invitation_id]


def remember(d: "Deployment", row: RowMapping) -> None:
    """Note whose invitation a row is that was read anyway."""
    known = _WHOSE.setdefault(d.ledger, {})
    if len(known) < _REMEMBERED:
        known[row["id"]] = row["person_id"]


def load_dossier(
    connection: Connection, ring: KeyRing, invitation_id: str, now: datetime, *, lock: bool = False
) -> Dossier | None:
    """Return one dossier; `lock` keeps others from changing the invitation until the commit."""
    row = dossier_row(connection, invitation_id, now, lock=lock)
    return None if row is None else open_dossier(row, ring)


def dossier_row(
    connection: Connection, invitation_id: str, now: datetime, *, lock: bool = False
) -> RowMapping | None:
    """Return the row of one dossier, nothing opened yet; see `load_dossier`."""
    found = (_ONE_LOCKED if lock else _ONE).first(connection, _which(invitation_id, now))
    return None if found is None else found._mapping  # noqa: SLF001 SQLAlchemy's public name for it


def look_up_row(d: "Deployment", invitation_id: str, now: datetime) -> RowMapping | None:
    """Return the same in a transaction of its own, for a page that writes nothing."""
    found = d.ledger.look_up(_ONE, _which(invitation_id, now))
    return None if found is None else found._mapping  # noqa: SLF001 as above


def _which(invitation_id: str, now: datetime) -> dict[str, object]:
    return {"invitation": invitation_id, "now": now}


def open_dossier(row: RowMapping, ring: KeyRing) -> Dossier:
    """Open the sealed parts of a row of `select_dossiers` as far as their keys are there."""
    person = row["person_id"]
    facts: Facts = {}
    if row["spell_sealed"] is not None and ring.has(person, KeyKind.PROFILE):
        facts = load_facts(ring.open(person, KeyKind.PROFILE, "spell", row["spell_sealed"]))
    said = _open_said(row, ring)
    flags, topics, holds = _judged(row, ring)
    return Dossier(
        row=row,
        obstacle=row["obstacle"],
        facts=facts,
        flags=flags,
        topics=topics,
        holds=holds,
        revision=row["decision_revision"] or "",
        asked_address=said.get("asked", ""),
        agreed=Agreed.from_json(said) if "name" in said else None,
    )


def _open_said(row: RowMapping, ring: KeyRing) -> Mapping[str, Any]:
    person = row["person_id"]
    if row["sealed"] is None or not ring.has(person, KeyKind.PROFILE):
        return {}
    opened: Mapping[str, Any] = ring.open_json(person, KeyKind.PROFILE, TABLE, row["sealed"])
    return opened


def open_agreed(row: RowMapping, ring: KeyRing) -> Agreed | None:
    """Open what a person said yes to; None where there is nothing or no key."""
    said = _open_said(row, ring)
    return Agreed.from_json(said) if "name" in said else None


def seal_asked(ring: KeyRing, person: str, address: str) -> bytes:
    """Seal where an asking mail goes, for the invitation's row."""
    return ring.seal_json(person, KeyKind.PROFILE, TABLE, {"asked": address})


def seal_agreed(ring: KeyRing, person: str, agreed: Agreed, asked: str) -> bytes:
    """Seal what a person said yes to, for the invitation's row."""
    value = {**agreed.to_json(), "asked": asked}
    return ring.seal_json(person, KeyKind.PROFILE, TABLE, value)


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits until another address is proven.

    Attributes:
        address: the one that was named.
        asked: receipt id of the act that named it.
        agreed: what the yes says that counts then; None where a member only changes the address.
        displayed: the values that were on the page, by field.
        notice: which notice and form were on it (`evidence.notice_body`).
        terms: what the yes covers, see `renewals.terms_of`; "" without one.
    """

    address: str
    asked: str
    agreed: Agreed | None = None
    displayed: Mapping[str, str] = field(default_factory=dict)
    notice: Mapping[str, str] = field(default_factory=dict)
    terms: str = ""


def seal_pending(ring: KeyRing, person: str, pending: Pending) -> bytes:
    """Seal what waits for a proof, for the invitation's row."""
    agreed = pending.agreed.to_json() if pending.agreed else None
    value = {
        "address": pending.address,
        "asked": pending.asked,
        "agreed": agreed,
        "displayed": dict(pending.displayed),
        "notice": dict(pending.notice),
        "terms": pending.terms,
    }
    return ring.seal_json(person, KeyKind.PROFILE, PENDING, value)


def open_pending(row: RowMapping, ring: KeyRing) -> Pending | None:
    """Open what waits for a proof; None where nothing does, or its key is gone."""
    person, sealed = row["person_id"], row["pending_sealed"]
    if sealed is None or not ring.has(person, KeyKind.PROFILE):
        return None
    value = ring.open_json(person, KeyKind.PROFILE, PENDING, sealed)
    agreed = Agreed.from_json(value["agreed"]) if value["agreed"] else None
    return Pending(
        address=value["address"],
        asked=value["asked"],
        agreed=agreed,
        displayed=value["displayed"],
        notice=value["notice"],
        terms=value.get("terms", ""),
    )


def seal_goodbye(dossier: Dossier, ring: KeyRing, *, lapsed: bool = False) -> bytes | None:
    """Seal where a goodbye goes, under the key that outlives the profile; None: nobody knows.

    `lapsed`: the yes ended by itself; its reader did not take it back.
    """
    person = dossier.row["person_id"]
    if dossier.agreed is None or not ring.has(person, KeyKind.EVIDENCE):
        return None
    value = {
        "to": dossier.agreed.email,
        "first_name": first_name(dossier.facts),
        "lapsed": lapsed,
    }
    return ring.seal_json(person, KeyKind.EVIDENCE, "outbox", value)


def _judged(
    row: RowMapping, ring: KeyRing
) -> tuple[frozenset[str], tuple[str, ...], tuple[OutreachHold, ...]]:
    person, sealed = row["person_id"], row["decision_sealed"]
    if sealed is None or not ring.has(person, KeyKind.EVIDENCE):
        return frozenset(), (), ()
    record = load_record(ring.open(person, KeyKind.EVIDENCE, "decision", sealed))
    return record.judgement.flags, record.topics, record.judgement.holds
