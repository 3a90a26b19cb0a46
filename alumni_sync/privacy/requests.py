"""Requests of people under GDPR Art. 15-22: taken down with their deadline, extended, closed.

Whoever asks on the site has shown by a code that they read the address on record; whoever writes or
calls is identified by the person at the desk who takes the request down. Everything that happens to
a request is one row of its history, and the person is told of it where there is an address.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, insert, select

from alumni_sync.consent.answers.dossier import INVITATION, person_of
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.terms import pack_of
from alumni_sync.domain import Actor, Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Person, t
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.privacy.deadlines import due_at, last_day
from alumni_sync.privacy.request_mails import Told, tell
from alumni_sync.privacy.request_rows import (
    EVENT,
    EXTENSIONS,
    REFUSALS,
    REQUEST,
    RequestChannel,
    RequestKind,
    RequestState,
    request_id,
    request_number,
    row_of,
    seal_words,
)
from alumni_sync.privacy.request_steps import (
    change,
    close,
    happened,
    refuse_what_is_not_true,
    still_open,
)
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.people.own_file import refuse_own_file
from alumni_sync.review.rulings.contests import contest_cases

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

LONGEST_WORDS: Final = 4_000
AT_ONCE: Final = frozenset({RequestKind.ACCESS, RequestKind.EXPORT, RequestKind.RESTRICT})
"""What the site does itself, as soon as the code is right; erasing has its own way."""
_PERSON: Final = t(Person)


@dataclass(frozen=True, slots=True)
class _Wish:
    person_id: str
    invitation_id: str
    source: str
    kind: RequestKind
    channel: RequestChannel
    words: str
    received_at: datetime
    actor: str
    verified: bool
    nonce_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing did: `mailed` says whether the answer goes out by mail, or by post by hand."""

    number: str
    mailed: bool


def open_request(
    d: "Deployment",
    *,
    kind: RequestKind,
    channel: RequestChannel,
    identity: Identity,
    person_id: str = "",
    invitation_id: str = "",
    words: str = "",
    received_on: date | None = None,
) -> str:
    """Take down a request that came by mail, by phone, by letter or at the desk; return its number.

    Args:
        d: the deployment.
        kind: what is asked for.
        channel: how it came.
        identity: who takes it down, and has made sure who asks.
        person_id: who asks; or `invitation_id` of theirs.
        invitation_id: an invitation of theirs.
        words: what they said, where that matters.
        received_on: civil day at the site on which it reached us; None: today. The deadline counts
            from there, not from when somebody got round to it.

    Raises:
        Refused: there is no such person, somebody may not, or the day lies ahead.
    """
    person_id = person_id or person_of(d, invitation_id) or ""
    source = _source_of(d, person_id)
    authority_now(d).require(identity, Act.HANDLE_REQUEST, source)
    received_at = _received(d, source, received_on)
    wish = _Wish(
        person_id,
        invitation_id or _latest_invitation(d, person_id),
        source,
        RequestKind(kind),
        RequestChannel(channel),
        plain_words(words),
        received_at,
        identity.user,
        identity.verified,
    )
    return _open(d, wish)


def ask_on_site(
    d: "Deployment", invitation_id: str, kind: RequestKind, words: str, nonce: str
) -> str:
    """Take down what a person asked for on the site, after their code; return its number.

    The same form twice is the same request.

    Raises:
        Refused: there is no such invitation.
    """
    person_id = person_of(d, invitation_id) or ""
    wish = _Wish(
        person_id,
        invitation_id,
        _source_of(d, person_id),
        kind,
        RequestChannel.PREFERENCES,
        plain_words(words),
        d.clock.now(),
        Actor.SUBJECT.value,
        verified=True,
        nonce_hash=nonce_hash(d, invitation_id, nonce),
    )
    return _open(d, wish)


def nonce_hash(d: "Deployment", invitation_id: str, nonce: str) -> str:
    """Return the keyed hash by which a form that comes twice is known."""
    return d.ledger.hashes.digest("request_nonce", invitation_id, nonce)


def asked_before(d: "Deployment", invitation_id: str, nonce: str) -> str | None:
    """Return the request that a form has led to already; None if it has not."""
    query = select(REQUEST.c.id).where(REQUEST.c.nonce_hash == nonce_hash(d, invitation_id, nonce))
    with d.ledger.read() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else request_number(found)


def extend_request(d: "Deployment", number: str, identity: Identity, *, reason: str) -> datetime:
    """Give an answer more time, once, before the first deadline is over; return the new one.

    Raises:
        Refused: it is closed, extended before, too late, not theirs to do, or for no known reason.
    """
    if reason not in EXTENSIONS:
        raise Refused(f"to extend, give one of: {', '.join(EXTENSIONS)}")
    now = d.clock.now()
    row, ring = _handled(d, number, identity)
    with d.ledger.write() as connection:
        row = still_open(connection, row.id)
        if row.extended or row.due_at <= now:
            why = "it was extended before" if row.extended else "its deadline is over"
            raise Refused(f"{number} cannot be extended: {why}")
        due = _due(d, row.source, row.received_at, extended=True)
        if due <= row.due_at:
            raise Refused(f"{number} cannot be extended: the jurisdiction pack knows no extension")
        change(connection, row, extended=True, due_at=due)
        happened(connection, row, "extended", now, identity, reason=reason)
        told = _told(d, row, due, reason=reason)
        tell(d, connection, ring, MailKind.REQUEST_EXTENDED, told)
    return due


def close_request(
    d: "Deployment",
    number: str,
    outcome: RequestState,
    identity: Identity,
    *,
    reason: str = "",
    answer: str = "",
) -> Closed:
    """Close a request: done or refused, with the answer that the person gets.

    Raises:
        Refused: it is closed, not theirs to do, refused without a known reason, or said to be done
            although the ledger shows that it is not.
    """
    if outcome is RequestState.REFUSED and reason not in REFUSALS:
        raise Refused(f"to refuse, give one of: {', '.join(REFUSALS)}")
    now = d.clock.now()
    row, ring = _handled(d, number, identity)
    with d.ledger.write() as connection:
        row = still_open(connection, row.id)
        refuse_what_is_not_true(connection, row, outcome)
        close(connection, row, outcome, now)
        sealed = seal_words(ring, row.person_id, EVENT.name, plain_words(answer))
        happened(connection, row, outcome.value, now, identity, reason=reason, sealed=sealed)
        told = _told(d, row, row.due_at, reason=reason, outcome=outcome.value, answer=answer)
        mailed = tell(d, connection, ring, MailKind.REQUEST_ANSWERED, told)
    return Closed(request_number(row.id), mailed)


# --- one request, from its words to its rows ----------------------------------------------------


def _open(d: "Deployment", wish: _Wish) -> str:
    now, ring = d.clock.now(), d.ledger.vault.load([wish.person_id])
    due = _due(d, wish.source, wish.received_at)
    with d.ledger.write() as connection:
        if wish.nonce_hash:
            known = select(REQUEST.c.id).where(REQUEST.c.nonce_hash == wish.nonce_hash)
            if found := connection.execute(known).scalar():
                return request_number(found)
        sealed = seal_words(ring, wish.person_id, REQUEST.name, wish.words)
        values = {
            "person_id": wish.person_id,
            "invitation_id": wish.invitation_id,
            "source": wish.source,
            "kind": wish.kind.value,
            "state": RequestState.OPEN.value,
            "channel": wish.channel.value,
            "received_at": wish.received_at,
            "due_at": due,
            "extended": False,
            "version": 1,
            "nonce_hash": wish.nonce_hash,
            "sealed": sealed,
        }
        made = connection.execute(insert(REQUEST).values(values).returning(REQUEST.c.id))
        row = row_of(connection, made.scalar_one())
        identity = None if wish.nonce_hash else Identity(wish.actor, wish.verified)
        lost = "words_not_kept" if wish.words and sealed is None else ""
        happened(connection, row, "received", now, identity, reason=lost)
        if wish.kind is RequestKind.CONTEST:
            contest_cases(d, connection, wish.person_id, Identity(wish.actor, wish.verified), now)
        on_site = wish.nonce_hash is not None
        if not on_site or wish.kind is not RequestKind.ERASE:  # that one is told on the page
            at_once = on_site and wish.kind in AT_ONCE
            _acknowledge(d, connection, ring, row, outcome="done" if at_once else "")
    return request_number(row.id)


def acknowledge(d: "Deployment", number: str) -> None:
    """Tell the person that a request has come which could not be carried out at once."""
    with d.ledger.read() as connection:
        row = row_of(connection, request_id(number))
    ring = d.ledger.vault.load([row.person_id])
    with d.ledger.write() as connection:
        _acknowledge(d, connection, ring, row)


def _acknowledge(
    d: "Deployment", connection: Connection, ring: KeyRing, row: Row[Any], *, outcome: str = ""
) -> None:
    told = _told(d, row, row.due_at, outcome=outcome)
    if tell(d, connection, ring, MailKind.REQUEST_RECEIVED, told):
        happened(connection, row, "acknowledged", d.clock.now(), None, actor=Actor.SYSTEM)


def _source_of(d: "Deployment", person_id: str) -> str:
    with d.ledger.read() as connection:
        query = select(_PERSON.c.source).where(_PERSON.c.id == person_id)
        source = connection.execute(query).scalar()
    if source is None:
        raise Refused("there is no such person")
    return str(source)


def _latest_invitation(d: "Deployment", person_id: str) -> str:
    """Return through which invitation a person can be written to; "" where there is none."""
    query = select(INVITATION.c.id).where(INVITATION.c.person_id == person_id)
    with d.ledger.read() as connection:
        found = connection.execute(query.order_by(INVITATION.c.created_at.desc()).limit(1)).scalar()
    return str(found or "")


def _received(d: "Deployment", source: str, day: date | None) -> datetime:
    now, zone = d.clock.now(), d.settings.sources[source].timezone
    if day is None or day == now.astimezone(zone).date():
        return now
    received = datetime.combine(day, time(12), zone)
    if received > now:
        raise Refused("a request cannot have come on a day that is still to come")
    return received


def _due(d: "Deployment", source: str, received: datetime, *, extended: bool = False) -> datetime:
    pack, zone = pack_of(d, source), d.settings.sources[source].timezone
    return due_at(received, zone, pack.holidays, pack.requests, extended=extended)


def _told(
    d: "Deployment",
    row: Row[Any],
    due: datetime,
    *,
    reason: str = "",
    outcome: str = "",
    answer: str = "",
) -> Told:
    day = last_day(due, d.settings.sources[row.source].timezone)
    number = request_number(row.id)
    return Told(row.invitation_id, row.kind, number, day, reason, outcome, plain_words(answer))


def _handled(d: "Deployment", number: str, identity: Identity) -> tuple[Row[Any], KeyRing]:
    """Return a request that somebody may handle, and its person's keys."""
    with d.ledger.read() as connection:
        row = row_of(connection, request_id(number))
        authority_now(d, connection).require(identity, Act.HANDLE_REQUEST, row.source)
        refuse_own_file(d, connection, identity, row.person_id)
    return row, d.ledger.vault.load([row.person_id])


def plain_words(words: str) -> str:
    """Return words without control characters but line breaks, at most `LONGEST_WORDS` long."""
    kept = words.replace("\r\n", "\n").replace("\r", "\n")
    shown = "".join(letter for letter in kept if letter == "\n" or letter.isprintable())
    return shown.strip()[:LONGEST_WORDS]
