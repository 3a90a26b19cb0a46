"""Delivery: claim → call → confirm, one mail at a time, each sent at most once.

No transaction is open while a mailer works. A crash between claim and confirm leaves the mail
`claimed`; the next run calls it `unknown`, counts it, and never sends it again. A lease for each
group of mails keeps a second delivery out, so that whatever is found claimed at the start was left
by a dead one; and a worker that sends confirmations keeps no run from asking.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, select, update

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import INVITATION, position_of, select_dossiers
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.consent.links.secrets import LinkKind, supersede
from alumni_sync.consent.mail.attempts import Claimed, Site, Wait, sender_domain, site_of
from alumni_sync.consent.mail.claims import claim
from alumni_sync.consent.mail.outbox import (
    JOIN_KINDS,
    OUTBOX,
    Group,
    MailState,
    anything_to_do,
    call_left_behind_unknown,
    count_due,
    due_mails,
    hold_until_tomorrow,
)
from alumni_sync.consent.returns.unreachable import REFUSED, unreachable_values
from alumni_sync.consent.terms import pack_of
from alumni_sync.consent.transitions import Along, Happening, record
from alumni_sync.crash import crash_point
from alumni_sync.domain import Actor
from alumni_sync.errors import PermanentError, TransientError
from alumni_sync.ledger.leases import HeldLease, LeaseBusy, hold
from alumni_sync.ledger.tables import DeadLetter, t
from alumni_sync.ports import Fate, Mailer, SendResult

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

RENEWAL: Final = timedelta(seconds=15)
"""How often the lease is extended; it lasts a minute, and one mail takes half a minute at most."""
MOST_ATTEMPTS: Final = 6
MOST_FAILURES_IN_A_ROW: Final = 3
FIRST_WAIT: Final = timedelta(minutes=15)
"""Doubled with each attempt: the sixth is given up about eight hours after the first."""
_NO_SUCH_MAILBOX: Final = ("5.1.", "5.2.1")
_BARE_REFUSALS: Final = ("550", "551", "553")
_STOPS: Final = (Wait.PAUSED, Wait.PACED)
_FAILURES: Final = ("retry", "dead")
_DEAD: Final = t(DeadLetter)


@dataclass(frozen=True, slots=True)
class MailCounts:
    """What became of the mails that were due.

    Attributes:
        sent: accepted by the mailer.
        unknown: may have been sent; counted as sent, and not sent again.
        failed: refused, given up, or to be tried again later.
        dead_letters: those of `failed` that a person has to look at now.
        waiting: not now: a weekend, a pause, today's number is used up.
        dropped: not any more: answered, withdrawn, out of reach.
    """

    sent: int = 0
    unknown: int = 0
    failed: int = 0
    dead_letters: int = 0
    waiting: int = 0
    dropped: int = 0


def deliver_mail(d: "Deployment", run_id: str, *, asking: bool = True) -> MailCounts:
    """Send what is due.

    Args:
        d: the deployment.
        run_id: who claims.
        asking: False sends confirmations and goodbyes only, for a worker that is in a hurry.

    Raises:
        ConfigError: sender, notice or pack cannot be used; nothing was claimed.
        PermanentError: the mail server does not take us; the mail stays queued.
    """
    sender_domain(d)
    counts: Counter[str] = Counter()
    for group in (Group.OTHER, Group.ASKING) if asking else (Group.OTHER,):
        if not anything_to_do(d, group):
            continue
        try:
            with hold(d.ledger, d.clock, f"mail:{group}") as lease:
                counts += _deliver_group(d, lease, group, run_id)
        except LeaseBusy:
            continue  # somebody else is sending just what is due
    return _counted(counts)


def _deliver_group(d: "Deployment", lease: HeldLease, group: Group, run_id: str) -> Counter[str]:
    counts: Counter[str] = Counter(unknown=call_left_behind_unknown(d, group))
    mailer: Mailer | None = None
    sites: dict[str, Site] = {}
    failures, renewed = 0, d.clock.now()
    for mail in due_mails(d, group):
        if d.clock.now() - renewed > RENEWAL:
            lease.renew()
            renewed = d.clock.now()
        if mail["source"] not in sites:
            sites[mail["source"]] = site_of(d, mail["source"])
        mailer = mailer or d.mailer()
        outcome = _deliver(d, mailer, mail, sites[mail["source"]], run_id)
        counts[outcome] += 1
        failures = failures + 1 if outcome in _FAILURES else 0
        if outcome == Wait.PACED:
            counts["paced"] = hold_until_tomorrow(d, group)
        if outcome in _STOPS or failures >= MOST_FAILURES_IN_A_ROW:
            break
    counts["still_due"] = count_due(d, group)
    return counts


def _counted(counts: Counter[str]) -> MailCounts:
    return MailCounts(
        sent=counts["accepted"],
        unknown=counts["unknown"],
        failed=counts["refused"] + counts["retry"] + counts["dead"],
        dead_letters=counts["dead"],
        waiting=counts[Wait.POSTPONED] + counts["paced"] + counts["still_due"],
        dropped=counts[Wait.DROPPED] + counts[Wait.NO_CONTACT],
    )


def _deliver(d: "Deployment", mailer: Mailer, mail: RowMapping, site: Site, run_id: str) -> str:
    """Claim, call, confirm one mail; return what became of it."""
    crash_point("mail.claim.before")
    claimed = claim(d, mail, site, run_id)
    if isinstance(claimed, Wait):
        return claimed
    crash_point("mail.claim.after")
    crash_point("mail.call.before")
    try:
        result = mailer.send(claimed.message)
    except TransientError as error:
        return _not_handed_over(d, claimed, type(error).__name__, try_again=True)
    except PermanentError as error:
        _not_handed_over(d, claimed, type(error).__name__, try_again=True)
        raise
    except BaseException:
        # A plugin that breaks in an unforeseen way may have sent the mail before it did.
        _confirm(d, claimed, SendResult(Fate.UNKNOWN, "mailer-broke"))
        raise
    crash_point("mail.call.after")
    crash_point("mail.confirm.before")
    outcome = _confirm(d, claimed, result)
    crash_point("mail.confirm.after")
    return outcome


def _confirm(d: "Deployment", claimed: Claimed, result: SendResult) -> str:
    """Write down what became of a mail that was handed over, or was refused."""
    if result.fate is Fate.REFUSED and not (claimed.question and _is_about_address(result.reason)):
        return _not_handed_over(d, claimed, result.reason, try_again=False)
    now = d.clock.now()
    with d.ledger.write() as connection:
        _close(connection, claimed, MailState(result.fate.value), result.reason, now)
        if result.fate is Fate.REFUSED:
            supersede(connection, claimed.invitation_id, LinkKind.DECIDE, now)
            _move(d, connection, claimed, Event.UNREACHABLE, f"{REFUSED} {result.reason}")
    return result.fate.value


def _is_about_address(reason: str) -> bool:
    """Say whether a refusal is about the mailbox (RFC 3463: 5.1.x), not about the mail or us."""
    code, _, status = reason.partition(" ")
    if status:
        return status.startswith(_NO_SUCH_MAILBOX)
    return code in _BARE_REFUSALS


def _close(
    connection: Connection, claimed: Claimed, state: MailState, reason: str, now: datetime
) -> None:
    connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == claimed.outbox_id)
        .values(state=state.value, reason=reason, confirmed_at=now, sealed=None)
    )


def _not_handed_over(d: "Deployment", claimed: Claimed, reason: str, *, try_again: bool) -> str:
    """Take the claim back: the mail was not sent, for certain, and does not count."""
    now = d.clock.now()
    with d.ledger.write() as connection:
        row = (
            connection.execute(select(OUTBOX).where(OUTBOX.c.id == claimed.outbox_id))
            .mappings()
            .one()
        )
        outcome = "retry" if try_again and row["attempts"] < MOST_ATTEMPTS else "dead"
        if outcome == "retry":
            wait = FIRST_WAIT * 2 ** (row["attempts"] - 1)
            connection.execute(
                update(OUTBOX)
                .where(OUTBOX.c.id == claimed.outbox_id)
                .values(
                    state=MailState.QUEUED.value,
                    reason=reason,
                    due_at=now + wait,
                    claimed_at=None,
                    claimed_by=None,
                )
            )
        else:
            bury(connection, row, reason, now)
            outcome = "refused" if row["kind"] in JOIN_KINDS else outcome
        if claimed.asking:
            supersede(connection, claimed.invitation_id, LinkKind.DECIDE, now)
            _move(d, connection, claimed, Event.NOT_HANDED_OVER, reason)
    return outcome


def bury(connection: Connection, row: RowMapping, reason: str, now: datetime) -> None:
    """Make a dead letter: a person looks at it and has it tried again, or drops it.

    Not of a mail about joining: its address is whatever a stranger typed.
    """
    connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == row["id"])
        .values(state=MailState.REFUSED.value, reason=reason, confirmed_at=now, claimed_at=None)
    )
    if row["kind"] in JOIN_KINDS:
        return
    connection.execute(
        _DEAD.insert(),
        {
            "kind": "mail",
            "subject": str(row["id"]),
            "person_id": row["person_id"],
            "reason": reason,
            "attempts": row["attempts"],
            "state": "open",
            "created_at": now,
            "closed_by": "",
        },
    )


def _move(
    d: "Deployment", connection: Connection, claimed: Claimed, event: Event, reason: str
) -> None:
    now = d.clock.now()
    query = select_dossiers(now).where(INVITATION.c.id == claimed.invitation_id)
    row = connection.execute(query.with_for_update(of=INVITATION)).mappings().one()
    moved = step(position_of(row), event, now, pack_of(d, row["source"]).timers)
    if not moved.taken:
        return  # answered or withdrawn meanwhile: their word stands
    gone = event is Event.UNREACHABLE
    values = unreachable_values(connection, row["person_id"], reason) if gone else {}
    happening = Happening(event, Actor.MAIL, Channel.SYSTEM, now, reason=reason)
    record(connection, row, moved, happening, Along(values=values))
