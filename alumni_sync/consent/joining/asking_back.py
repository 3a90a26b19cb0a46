"""What a matched request does to an employment: another address, and an ended question begun anew.

Everything that happens to a consent is a step of the lifecycle, and goes through `record`. An
earlier no of the person (an objection, "do not consider me") is never overruled by a match: it
holds until its owner takes it back, asked in so many words at the address that they have proven.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, RowMapping, select, update

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import INVITATION, Dossier, load_dossier
from alumni_sync.consent.joining.join_requests import (
    JOIN,
    KEPT,
    TAKEN_BACK,
    JoinState,
    by_token,
    forget,
    move,
    open_wanted,
)
from alumni_sync.consent.joining.joined import seal_own_address
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import asking_key, mail_row, queue
from alumni_sync.consent.standing import PERSON, SPELL
from alumni_sync.consent.terms import edition_of, pack_of
from alumni_sync.consent.transitions import Along, Happening, record
from alumni_sync.domain import NOT_SUPPORTED, Actor, ConsentState, ContactBasis, Facts
from alumni_sync.errors import Refused
from alumni_sync.intake.confirmed import take_word
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

OBJECTED: Final = "objected"
DO_NOT_CONSIDER: Final = "do_not_consider"
_ENDED: Final = frozenset(
    {
        ConsentState.REFUSED,
        ConsentState.WITHDRAWN,
        ConsentState.EXPIRED,
        ConsentState.NO_CONTACT,
        ConsentState.INVALIDATED,
    }
)
_BEING_ASKED: Final = frozenset(
    {ConsentState.INVITED, ConsentState.DEFERRED, ConsentState.ADDRESS_PENDING}
)


@dataclass(frozen=True, slots=True)
class Match:
    """A request and the employment it is about, within one write transaction.

    Attributes:
        row: of the request; `spell`: of the employment; both locked.
        dossier: of its invitation; None where nobody was to be asked yet.
        by: user name of whoever matched.
    """

    d: "Deployment"
    connection: Connection
    ring: KeyRing
    row: RowMapping
    spell: RowMapping
    facts: Facts
    dossier: Dossier | None
    by: str
    now: datetime

    @classmethod
    def load(
        cls,
        d: "Deployment",
        connection: Connection,
        ring: KeyRing,
        row: RowMapping,
        spell_id: str,
        by: str,
    ) -> "Match":
        """Read what a match is about; raises `Refused` where the employment is not here."""
        query = select(SPELL).where(SPELL.c.id == spell_id).with_for_update()
        spell = connection.execute(query).mappings().first()
        if spell is None:
            msg = f"there is no employment {spell_id}"
            raise Refused(msg)
        person, now = spell["person_id"], d.clock.now()
        if spell["sealed"] is None or not ring.has(person, KeyKind.PROFILE):
            msg = "the facts of this employment were let go: confirm them anew"
            raise Refused(msg)
        facts = load_facts(ring.open(person, KeyKind.PROFILE, "spell", spell["sealed"]))
        asked = select(INVITATION.c.id).where(INVITATION.c.spell_id == spell_id)
        found = connection.execute(asked).scalar()
        dossier = load_dossier(connection, ring, found, now, lock=True) if found else None
        return cls(d, connection, ring, row, spell, facts, dossier, by, now)

    @property
    def state(self) -> ConsentState | None:
        """Return where the consent stands."""
        return self.dossier.state if self.dossier else None


def question_of(made: Match, *, said_no: bool = False) -> str:
    """Return which earlier no has to be taken back first; "" if none stands.

    Args:
        made: the match.
        said_no: an objection is on record that the ledger's row does not tell of (a tombstone).
    """
    if made.row["reason"] == TAKEN_BACK:
        return ""
    if said_no or made.state is ConsentState.OBJECTED:
        return OBJECTED
    said = made.facts.get("do_not_consider", NOT_SUPPORTED)
    return "" if said in {"no", None, NOT_SUPPORTED} else DO_NOT_CONSIDER


def match(made: Match) -> None:
    """Give the employment its address and contact basis, and ask back where a question ended.

    Raises:
        Refused: everything that may be sent about it was sent, and it can still be answered.
    """
    person, spell = made.spell["person_id"], made.spell["id"]
    address = open_wanted(made.ring, made.row).email
    earlier = (JOIN.c.spell_id == spell, JOIN.c.state == JoinState.MATCHED.value)
    made.connection.execute(update(JOIN).where(*earlier).values(sealed=None))
    move(
        made.connection,
        made.row,
        JoinState.MATCHED,
        sealed=seal_own_address(made.ring, person, address),
        spell_id=spell,
        person_id=person,
        reason="",
        closed_at=made.now,
        closed_by=made.by,
    )
    # So that the rules see who shares a mailbox, and planning whose address objected.
    theirs = update(PERSON).where(PERSON.c.id == person)
    made.connection.execute(theirs.values(address_hash=made.row["address_hash"]))
    if made.state is not ConsentState.REVOKED:  # they work here, or never left: that goes its way
        made.connection.execute(update(SPELL).where(SPELL.c.id == spell).values(purge_after=None))
    if made.dossier is not None:
        _ask_back(made, made.dossier)


def _ask_back(made: Match, dossier: Dossier) -> None:
    if dossier.state in _ENDED:
        _step(made, dossier, Event.ASKED_BACK)
    elif dossier.state is ConsentState.OBJECTED:
        _step(made, dossier, Event.OBJECTION_LIFTED)
    elif dossier.state in {*_BEING_ASKED, ConsentState.NOT_ASKED}:
        _ask_there(made, dossier)


def _step(made: Match, dossier: Dossier, event: Event) -> None:
    timers = pack_of(made.d, made.spell["source"]).timers
    moved = step(dossier.position, event, made.now, timers)
    if not moved.taken:
        msg = f"this consent is {dossier.state}: nothing can be asked about it now"
        raise Refused(msg)
    happening = Happening(
        event, Actor.SUBJECT, Channel.JOIN_PAGE, made.now, body={"join": evidence(made)}
    )
    along = Along(values={**_terms(made), "no_contact_reason": "", "reason_terms": ""})
    record(made.connection, dossier.row, moved, happening, along)


def evidence(made: Match) -> dict[str, Any]:
    """Return what is kept in the chain of how somebody came to be asked."""
    return {
        "request": made.row["id"],
        "requested_at": made.row["created_at"].isoformat(),
        "proven_at": made.row["proven_at"].isoformat() if made.row["proven_at"] else None,
        "matched_by": made.by,
        "address_hash": made.row["address_hash"],
    }


def _terms(made: Match) -> dict[str, Any]:
    edition = edition_of(made.d)
    return {
        "basis": ContactBasis.SELF_JOINED.value,
        "jurisdiction": made.d.settings.sources[made.spell["source"]].jurisdiction,
        "notice_id": edition.manifest.id,
        "notice_version": edition.manifest.version,
        "language": edition.language(made.row["language"], *made.d.settings.company.languages),
        "sealed": None,
    }


def _ask_there(made: Match, dossier: Dossier) -> None:
    """Send the next mail of a question that is open to the address that was proven, at once."""
    row, timers = dossier.row, pack_of(made.d, made.spell["source"]).timers
    if row["asked"] >= timers.asking_mails:
        if made.row["state"] == JoinState.QUESTIONED:
            return  # the mails they have got still open the question
        msg = "all mails about it are sent, and it can still be answered: match it when it is over"
        raise Refused(msg)
    values = {key: value for key, value in _terms(made).items() if key in {"basis", "language"}}
    made.connection.execute(update(INVITATION).where(INVITATION.c.id == row["id"]).values(values))
    kind = MailKind.REMINDER if row["asked"] else MailKind.INVITATION
    key = asking_key(row["id"], row["round"], row["asked"] + 1)
    queue(made.connection, [mail_row(row, kind, key, made.now, made.now)])


# --- the person takes an earlier no back ----------------------------------------------------------


def take_no_back(d: "Deployment", token: str) -> bool:
    """Let the person's new word stand in place of their earlier no; False: no such question.

    Where the facts were let go meanwhile, HR confirms them first: the request waits for it.
    """
    with d.ledger.read() as connection:
        row = by_token(connection, token, d.clock.now(), lock=False)
    if row is None or row["state"] != JoinState.QUESTIONED:
        return False
    ring = d.ledger.vault.load([row["id"], row["person_id"]])
    with d.ledger.write() as connection:
        row = by_token(connection, token, d.clock.now())
        if row is None or row["state"] != JoinState.QUESTIONED:
            return False
        matched = _taken_back(d, connection, ring, row)
    if matched:
        forget(d, [row["id"]])
    return True


def _taken_back(d: "Deployment", connection: Connection, ring: KeyRing, row: RowMapping) -> bool:
    try:
        made = Match.load(d, connection, ring, row, row["spell_id"], row["closed_by"])
    except Refused:
        again = {"reason": TAKEN_BACK, "spell_id": "", "person_id": "", "closed_by": ""}
        move(connection, row, JoinState.PROVEN, **again, expires_at=d.clock.now() + KEPT)
        return False
    if question_of(made) == DO_NOT_CONSIDER:
        source = made.spell["source"]
        zone = d.settings.sources[source].timezone
        identity = SourceIdentity(d.ledger.hashes, source, zone)
        take_word(connection, identity, ring, made.spell, {"do_not_consider": "no"}, made.now)
    match(made)
    return True
