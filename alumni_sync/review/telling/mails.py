"""Telling people that cases wait: claim → call → confirm, each mail at most once.

The state stands in the ledger, so that a daemon which starts again repeats nothing: a mail that was
claimed and never confirmed is `unknown` and not sent again. Nothing here stops the queue: a mail
server that refuses is logged, and what is still queued is tried again.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import Row, Select, and_, or_, select, update

from alumni_sync.errors import ConnectorError, PermanentError
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.leases import LeaseBusy, hold
from alumni_sync.ledger.pauses import Outlet, is_paused
from alumni_sync.ledger.queue_tables import QueueMail
from alumni_sync.ledger.tables import Case, t
from alumni_sync.ports import Fate, Message, SendResult
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.telling.digests import Digest, Round, html_of, subject_of, text_of
from alumni_sync.review.telling.round_cases import digest_for
from alumni_sync.review.telling.rounds import begin_rounds, is_due

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment
    from alumni_sync.sections import PersonSection

MOST_ATTEMPTS: Final = 6
FIRST_WAIT: Final = timedelta(minutes=15)
"""Doubled with each attempt."""
LEASE: Final = "queue:mails"

_CASES: Final = t(Case)
_MAILS: Final = t(QueueMail)
_QUEUED: Final = _MAILS.c.state == "queued"
_log = structlog.get_logger("alumni_sync.review")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the mails about waiting cases.

    Attributes:
        sent: accepted by the mailer.
        unknown: may have been sent; not sent again.
        failed: refused, or to be tried again later.
        dropped: nothing was left to tell, or the person has not the role any more.
    """

    sent: int = 0
    unknown: int = 0
    failed: int = 0
    dropped: int = 0


def tell_deciders(d: "Deployment") -> Told:
    """Begin the rounds that are due, and send their mails; where nothing is due, nothing happens.

    Returns:
        How many mails were sent, and the rest; nothing while another process does this.
    """
    if not _anything(d):
        return Told()
    counts: Counter[str] = Counter()
    try:
        with hold(d.ledger, d.clock, LEASE):
            counts["unknown"] = _call_left_behind_unknown(d)
            begin_rounds(d)
            for mail in _due(d):
                outcome = _deliver(d, mail)
                counts[outcome] += 1
                if outcome in _STOPS:
                    break
    except LeaseBusy:
        return Told()
    return Told(
        sent=counts["accepted"],
        unknown=counts["unknown"],
        failed=counts["refused"] + counts["retry"] + counts["stopped"],
        dropped=counts["dropped"],
    )


_STOPS: Final = ("paused", "stopped")


def _anything(d: "Deployment") -> bool:
    now = d.clock.now()
    due = or_(*(is_due(kind, now) for kind in Round))
    mails = or_(_MAILS.c.state == "claimed", and_(_QUEUED, _MAILS.c.due_at <= now))
    with d.ledger.read() as connection:
        queries: tuple[Select[Any], ...] = (
            select(_MAILS.c.id).where(mails).limit(1),
            select(_CASES.c.id).where(due).limit(1),
        )
        return any(connection.execute(query).first() is not None for query in queries)


def _call_left_behind_unknown(d: "Deployment") -> int:
    """Call claimed mails unknown: their owner is dead, and what it did nobody knows."""
    values = {"state": "unknown", "reason": "crashed", "confirmed_at": d.clock.now()}
    with d.ledger.write() as connection:
        left = update(_MAILS).where(_MAILS.c.state == "claimed").values(values)
        return connection.execute(left).rowcount


def _due(d: "Deployment") -> list[Row[Any]]:
    """Return the mails that are due; as many as there are people, and rounds not yet sent."""
    query = select(_MAILS).where(_QUEUED, _MAILS.c.due_at <= d.clock.now()).order_by(_MAILS.c.id)
    with d.ledger.read() as connection:
        return list(connection.execute(query))


def _deliver(d: "Deployment", mail: Row[Any]) -> str:
    """Claim, call, confirm one mail; return what became of it."""
    message = _claim(d, mail)
    if isinstance(message, str):
        return message
    try:
        result = d.mailer().send(message)
    except ConnectorError as error:
        return _not_handed_over(d, mail, error)
    except BaseException:
        # A plugin that breaks in an unforeseen way may have sent the mail before it did.
        _confirm(d, mail, SendResult(Fate.UNKNOWN, "mailer-broke"))
        raise
    return _confirm(d, mail, result)


def _claim(d: "Deployment", mail: Row[Any]) -> Message | str:
    """Claim a mail and compose it; or return why it is not sent now."""
    now = d.clock.now()
    with d.ledger.write() as connection:
        if is_paused(connection, Outlet.MAIL):
            return "paused"
        authority = authority_now(d, connection)
        person = authority.person(mail.user)
        digest = digest_for(d, connection, mail, authority) if person else None
        this = (_MAILS.c.id == mail.id, _QUEUED)
        if person is None or digest is None:
            gone = {"state": "dropped", "confirmed_at": now}
            connection.execute(update(_MAILS).where(*this).values(gone))
            return "dropped"
        claimed = {"state": "claimed", "claimed_at": now, "attempts": mail.attempts + 1}
        if not connection.execute(update(_MAILS).where(*this).values(claimed)).rowcount:
            return "dropped"  # another process was faster, which the lease makes very unlikely
    return _message(d, person, digest, now)


def _confirm(d: "Deployment", mail: Row[Any], result: SendResult) -> str:
    if result.fate is Fate.REFUSED:
        _log.error("a mail about waiting cases was refused", user=mail.user, reason=result.reason)
    values = {
        "state": result.fate.value,
        "reason": result.reason,
        "confirmed_at": d.clock.now(),
    }
    with d.ledger.write() as connection:
        connection.execute(update(_MAILS).where(_MAILS.c.id == mail.id).values(values))
    return result.fate.value


def _not_handed_over(d: "Deployment", mail: Row[Any], error: ConnectorError) -> str:
    """Take the claim back: the mail was not sent, for certain."""
    attempts, now, reason = mail.attempts + 1, d.clock.now(), type(error).__name__
    _log.error("a mail about waiting cases was not sent", user=mail.user, reason=reason)
    values: dict[str, object] = {"state": "refused", "reason": reason, "confirmed_at": now}
    if attempts < MOST_ATTEMPTS:
        wait = FIRST_WAIT * 2 ** (attempts - 1)
        values = {"state": "queued", "reason": reason, "claimed_at": None, "due_at": now + wait}
    with d.ledger.write() as connection:
        connection.execute(update(_MAILS).where(_MAILS.c.id == mail.id).values(values))
    return "stopped" if isinstance(error, PermanentError) else "retry"


def _message(d: "Deployment", person: "PersonSection", digest: Digest, now: datetime) -> Message:
    domain = parseaddr(d.settings.mail.sender)[1].rpartition("@")[2]
    return Message(
        to=person.mail,
        sender=d.settings.mail.sender,
        subject=subject_of(digest),
        text=text_of(digest),
        html=html_of(digest),
        message_id=f"<{new_id('M')}@{domain}>",
        headers={"Date": format_datetime(now), "Auto-Submitted": "auto-generated"},
    )
