"""One act of a person, from its beginning to its last row: a short write transaction.

What every act has in common, whatever it is about: the keys loaded before, the invitation locked, a
form that came twice recognised, and the evidence, the state and the form's nonce written together.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select

from alumni_sync.consent.answers import Conflict, Decided, Evidence, Invalid, Outcome
from alumni_sync.consent.dossier import Agreed, Dossier, load_dossier, person_of, seal_agreed
from alumni_sync.consent.evidence import Given, decision_body, seal_subject
from alumni_sync.consent.lifecycle import Event, NotTaken, Step
from alumni_sync.consent.offers import first_name
from alumni_sync.consent.transitions import Along, Happening, record, suppressed_scope
from alumni_sync.consent.view import Page, page_for
from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.chain import read_event, store_blob
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import ConsentEvent, FormNonce, Suppression, t
from alumni_sync.ledger.upsert import insert_ignore
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_NONCES: Final = t(FormNonce)
_EVENTS: Final = t(ConsentEvent)
_SUPPRESSION: Final = t(Suppression)


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
    scope = act.connection.execute(
        select(_SUPPRESSION.c.scope).where(
            _SUPPRESSION.c.address_hash == act.d.ledger.hashes.address(address)
        )
    ).scalar()
    return suppressed_scope(scope, "invitation")


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
    page = page_for(d, dossier, language or None)
    return Act(d, connection, ring, dossier, page, evidence, nonce_hash, now)


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


def write(
    act: Act,
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


def _goodbye(act: Act) -> bytes | None:
    """Seal where a goodbye would go: the profile key may be gone before it leaves."""
    agreed = act.dossier.agreed
    if agreed is None:
        return None
    value = {"to": agreed.email, "first_name": first_name(act.dossier.facts)}
    return act.ring.seal_json(act.dossier.row["person_id"], KeyKind.EVIDENCE, "outbox", value)
