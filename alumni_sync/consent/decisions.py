"""Decisions of a person: each is one short ledger transaction with its evidence.

The gate closes in the transaction of the withdrawal itself; nothing here waits for a platform.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select

from alumni_sync.consent.answers import (
    Answer,
    Channel,
    Choice,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    NothingChosen,
    Outcome,
    Stale,
)
from alumni_sync.consent.checks import agreed_from, narrowed_to
from alumni_sync.consent.dossier import (
    Agreed,
    Dossier,
    load_dossier,
    person_of,
    seal_agreed,
)
from alumni_sync.consent.evidence import Given, decision_body, nobody, seal_subject
from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import Event, NotTaken, Step, step
from alumni_sync.consent.links import Link, LinkKind, resolve_link
from alumni_sync.consent.offers import first_name
from alumni_sync.consent.outbox import ASKING_KINDS
from alumni_sync.consent.transitions import (
    Along,
    Happening,
    record,
    suppress,
    suppressed_scope,
)
from alumni_sync.consent.view import Page, page_for
from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.chain import read_event, store_blob
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import ConsentEvent, FormNonce, Suppression, t
from alumni_sync.ledger.upsert import insert_ignore
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import ProfileField, Purpose

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_NONCES: Final = t(FormNonce)
_EVENTS: Final = t(ConsentEvent)
_SUPPRESSION: Final = t(Suppression)
_EVENT_OF: Final[Mapping[Answer, Event]] = {
    Answer.YES: Event.SAID_YES,
    Answer.NO: Event.SAID_NO,
    Answer.LATER: Event.SAID_LATER,
    Answer.NOT_ME: Event.SAID_NOT_ME,
}
_LESSENS: Final = frozenset({Answer.NO, Answer.NOT_ME})
"""Answers that take something away: nothing about the spell or the page stands in their way."""


@dataclass(frozen=True, slots=True)
class _Act:
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
        return self.dossier.state


def decide(d: "Deployment", invitation_id: str, choice: Choice, evidence: Evidence) -> Outcome:
    """Take the answer to an invitation: yes, no, later or not me."""
    if choice.answer is None:
        return NothingChosen()
    ring = _keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = _begin(d, connection, ring, invitation_id, evidence, choice.nonce, choice.language)
        if not isinstance(act, _Act):
            return act
        return _decide(act, choice, choice.answer)


def _decide(act: _Act, choice: Choice, answer: Answer) -> Outcome:
    event = _EVENT_OF[answer]
    moved = step(act.dossier.position, event, act.now, act.page.pack.timers)
    if not moved.taken:
        return _refusal(act, moved)
    if answer not in _LESSENS and (problem := _in_the_way(act, choice)):
        return problem
    if answer is not Answer.YES:
        return _answered_otherwise(act, event, answer, moved)
    agreed = agreed_from(choice, act.page)
    if isinstance(agreed, Invalid):
        return agreed
    given = Given(
        answer=answer.value,
        purposes={
            purpose: "given" if purpose in agreed.purposes else "not_given"
            for purpose in (Purpose.COMMUNITY, *act.page.form.purposes)
        },
        fields={name: shown.to_members for name, shown in agreed.fields.items()},
        valid_from=act.now,
        valid_until=moved.position.valid_until,
    )
    return _write(act, event, moved, given, agreed, keeps=agreed)


def _refusal(act: _Act, moved: Step) -> Outcome:
    """Return the outcome of an answer that the lifecycle does not take."""
    if moved.not_taken is NotTaken.ONLY_ONCE:
        return Invalid((("answer", "only_once"),))
    if moved.not_taken is NotTaken.BEFORE_EXIT:
        return Conflict(act.state, "before_exit")
    if moved.not_taken is NotTaken.CLOSED:
        return Conflict(ConsentState.EXPIRED)
    return Conflict(act.state)


def _in_the_way(act: _Act, choice: Choice) -> Outcome | None:
    """Return why a yes or a later cannot be taken now; None if it can."""
    if act.dossier.obstacle or _suppressed(act):
        return Conflict(act.state, "not_standing")
    shown = (act.page.notice.sha256, act.page.form.sha256, act.dossier.row["version"])
    if (choice.notice_sha256, choice.form_sha256, choice.version) != shown:
        return Stale()
    return None


def _suppressed(act: _Act) -> bool:
    scope = act.connection.execute(
        select(_SUPPRESSION.c.scope).where(
            _SUPPRESSION.c.address_hash == act.d.ledger.hashes.address(act.page.address)
        )
    ).scalar()
    return suppressed_scope(scope, "invitation")


def _answered_otherwise(act: _Act, event: Event, answer: Answer, moved: Step) -> Decided:
    given = Given(
        answer=answer.value,
        purposes={Purpose.COMMUNITY: "not_given"},
        fields={},
        valid_from=act.now,
        valid_until=None,
    )
    return _write(act, event, moved, given, nobody(act.page.address))


def withdraw(
    d: "Deployment",
    invitation_id: str,
    purposes: frozenset[Purpose] | None,
    evidence: Evidence,
    nonce: str,
) -> Outcome:
    """Withdraw purposes; None, or membership among them, withdraws all and closes the gate."""
    ring = _keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = _begin(d, connection, ring, invitation_id, evidence, nonce, "")
        if not isinstance(act, _Act):
            return act
        if purposes is None or Purpose.COMMUNITY in purposes:
            return _withdraw_all(act)
        agreed = act.dossier.agreed
        if agreed is None:
            return Conflict(act.state)
        if not purposes <= agreed.purposes:
            return Invalid((("purposes", "not_given"),))
        return _narrow(act, agreed, replace(agreed, purposes=agreed.purposes - purposes))


def _withdraw_all(act: _Act) -> Outcome:
    moved = step(act.dossier.position, Event.WITHDREW, act.now, act.page.pack.timers)
    if not moved.taken:
        return _refusal(act, moved)
    before = act.dossier.agreed or nobody(act.page.address)
    given = Given(
        answer="withdraw",
        purposes=dict.fromkeys(sorted(before.purposes) or [Purpose.COMMUNITY], "withdrawn"),
        fields={},
        valid_from=act.now,
        valid_until=None,
    )
    after = replace(before, purposes=frozenset(), fields={})
    return _write(act, Event.WITHDREW, moved, given, after)


def change_fields(
    d: "Deployment",
    invitation_id: str,
    fields: Mapping[ProfileField, bool],
    evidence: Evidence,
    nonce: str,
) -> Outcome:
    """Narrow what is stored and shown to `fields`; more than before is `Invalid`: a new yes."""
    ring = _keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = _begin(d, connection, ring, invitation_id, evidence, nonce, "")
        if not isinstance(act, _Act):
            return act
        agreed = act.dossier.agreed
        if agreed is None:
            return Conflict(act.state)
        after = narrowed_to(agreed, fields)
        return after if isinstance(after, Invalid) else _narrow(act, agreed, after)


def one_click(d: "Deployment", token: str) -> bool:
    """Obey an RFC 8058 unsubscribe; False when the token means nothing (the answer is 200 anyway).

    In an invitation or reminder it is an objection: the address is suppressed, nobody writes again.
    In any other mail that kind of mail stops.
    """
    link = resolve_link(d, token)
    if link is None or link.kind is not LinkKind.UNSUBSCRIBE:
        return False
    ring, now = d.ledger.vault.load([link.person_id]), d.clock.now()
    with d.ledger.write() as connection:
        dossier = load_dossier(connection, ring, link.invitation_id, now, lock=True)
        if dossier is None:
            return False
        address_hash = _address_hash(d, dossier)
        if link.mail_kind in ASKING_KINDS:
            return _object(d, connection, dossier, link, address_hash)
        if address_hash:
            suppress(connection, address_hash, link.mail_kind, "one_click", now)
        return True


def _object(
    d: "Deployment",
    connection: Connection,
    dossier: Dossier,
    link: Link,
    address_hash: str | None,
) -> bool:
    """Write an objection down; it needs no page, so a broken notice cannot stand in its way."""
    now = d.clock.now()
    moved = step(dossier.position, Event.OBJECTED, now, Timers())
    if not moved.taken:
        return False
    body = {
        "receipt_id": new_id("CR"),
        "subject": {"sealed": "", "address_hash": address_hash or ""},
        "evidence": {"token_id": link.token_id},
        "decision": {"answer": "object", "purposes": [], "fields": []},
    }
    happening = Happening(Event.OBJECTED, Actor.SUBJECT, Channel.ONE_CLICK, now, body=body)
    record(connection, dossier.row, moved, happening, Along(address_hash=address_hash))
    return True


def _address_hash(d: "Deployment", dossier: Dossier) -> str | None:
    address = dossier.agreed.email if dossier.agreed else dossier.asked_address
    return d.ledger.hashes.address(address) if address else None


def _narrow(act: _Act, before: Agreed, after: Agreed) -> Outcome:
    moved = step(act.dossier.position, Event.NARROWED, act.now, act.page.pack.timers)
    if not moved.taken:
        return _refusal(act, moved)
    purposes = dict.fromkeys(sorted(after.purposes), "given")
    purposes |= dict.fromkeys(sorted(before.purposes - after.purposes), "withdrawn")
    given = Given(
        answer="narrow",
        purposes=purposes,
        fields={name: shown.to_members for name, shown in after.fields.items()},
        valid_from=act.now,
        valid_until=moved.position.valid_until,
    )
    return _write(act, Event.NARROWED, moved, given, after, keeps=after)


# --- one act, from its beginning to its last row --------------------------------------------------


def _keys(d: "Deployment", invitation_id: str) -> KeyRing:
    """Load the keys before the write transaction: another database must not lengthen it."""
    person = person_of(d, invitation_id)
    return d.ledger.vault.load([person] if person else [])


def _begin(
    d: "Deployment",
    connection: Connection,
    ring: KeyRing,
    invitation_id: str,
    evidence: Evidence,
    nonce: str,
    language: str,
) -> _Act | Outcome:
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
    page = page_for(d, dossier, language or None)
    return _Act(d, connection, ring, dossier, page, evidence, nonce_hash, now)


def _replay(connection: Connection, nonce_hash: str) -> Decided | None:
    row = connection.execute(
        select(_EVENTS.c.seq, _EVENTS.c.canonical)
        .join(_NONCES, _NONCES.c.seq == _EVENTS.c.seq)
        .where(_NONCES.c.nonce_hash == nonce_hash)
    ).first()
    if row is None:
        return None
    event = read_event(bytes(row.canonical))
    state = ConsentState(event["state_after"])
    return Decided(row.seq, event["body"]["receipt_id"], state, replay=True)


def _write(
    act: _Act,
    event: Event,
    moved: Step,
    given: Given,
    after: Agreed,
    *,
    keeps: Agreed | None = None,
) -> Decided:
    """Write an act of the subject; `after` goes into the proof, `keeps` into the invitation."""
    d, row, page = act.d, act.dossier.row, act.page
    person, receipt_id = row["person_id"], new_id("CR")
    store_blob(act.connection, page.notice.text.encode(), "text/markdown; charset=utf-8", act.now)
    store_blob(act.connection, page.form.content, "application/json", act.now)
    body = decision_body(
        d,
        page,
        given,
        act.evidence,
        source=row["source"],
        receipt_id=receipt_id,
        nonce_hash=act.nonce_hash,
        sealed=seal_subject(act.ring, person, after, page.values),
    )
    values: dict[str, object] = {
        "notice_id": page.edition.manifest.id,
        "notice_version": page.edition.manifest.version,
        "language": page.language,
    }
    if keeps is not None:
        values["sealed"] = seal_agreed(act.ring, person, keeps, page.address)
    seq = record(
        act.connection,
        row,
        moved,
        Happening(
            event=event,
            actor=Actor.SUBJECT,
            channel=act.evidence.channel,
            at=act.now,
            notice_sha256=page.notice.sha256,
            body=body,
        ),
        Along(
            values=values,
            address_hash=d.ledger.hashes.address(page.address) if page.address else None,
            goodbye=_goodbye(act),
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


def _goodbye(act: _Act) -> bytes | None:
    """Seal where a goodbye would go: the profile key may be gone before it leaves."""
    agreed = act.dossier.agreed
    if agreed is None:
        return None
    value = {"to": agreed.email, "first_name": first_name(act.dossier.facts)}
    return act.ring.seal_json(act.dossier.row["person_id"], KeyKind.EVIDENCE, "outbox", value)
