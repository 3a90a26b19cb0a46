"""What membership may know: live grants, opened in bulk, and gates that closed.

A grant is never passed on without its version: whoever confirms a write asks the gate again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    false,
    func,
    or_,
    select,
    true,
)

from alumni_sync.consent.answers.dossier import DECISION, INVITATION, open_agreed, select_dossiers
from alumni_sync.consent.standing import CASE, ENDINGS, SPELL, joined, obstacle
from alumni_sync.domain import LIVE_STATES, ConsentState, OutreachHold
from alumni_sync.eligibility.judging.records import load_holds
from alumni_sync.ledger.among import among
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import ConsentEvent, Membership, t
from alumni_sync.ledger.upsert import CHUNK
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import ProfileField, Purpose, Removal, Shown

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_STATES: Final = {state.value: state for state in ConsentState}
_LIVE: Final = tuple(sorted(state.value for state in LIVE_STATES))
_HELD_ONTO: Final = (*_LIVE, ConsentState.PAUSED.value)
_GONE: Final = ("removed", "verified_absent")
_MEMBERSHIP: Final = t(Membership)
_EVENTS: Final = t(ConsentEvent)


class Grant(NamedTuple):
    """One person's live yes: what may leave for the platform, and what allows it.

    Attributes:
        seq: consent event that allows it (I6).
        valid_until: aware; from then on nothing may be processed.
        fields: ticked fields only, with the values the person was shown.
        purposes: `COMMUNITY` and whatever else was ticked.
        version: of the invitation; a write confirmed under another version is void.
        revision: rule revision that judged the spell (I6).
        holds: outreach holds of the verdict, and the person's own "not before"; a purpose with a
            hold in force is closed.
    """

    invitation_id: str
    spell_id: str
    person_id: str
    source: str
    seq: int
    state: ConsentState
    valid_until: datetime
    name: str
    email: str
    fields: Mapping[ProfileField, Shown]
    purposes: frozenset[Purpose]
    version: int
    revision: str
    holds: tuple[OutreachHold, ...]


@dataclass(frozen=True, slots=True)
class ClosedGate:
    """Someone who is, or may be, on the platform and must not be visible there any more.

    Attributes:
        how: `HIDE` where it may open again (paused, case reopened), else `ERASE`.
        cause: for the audit: `consent:SEQ` for what happened to the consent, `case:ID` for a case
            that is undecided or upheld, `recipient` where another one than agreed to would get
            the data, else the obstacle (`rehire`, `exit_undone`, …).
        since: when the gate closed; deadlines run from here.
    """

    invitation_id: str
    spell_id: str
    person_id: str
    how: Removal
    cause: str
    since: datetime


def live_condition(now: datetime) -> ColumnElement[bool]:
    """Return the gate as a condition: a yes stands, and the spell does not speak against it.

    For a query over `standing.joined` and the invitation, such as a confirmation that must ask
    again within its own transaction. Gate and state stand within expressions on purpose: SQLite,
    without statistics, would take an index of theirs for selective and read every live invitation
    for each page of ids.
    """
    return and_(may_stand(now), INVITATION.c.withheld.is_(false()))


def may_stand(now: datetime) -> ColumnElement[bool]:
    """Return the gate but for the recipient, to tell what another one would change."""
    return and_(_yes_stands(now), obstacle(now) == "")


def consent_stands(now: datetime) -> ColumnElement[bool]:
    """Return the part of the gate that the invitation alone tells."""
    return and_(_yes_stands(now), INVITATION.c.withheld.is_(false()))


def _yes_stands(now: datetime) -> ColumnElement[bool]:
    return and_(
        func.coalesce(INVITATION.c.gate_open, false()) == true(),
        func.coalesce(INVITATION.c.state, "").in_(_LIVE),
        INVITATION.c.valid_until > now,
    )


def live_grants(
    d: "Deployment", *, page: int = CHUNK, only: Sequence[str] | None = None
) -> Iterator[Grant]:
    """Yield every live grant in the order of invitation ids; `only`: these invitations.

    Reads `page` rows and their keys at a time, so that memory does not grow with the number of
    members. No transaction is open while the caller holds a grant.
    """
    now, after = d.clock.now(), ""
    query = _select_grants().where(live_condition(now))
    if only is not None:
        query = query.where(among(INVITATION.c.id))
    while True:
        with d.ledger.read() as connection:
            page_query = query.where(INVITATION.c.id > after).order_by(INVITATION.c.id).limit(page)
            rows = connection.execute(page_query, {"among": only}).mappings().all()
        grants, _ = _open(d, rows)
        yield from grants
        if len(rows) < page:
            return
        after = rows[-1]["id"]


def grants_of(d: "Deployment", invitation_ids: Sequence[str]) -> tuple[list[Grant], KeyRing]:
    """Return the live grants among these invitations, and the keys they were opened with.

    The keys are handed on for the one thing that is sealed next: what the platform answers.
    """
    now = d.clock.now()
    query = _select_grants().where(live_condition(now), among(INVITATION.c.id))
    with d.ledger.read() as connection:
        rows = connection.execute(query, {"among": invitation_ids}).mappings().all()
    return _open(d, rows)


def _select_grants() -> Select[Any]:
    """Return the query for what a grant is made of, and no other column: there are many rows."""
    return select(
        INVITATION.c.id,
        INVITATION.c.spell_id,
        INVITATION.c.person_id,
        INVITATION.c.source,
        INVITATION.c.grant_seq,
        INVITATION.c.state,
        INVITATION.c.valid_until,
        INVITATION.c.version,
        INVITATION.c.sealed,
        DECISION.c.sealed.label("decision_sealed"),
        DECISION.c.revision.label("decision_revision"),
    ).select_from(
        INVITATION.join(joined(), INVITATION.c.spell_id == SPELL.c.id).outerjoin(
            DECISION, DECISION.c.id == SPELL.c.decision_id
        )
    )


def _open(d: "Deployment", rows: Sequence[RowMapping]) -> tuple[list[Grant], KeyRing]:
    ring = d.ledger.vault.load([row["person_id"] for row in rows])
    return [grant for row in rows if (grant := _grant(row, ring)) is not None], ring


def _grant(row: RowMapping, ring: KeyRing) -> Grant | None:
    """Open a row; None where its key is gone: what cannot be read cannot be passed on."""
    agreed = open_agreed(row, ring)
    if agreed is None or row["grant_seq"] is None:
        return None
    return Grant(
        invitation_id=row["id"],
        spell_id=row["spell_id"],
        person_id=row["person_id"],
        source=row["source"],
        seq=row["grant_seq"],
        state=_STATES[row["state"]],
        valid_until=row["valid_until"],
        name=agreed.name,
        email=agreed.email,
        fields=agreed.fields,
        purposes=agreed.purposes,
        version=row["version"],
        revision=row["decision_revision"] or "",
        holds=(*_holds(row, ring), *agreed.own_holds),
    )


def _holds(row: RowMapping, ring: KeyRing) -> tuple[OutreachHold, ...]:
    person, sealed = row["person_id"], row["decision_sealed"]
    if sealed is None or not ring.has(person, KeyKind.EVIDENCE):
        # What we cannot read may close something: for a hold, unknown means closed.
        return tuple(OutreachHold(purpose.value, None, "unknown") for purpose in Purpose)
    return load_holds(ring.open(person, KeyKind.EVIDENCE, "decision", sealed))


def closed_gates(
    d: "Deployment", *, page: int = CHUNK, only: Sequence[str] | None = None
) -> Iterator[ClosedGate]:
    """Yield invitations that have a membership which is not gone, but no live grant.

    `only`: these invitations.
    """
    now, after = d.clock.now(), ""
    last_event = (
        select(func.max(_EVENTS.c.seq))
        .where(_EVENTS.c.invitation_id == INVITATION.c.id)
        .scalar_subquery()
    )
    query = (
        select_dossiers(now)
        .join(_MEMBERSHIP, _MEMBERSHIP.c.invitation_id == INVITATION.c.id)
        .add_columns(
            last_event.label("last_seq"),
            CASE.c.id.label("case_id"),
            CASE.c.opened_at.label("case_opened_at"),
            CASE.c.closed_at.label("case_closed_at"),
        )
        .where(
            _MEMBERSHIP.c.state.not_in(_GONE),
            or_(~live_condition(now), INVITATION.c.valid_until.is_(None)),
        )
    )
    if only is not None:
        query = query.where(among(INVITATION.c.id))
    while True:
        with d.ledger.read() as connection:
            rows = (
                connection.execute(
                    query.where(INVITATION.c.id > after).order_by(INVITATION.c.id).limit(page),
                    {"among": only},
                )
                .mappings()
                .all()
            )
        yield from (_closed(row, now) for row in rows)
        if len(rows) < page:
            return
        after = rows[-1]["id"]


def _closed(row: RowMapping, now: datetime) -> ClosedGate:
    stands = row["state"] in _HELD_ONTO and not _is_over(row, now)
    may_open_again = stands and row["obstacle"] not in ENDINGS
    cause, since = _cause(row, now)
    return ClosedGate(
        invitation_id=row["id"],
        spell_id=row["spell_id"],
        person_id=row["person_id"],
        how=Removal.HIDE if may_open_again else Removal.ERASE,
        cause=cause,
        since=since,
    )


def _is_over(row: RowMapping, now: datetime) -> bool:
    return row["valid_until"] is None or bool(row["valid_until"] <= now)


def _cause(row: RowMapping, now: datetime) -> tuple[str, datetime]:
    """Return what closed the gate, and when."""
    hindrance = row["obstacle"]
    if not row["gate_open"]:
        return f"consent:{row['last_seq']}", row["changed_at"]
    if hindrance in {"case", "upheld"} and row["case_id"] is not None:
        moment = row["case_closed_at"] if hindrance == "upheld" else row["case_opened_at"]
        return f"case:{row['case_id']}", moment or row["spell_changed_at"]
    if hindrance:
        return hindrance, row["spell_changed_at"]
    if row["withheld"] and not _is_over(row, now):
        return "recipient", row["changed_at"]
    return "expired", row["valid_until"] or row["changed_at"]


def still_live(d: "Deployment", invitation_id: str, version: int) -> bool:
    """Say whether the grant a write was made for still stands, in that very version."""
    now = d.clock.now()
    query = select_dossiers(now).where(
        live_condition(now), INVITATION.c.id == invitation_id, INVITATION.c.version == version
    )
    with d.ledger.read() as connection:
        return connection.execute(query).first() is not None
