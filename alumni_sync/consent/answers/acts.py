"""One act of a person, from its beginning to its last row: a short write transaction.

What every act has in common, whatever it is about: the keys loaded before, the invitation locked, a
form that came twice recognised, and the evidence, the state and the form's nonce written together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, bindparam, select

from alumni_sync.consent.answers.answer import (
    Channel,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    Outcome,
)
from alumni_sync.consent.answers.dossier import (
    Agreed,
    Dossier,
    load_dossier,
    person_of,
    seal_agreed,
)
from alumni_sync.consent.answers.offers import first_name
from alumni_sync.consent.answers.view import Page, page_for
from alumni_sync.consent.evidence.body import Given, decision_body, seal_subject
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, NotTaken, Step
from alumni_sync.consent.rounds.renewals import agreed_to
from alumni_sync.consent.transitions import Along, Happening, record, suppressed_scope
from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.chain import read_event, store_blob
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.prepared import Query
from alumni_sync.ledger.tables import ConsentEvent, FormNonce, Suppression, t
from alumni_sync.ledger.upsert import insert_ignore
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import ProfileField, Purpose

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_NONCES: Final = t(FormNonce)
_EVENTS: Final = t(ConsentEvent)
_SUPPRESSION: Final = t(Suppression)
_SCOPE: Final = Query(
    select(_SUPPRESSION.c.scope).where(_SUPPRESSION.c.address_hash == bindparam("address"))
)
_SEEN: Final = Query(
    select(_EVENTS.c.seq, _EVENTS.c.canonical)
    .join(_NONCES, _NONCES.c.seq == _EVENTS.c.seq)
    .where(_NONCES.c.nonce_hash == bindparam("nonce"))
)
_TAKES_BACK: Final = frozenset({Event.SAID_NO, Event.SAID_NOT_ME, Event.WITHDREW, Event.NARROWED})
_ANSWERS: Final = frozenset({Event.SAID_YES, Event.SAID_NO, Event.SAID_LATER, Event.SAID_NOT_ME})
"""Answers to a question: they were given on the notice of the page."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act under way: within a write transaction, on a locked invitation."""

    d: "Deployment"
    connection: Connection
    ring: KeyRing
    dossier: Dossier
    page: Page
    evidence: Evidence
    nonce_hash: str
    now: datetime

    @property
    def state(self) -> ConsentState:
        """Return the state before the act."""
        return self.dossier.state


def refusal(act: Act, moved: Step) -> Outcome:
    """Return the outcome of an answer that the lifecycle does not take."""
    if moved.not_taken is NotTaken.ONLY_ONCE:
        return Invalid((("answer", "only_once"),))
    if moved.not_taken is NotTaken.BEFORE_EXIT:
        return Conflict(act.state, "before_exit")
    if moved.not_taken is NotTaken.CLOSED:
        return Conflict(ConsentState.EXPIRED)
    return Conflict(act.state)


def is_suppressed(act: Act, address: str) -> bool:
    """Say whether nobody may write to an address about the community."""
    address_hash = act.d.ledger.hashes.address(address)
    found = _SCOPE.first(act.connection, {"address": address_hash})
    return suppressed_scope(found.scope if found else None, "invitation")


def keys(d: "Deployment", invitation_id: str) -> KeyRing:
    """Load the keys before the write transaction: another database must not lengthen it."""
    person = person_of(d, invitation_id)
    return d.ledger.vault.load([person] if person else [])


def begin(
    d: "Deployment",
    connection: Connection,
    ring: KeyRing,
    invitation_id: str,
    evidence: Evidence,
    nonce: str,
    language: str,
) -> Act | Outcome:
    """Return the act, or what a repeated form once led to, or a conflict for an unknown one."""
    now = d.clock.now()
    dossier = load_dossier(connection, ring, invitation_id, now, lock=True)
    if dossier is None:
        return Conflict(ConsentState.ERASED)
    nonce_hash = d.ledger.hashes.digest("nonce", invitation_id, nonce)
    if seen := _replay(connection, nonce_hash):
        return seen
    if not ring.has(dossier.row["person_id"], KeyKind.EVIDENCE):
        return Conflict(dossier.state)  # nothing can be proven for this person any more
    if is_over(dossier.row["sessions_from"], evidence.visit_begun):
        return Conflict(dossier.state, "visit_over")
    page = page_for(d, dossier, language or None)
    return Act(d, connection, ring, dossier, page, evidence, nonce_hash, now)


def is_over(sessions_from: datetime | None, visit_begun: datetime | None) -> bool:
    """Say whether a visit began before what ended all visits: a new address, an objection.

    To the second, as a cookie knows it; what came by no visit is never over.
    """
    if sessions_from is None or visit_begun is None:
        return False
    return visit_begun < sessions_from.replace(microsecond=0)


def _replay(connection: Connection, nonce_hash: str) -> Decided | None:
    row = _SEEN.first(connection, {"nonce": nonce_hash})
    if row is None:
        return None
    event = read_event(bytes(row.canonical))
    state = ConsentState(event["state_after"])
    return Decided(row.seq, event["body"]["receipt_id"], state, replay=True)


def given_of(act: Act, answer: str, agreed: Agreed, moved: Step) -> Given:
    """Return what `agreed` means, purpose by purpose, once `moved` is taken."""
    offered = (Purpose.COMMUNITY, *act.page.form.purposes)
    return Given(
        answer=answer,
        purposes={
            purpose: "given" if purpose in agreed.purposes else "not_given"
            for purpose in dict.fromkeys((*offered, *sorted(agreed.purposes)))
        },
        fields={name: shown.to_members for name, shown in agreed.fields.items()},
        valid_from=act.now,
        valid_until=moved.position.valid_until,
        not_before=agreed.not_before,
        paused_until=moved.position.paused_until,
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """What an act writes beside its evidence, where it is more than usual.

    Attributes:
        values: columns of the invitation.
        receipt_id: made before, because something refers to it; "" makes one.
        notice: of an earlier page that this act makes good (`evidence.notice_body`).
        evidence: further entries of the event's evidence.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    receipt_id: str = ""
    notice: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, str] = field(default_factory=dict)


def write(
    act: Act,
    event: Event,
    moved: Step,
    given: Given,
    after: Agreed,
    *,
    keeps: Agreed | None = None,
    beside: Beside | None = None,
) -> Decided:
    """Write an act of the subject; `after` goes into the proof, `keeps` into the invitation."""
    row, page, beside = act.dossier.row, act.page, beside or Beside()
    receipt_id = beside.receipt_id or new_id("CR")
    store_blob(act.connection, page.notice.text.encode(), "text/markdown; charset=utf-8", act.now)
    store_blob(act.connection, page.form.content, "application/json", act.now)
    body = decision_body(
        act.d,
        page,
        given,
        act.evidence,
        source=row["source"],
        receipt_id=receipt_id,
        nonce_hash=act.nonce_hash,
        sealed=seal_subject(act.ring, row["person_id"], after, _displayed(act, event)),
    )
    body["notice"] |= beside.notice
    body["evidence"] |= beside.evidence
    seq = record(
        act.connection,
        row,
        moved,
        Happening(
            event=event,
            actor=Actor.SUBJECT,
            channel=act.evidence.channel,
            at=act.now,
            notice_sha256=body["notice"]["text_sha256"],
            body=body,
        ),
        Along(
            values=_columns(act, event, keeps, body["notice"]) | dict(beside.values),
            address_hash=act.d.ledger.hashes.address(page.address) if page.address else None,
            goodbye=seal_old_address(act),
            renews_grant=keeps is not None,
        ),
    )
    nonce_row = {
        "nonce_hash": act.nonce_hash,
        "invitation_id": row["id"],
        "seq": seq,
        "at": act.now,
    }
    insert_ignore(act.connection, _NONCES, [nonce_row], key=("nonce_hash",))
    return Decided(seq, receipt_id, moved.position.state)


def _displayed(act: Act, event: Event) -> Mapping[ProfileField, str]:
    """Return the values that stood before whoever answered: on the phone or in a letter, none."""
    told = act.evidence.channel in {Channel.PHONE, Channel.LETTER}
    return {} if told and event in _TAKES_BACK else act.page.values


def _columns(
    act: Act, event: Event, keeps: Agreed | None, notice: Mapping[str, str]
) -> dict[str, object]:
    page = act.page
    values: dict[str, object] = {"language": page.language}
    if event is Event.SAID_YES or (event is Event.ADDRESS_PROVEN and act.state not in HELD_ONTO):
        values |= agreed_to(act.d, notice["id"], notice["version"])
    if event in _ANSWERS:  # less, or a pause, is no yes to a notice that has changed since
        values["notice_id"] = page.edition.manifest.id
        values["notice_version"] = page.edition.manifest.version
    if keeps is not None:
        asked = act.dossier.asked_address or page.address
        values["sealed"] = seal_agreed(act.ring, act.dossier.row["person_id"], keeps, asked)
        values["address_hash"] = act.d.ledger.hashes.address(keeps.email)
    return values


def seal_old_address(act: Act) -> bytes | None:
    """Seal the address as it is before the act: the profile key may be gone before a mail leaves.

    For a goodbye, and for the word that there is another address now.
    """
    address = act.dossier.agreed.email if act.dossier.agreed else act.dossier.asked_address
    if not address:
        return None
    value = {"to": address, "first_name": first_name(act.dossier.facts)}
    return act.ring.seal_json(act.dossier.row["person_id"], KeyKind.EVIDENCE, "outbox", value)
