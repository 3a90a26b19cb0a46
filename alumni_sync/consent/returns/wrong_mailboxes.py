"""Mailboxes that are somebody else's: whoever read our mail said "this is not me", a person looks.

The address is suppressed and what was given through it ends at once; that is done before anybody
hears of it. But an HRIS that holds a stranger's address is wrong in other matters too, so `privacy`
and the reviewers of the source are told, once for each.
"""

from collections.abc import Sequence
from email.utils import format_datetime, parseaddr
from html import escape
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import Row, select, update

from alumni_sync.consent.answers.dossier import INVITATION
from alumni_sync.consent.lifecycle import Event
from alumni_sync.domain import Role
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.leases import hold
from alumni_sync.ports import Fate, Message

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_NOT_ME: Final = Event.SAID_NOT_ME.value
_MOST_NAMED: Final = 20
_WHAT_TO_DO: Final = """\
Their addresses are not written to again, and nothing is shown of them. The records of the HR \
system are wrong: correct the address there. Whoever the mail was meant for can still ask to be \
asked, on the join page.

`alumni-sync trace PERSON` tells the story of each. If one of them was a member, somebody else may \
have read about them: decide whether that is an incident."""
_log = structlog.get_logger("alumni_sync.consent")


def alert_wrong_mailboxes(d: "Deployment") -> int:
    """Tell `privacy` and the source's reviewers of mailboxes they were not told of yet.

    Returns:
        Of how many they were told; with nobody to tell it is logged, and told once there is.

    Raises:
        ConnectorError: no mail could be sent; nobody counts as told.
        LeaseBusy: another process is telling them.
    """
    if not _untold(d):
        return 0
    told = 0
    with hold(d.ledger, d.clock, "alerts:mailboxes"):
        untold = _untold(d)
        for source in sorted({row.source for row in untold}):
            rows = [row for row in untold if row.source == source]
            _log.error("mailboxes are somebody else's", source=source, mailboxes=len(rows))
            told += _tell(d, source, rows)
    return told


def _untold(d: "Deployment") -> Sequence[Row[Any, Any, Any]]:
    query = select(INVITATION.c.id, INVITATION.c.person_id, INVITATION.c.source)
    with d.ledger.read() as connection:
        waiting = query.where(INVITATION.c.alert == _NOT_ME).order_by(INVITATION.c.id)
        return connection.execute(waiting).all()


def _concerned(d: "Deployment", source: str) -> list[str]:
    """Return the addresses of `privacy`, and of the reviewers who answer for this source."""
    wanted = {Role.PRIVACY, Role.REVIEWER}
    return [
        person.mail
        for person in d.settings.people
        if wanted & set(person.roles) and (not person.sources or source in person.sources)
    ]


def _tell(d: "Deployment", source: str, rows: Sequence[Row[Any, Any, Any]]) -> int:
    """Send one mail to each, then put down that they were told; return of how many mailboxes."""
    mailer, accepted = d.mailer(), 0
    for address in _concerned(d, source):
        result = mailer.send(_mail(d, address, source, [row.person_id for row in rows]))
        accepted += result.fate is not Fate.REFUSED
        if result.fate is Fate.REFUSED:
            _log.error("an alert was refused", reason=result.reason)
    if not accepted:
        return 0
    with d.ledger.write() as connection:
        connection.execute(
            update(INVITATION)
            .where(INVITATION.c.id.in_([row.id for row in rows]), INVITATION.c.alert == _NOT_ME)
            .values(alert="")
        )
    return len(rows)


def _mail(d: "Deployment", to: str, source: str, people: Sequence[str]) -> Message:
    named = ", ".join(people[:_MOST_NAMED])
    more = f" and {len(people) - _MOST_NAMED} more" if len(people) > _MOST_NAMED else ""
    said = f"That is so for {len(people)} leaver(s) of {source}: {named}{more}."
    lines = [
        f"Somebody who read a mail of ours said: this is not me. {said}",
        *_WHAT_TO_DO.split("\n\n"),
    ]
    domain = parseaddr(d.settings.mail.sender)[1].rpartition("@")[2]
    return Message(
        to=to,
        sender=d.settings.mail.sender,
        subject=f"{len(people)} mailbox(es) of {source} belong to somebody else",
        text="\n\n".join(lines) + "\n",
        html="".join(f"<p>{escape(line)}</p>" for line in lines) + "\n",
        message_id=f"<{new_id('M')}@{domain}>",
        headers={"Date": format_datetime(d.clock.now())},
    )
