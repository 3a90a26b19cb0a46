"""Requests whose deadline is near or over, and whoever has to hear of it.

A week before the end of a deadline, and again when it is over, the people of the role `privacy` are
told by mail, once for each request and deadline. That somebody hears of the same request twice,
after a crash, is better than that nobody does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parseaddr
from html import escape
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import ColumnElement, Row, exists, func, select

from alumni_sync.domain import Actor, Role
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.leases import hold
from alumni_sync.ports import Fate, Message
from alumni_sync.privacy.request_rows import EVENT, REQUEST, RequestState, request_number
from alumni_sync.privacy.request_steps import note

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

NEAR: Final = timedelta(days=7)
_TOLD: Final = ("told_overdue", "told_near")
"""Events that say `privacy` was told; the more urgent one first."""
_WHAT_TO_DO: Final = (
    "Nobody is named here. Look at one with `alumni-sync privacy requests show NUMBER`, answer it "
    "with `privacy requests close`, or, before its deadline is over, say that it takes longer: "
    "`privacy requests extend`."
)
_log = structlog.get_logger("alumni_sync.privacy")


@dataclass(frozen=True, slots=True)
class LateRequests:
    """Requests that nobody has answered, counted.

    Attributes:
        near: due within a week.
        overdue: their deadline is over: a breach of GDPR Art. 12(3).
    """

    near: int = 0
    overdue: int = 0

    def sentences(self) -> list[str]:
        """Return what is late, a sentence each; no person in it."""
        return [f"{self.overdue} open with their deadline over"] if self.overdue else []

    def notes(self) -> list[str]:
        """Return what will be late soon."""
        return [f"{self.near} requests of people are due within a week"] if self.near else []


def late_requests(d: "Deployment") -> LateRequests:
    """Count what is due or overdue at this moment."""
    now = d.clock.now()
    query = select(
        func.count().filter(REQUEST.c.due_at > now), func.count().filter(REQUEST.c.due_at <= now)
    ).where(REQUEST.c.state == RequestState.OPEN.value, REQUEST.c.due_at <= now + NEAR)
    with d.ledger.read() as connection:
        near, overdue = connection.execute(query).one()
    return LateRequests(near, overdue)


def alert_late_requests(d: "Deployment") -> int:
    """Tell `privacy` of requests whose deadline is near or over, if they were not told yet.

    Returns:
        Of how many requests they were told; none where nobody has the role, which is logged.

    Raises:
        ConnectorError: no mail could be sent; nobody counts as told.
        LeaseBusy: another process is telling them.
    """
    if not any(_untold(d, event) for event in _TOLD):
        return 0
    told = 0
    people = [person.mail for person in d.settings.people if Role.PRIVACY in person.roles]
    with hold(d.ledger, d.clock, "alerts:requests"):
        for event in _TOLD:
            rows = _untold(d, event)
            if rows:
                _log.error("requests are late", event_told=event, requests=len(rows))
                told += _tell(d, people, event, rows)
    return told


def _untold(d: "Deployment", event: str) -> Sequence[Row[Any, Any]]:
    now = d.clock.now()
    said = exists().where(EVENT.c.request_id == REQUEST.c.id, EVENT.c.event == event)
    query = select(REQUEST.c.id, REQUEST.c.due_at).where(
        REQUEST.c.state == RequestState.OPEN.value, _reached(event, now), ~said
    )
    with d.ledger.read() as connection:
        return connection.execute(query.order_by(REQUEST.c.due_at)).all()


def _reached(event: str, now: datetime) -> ColumnElement[bool]:
    if event == "told_overdue":
        return REQUEST.c.due_at <= now
    return (REQUEST.c.due_at > now) & (REQUEST.c.due_at <= now + NEAR)


def _tell(d: "Deployment", to: Sequence[str], event: str, late: Sequence[Row[Any, Any]]) -> int:
    """Send one mail to each, then put down that they were told; return of how many requests."""
    mailer, accepted, now = d.mailer(), 0, d.clock.now()
    for address in to:
        result = mailer.send(_mail(d, address, event, late))
        accepted += result.fate is not Fate.REFUSED
        if result.fate is Fate.REFUSED:
            _log.error("an alert was refused", reason=result.reason)
    if not accepted:
        return 0
    with d.ledger.write() as connection:
        for row in late:
            note(connection, request_number(row.id), event, now, actor=Actor.SYSTEM)
    return len(late)


def _mail(d: "Deployment", to: str, event: str, late: Sequence[Row[Any, Any]]) -> Message:
    over = event == "told_overdue"
    numbers = ", ".join(request_number(row.id) for row in late)
    lines = [
        f"Requests of people that nobody has answered: {numbers}.",
        "Their deadline is over: that is a breach of GDPR Art. 12(3)."
        if over
        else f"The first is due by {late[0].due_at:%Y-%m-%d %H:%M} UTC, the others within a week.",
        _WHAT_TO_DO,
    ]
    domain = parseaddr(d.settings.mail.sender)[1].rpartition("@")[2]
    what = "overdue" if over else "due within a week"
    return Message(
        to=to,
        sender=d.settings.mail.sender,
        subject=f"{len(late)} request(s) of people {what}",
        text="\n\n".join(lines) + "\n",
        html="".join(f"<p>{escape(line)}</p>" for line in lines) + "\n",
        message_id=f"<{new_id('M')}@{domain}>",
        headers={"Date": format_datetime(d.clock.now())},
    )
