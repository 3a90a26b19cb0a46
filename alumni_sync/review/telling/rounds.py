"""Rounds of mails about waiting cases: a reminder at half of the time, an escalation when it is up.

A round takes every case that has come so far, once, and queues one mail for each person who may
rule on any of them; the case and the mail carry the round's instant. What stands in a mail is read
when it is sent, so that nobody is sent after a case that somebody ruled on meanwhile. Where nobody
may rule, no round begins: the cases stay untold until somebody has the role.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from alumni_sync.domain import CaseStatus, Identity
from alumni_sync.ledger.queue_tables import QueueMail
from alumni_sync.ledger.tables import Case, t
from alumni_sync.ledger.upsert import insert_ignore
from alumni_sync.review.people.authority import Act, Authority
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.queue.selection import WAITING, values_of
from alumni_sync.review.telling.digests import Round

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_CASES: Final = t(Case)
_MAILS: Final = t(QueueMail)
_log = structlog.get_logger("alumni_sync.review")


TOLD_AT: Final[Mapping[Round, ColumnElement[datetime]]] = {
    Round.REMINDER: _CASES.c.reminded_at,
    Round.ESCALATION: _CASES.c.escalated_at,
}
"""The column of a case that says in which round it was told."""

_FIRST: Final = (Act.RULE, Act.PROPOSE)
_SECOND: Final = (Act.CONFIRM,)
_AWAITS: Final = _CASES.c.status == CaseStatus.AWAITING_SECOND.value


@dataclass(frozen=True, slots=True)
class _Group:
    """Cases of one source that the same people may decide."""

    source: str
    awaits_second: bool


def is_due(kind: Round, now: datetime) -> ColumnElement[bool]:
    """Say that a case waits, has come so far, and that nobody was told.

    What is late is escalated, and not reminded of any more.
    """
    waits = _CASES.c.status.in_(values_of(WAITING))
    if kind is Round.ESCALATION:
        return and_(waits, _CASES.c.escalated_at.is_(None), _CASES.c.due_at <= now)
    return and_(
        waits, _CASES.c.reminded_at.is_(None), _CASES.c.remind_at <= now, _CASES.c.due_at > now
    )


def begin_rounds(d: "Deployment") -> int:
    """Take every case into the round that is due; return of how many people will be told of."""
    now = d.clock.now()
    with d.ledger.read() as connection:
        if not any(_groups(connection, kind, now) for kind in Round):
            return 0
    with d.ledger.write() as connection:
        authority = authority_now(d, connection)
        return sum(_begin(connection, authority, kind, now) for kind in Round)


def acts_of(kind: Round, *, awaits_second: bool) -> tuple[Act, ...]:
    """Return the acts of which one makes somebody be told of a case.

    A reminder goes to whoever can do the next step; an escalation to all who rule at the source.
    """
    if kind is Round.ESCALATION:
        return (*_FIRST, *_SECOND)
    return _SECOND if awaits_second else _FIRST


def may_any(authority: Authority, user: str, acts: Collection[Act], source: str) -> bool:
    """Say whether a user of `people:` may do one of some acts at a source."""
    identity = Identity(user, verified=True)
    return any(authority.may(identity, act, source).allowed for act in acts)


def _begin(connection: Connection, authority: Authority, kind: Round, now: datetime) -> int:
    at = _moment(connection, kind, now)
    told: set[str] = set()
    for group in _groups(connection, kind, now):
        users = set(_users(authority, kind, group))
        if not users:
            _log.error("nobody may rule", source=group.source, kind=kind.value)
            continue
        told |= users
        of = (_CASES.c.source == group.source, _AWAITS if group.awaits_second else ~_AWAITS)
        connection.execute(
            update(_CASES).where(is_due(kind, now), *of).values({TOLD_AT[kind].name: at})
        )
    insert_ignore(
        connection,
        _MAILS,
        [_mail(kind, at, user, now) for user in sorted(told)],
        key=("kind", "round_at", "user"),
    )
    return len(told)


def _moment(connection: Connection, kind: Round, now: datetime) -> datetime:
    """Return the round's instant: now, or just after the last round where that is not before."""
    query = select(func.max(_MAILS.c.round_at)).where(_MAILS.c.kind == kind.value)
    last: datetime | None = connection.execute(query).scalar()
    return now if last is None or last < now else last + timedelta(microseconds=1)


def _groups(connection: Connection, kind: Round, now: datetime) -> list[_Group]:
    query = select(_CASES.c.source, _AWAITS.label("second")).where(is_due(kind, now)).distinct()
    rows = connection.execute(query.order_by(_CASES.c.source))
    return [_Group(row.source, bool(row.second)) for row in rows]


def _users(authority: Authority, kind: Round, group: _Group) -> Iterator[str]:
    acts = acts_of(kind, awaits_second=group.awaits_second)
    for person in authority.people:
        if may_any(authority, person.user, acts, group.source):
            yield person.user


def _mail(kind: Round, at: datetime, user: str, now: datetime) -> dict[str, Any]:
    return {
        "kind": kind.value,
        "round_at": at,
        "user": user,
        "state": "queued",
        "due_at": now,
        "created_at": now,
    }
