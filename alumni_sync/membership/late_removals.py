"""Removals that take too long, and whoever has to hear of it.

A removal that fails is tried for as long as it takes; that is no comfort to somebody who left and
is still shown. After four hours, and again after 72, the people of the role `privacy` are told by
mail, once for each removal and deadline. A mail that cannot be sent is tried again; that somebody
hears of the same removal twice, after a crash, is better than that nobody does.

Belongs here: finding and telling. Does not belong here: removing (`removal`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parseaddr
from html import escape
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import func, select, update

from alumni_sync.domain import Role
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.leases import hold
from alumni_sync.membership.closings import Closing, closings
from alumni_sync.membership.ledger_rows import MEMBERSHIP
from alumni_sync.membership.plan import MemberState
from alumni_sync.ports import Fate, Message

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

HIDDEN_WITHIN: Final = timedelta(minutes=15)
"""From the closing of a gate; later than that, a member who is still visible is late."""
ALERT_HOURS: Final = (4, 72)
"""Hours after the closing of a gate at which `privacy` is told (4-consent, 3-contracts)."""
_LOOK_LATE: Final = timedelta(hours=4)
_log = structlog.get_logger("alumni_sync.membership")


@dataclass(frozen=True, slots=True)
class LateRemovals:
    """Whoever should be gone and is not, counted. Each number includes the next.

    Attributes:
        visible: not hidden although the gate has been closed for 15 minutes.
        over_4_hours: not gone after four hours (or, where hiding is all that is asked, visible).
        over_72_hours: the same after 72 hours: an incident.
        looks: removed, but the look whether it is so is overdue by four hours or more.
    """

    visible: int = 0
    over_4_hours: int = 0
    over_72_hours: int = 0
    looks: int = 0

    @property
    def is_none(self) -> bool:
        """Say that nothing is late."""
        return self == LateRemovals()

    def sentences(self) -> list[str]:
        """Return what is late, a sentence each; no person in it."""
        said = {
            "visible 15 minutes after the gate closed": self.visible,
            "not gone 4 hours after the gate closed": self.over_4_hours,
            "not gone 72 hours after the gate closed: an incident": self.over_72_hours,
            "removed, with a look at the platform that is overdue by 4 hours or more": self.looks,
        }
        return [f"{number} {what}" for what, number in said.items() if number]


def alert_level(since: datetime, now: datetime) -> int:
    """Return the hours of the last deadline that has passed since the gate closed; 0: none."""
    passed = (hours for hours in ALERT_HOURS if now - since >= timedelta(hours=hours))
    return max(passed, default=0)


def late_removals(d: "Deployment") -> LateRemovals:
    """Count what is late at this moment."""
    now = d.clock.now()
    waiting = _waiting(d)
    levels = [alert_level(_since(closing, now), now) for closing in waiting]
    overdue = select(func.count()).where(
        MEMBERSHIP.c.platform == d.platform_name,
        MEMBERSHIP.c.state == MemberState.REMOVED.value,
        MEMBERSHIP.c.verify_at <= now - _LOOK_LATE,
    )
    with d.ledger.read() as connection:
        looks = int(connection.execute(overdue).scalar_one())
    return LateRemovals(
        visible=sum(
            closing.row.hidden_at is None and now - _since(closing, now) > HIDDEN_WITHIN
            for closing in waiting
        ),
        over_4_hours=sum(level >= ALERT_HOURS[0] for level in levels),
        over_72_hours=sum(level >= ALERT_HOURS[1] for level in levels),
        looks=looks,
    )


def alert_late_removals(d: "Deployment") -> int:
    """Tell `privacy` of removals that have passed a deadline they were not told of yet.

    Returns:
        Of how many removals they were told. With nobody in the role it is logged all the same,
        and told as soon as there is somebody.

    Raises:
        ConnectorError: no mail could be sent; nobody counts as told.
        LeaseBusy: another process is telling them.
    """
    now = d.clock.now()
    if not _untold(d, now):
        return 0
    with hold(d.ledger, d.clock, "alerts"):
        untold = _untold(d, now)
        told = [person.mail for person in d.settings.people if Role.PRIVACY in person.roles]
        for hours in ALERT_HOURS:
            rows = [closing for closing, level in untold if level == hours]
            if rows:
                _log.error("removals are late", hours=hours, removals=len(rows))
                _tell(d, told, hours, rows)
        return len(untold) if told else 0


def _waiting(d: "Deployment") -> list[Closing]:
    """Return removals that the consent requires, and hidings that were not done.

    An erasure that a brake holds back is no late one: the member is hidden, a person decides.
    """
    return [closing for closing in closings(d) if closing.by_consent or not closing.is_hidden]


def _since(closing: Closing, now: datetime) -> datetime:
    return closing.since or now


def _untold(d: "Deployment", now: datetime) -> list[tuple[Closing, int]]:
    found = [(closing, alert_level(_since(closing, now), now)) for closing in _waiting(d)]
    return [(closing, level) for closing, level in found if level > closing.row.alerted_hours]


def _tell(d: "Deployment", to: Sequence[str], hours: int, late: Sequence[Closing]) -> None:
    """Send one mail to each, then put down that they were told."""
    now, mailer, accepted = d.clock.now(), d.mailer(), 0
    first = min(_since(closing, now) for closing in late)
    for address in to:
        result = mailer.send(_mail(d, address, hours, len(late), first))
        accepted += result.fate is not Fate.REFUSED
        if result.fate is Fate.REFUSED:
            _log.error("an alert was refused", reason=result.reason)
    if accepted:
        with d.ledger.write() as connection:
            connection.execute(
                update(MEMBERSHIP)
                .where(MEMBERSHIP.c.id.in_([closing.row.id for closing in late]))
                .values(alerted_hours=hours)
            )


def _mail(d: "Deployment", to: str, hours: int, number: int, first: datetime) -> Message:
    now = d.clock.now()
    lines = [
        f"Removals from the platform {d.platform_name} that are late: {number}.",
        f"Their gates closed {hours} hours ago or more, the first at {first:%Y-%m-%d %H:%M} UTC.",
        "Each is tried again at least every hour, for as long as it takes. Nobody is named here:",
        "`alumni-sync doctor` says what is late, and `alumni-sync trace PERSON` why.",
    ]
    if hours == ALERT_HOURS[-1]:
        lines.append("After 72 hours this is an incident: decide who else has to be told.")
    domain = parseaddr(d.settings.mail.sender)[1].rpartition("@")[2]
    return Message(
        to=to,
        sender=d.settings.mail.sender,
        subject=f"{number} removal(s) late by more than {hours} hours",
        text="\n\n".join(lines) + "\n",
        html="".join(f"<p>{escape(line)}</p>" for line in lines) + "\n",
        message_id=f"<{new_id('M')}@{domain}>",
        headers={"Date": format_datetime(now)},
    )
