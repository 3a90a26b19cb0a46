"""Which cases of a round somebody is told of: those that wait still, and that they may decide."""

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select

from alumni_sync.domain import CaseStatus
from alumni_sync.eligibility.judging.decisions import decisions_by_id
from alumni_sync.ledger.tables import Case, CaseEvent, Person, t
from alumni_sync.review.people.authority import Authority
from alumni_sync.review.people.interests import too_near_for
from alumni_sync.review.queue.deadlines import last_day
from alumni_sync.review.queue.numbering import case_number
from alumni_sync.review.queue.selection import WAITING, values_of
from alumni_sync.review.rulings.steps import FIRST_RULINGS
from alumni_sync.review.telling.digests import LISTED, Digest, Listed, Round
from alumni_sync.review.telling.rounds import TOLD_AT, acts_of, may_any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alumni_sync.deployment import Deployment

_CASES: Final = t(Case)
_EVENTS: Final = t(CaseEvent)
_PERSON: Final = t(Person)
_AWAITS: Final = _CASES.c.status == CaseStatus.AWAITING_SECOND.value


def digest_for(
    d: "Deployment", connection: Connection, mail: Row[Any], authority: Authority
) -> Digest | None:
    """Return what somebody is told now; None where no case is left that they may decide.

    Args:
        d: the open deployment.
        connection: of the claim's transaction.
        mail: the row of `queue_mail`.
        authority: who may do what at this moment.
    """
    theirs = _theirs(d, mail, authority)
    if theirs is None:
        return None
    ids = theirs.with_only_columns(_CASES.c.id).subquery()
    cases = int(connection.execute(select(func.count()).select_from(ids)).scalar_one())
    if not cases:
        return None
    first = theirs.order_by(_CASES.c.due_at, _CASES.c.id).limit(LISTED)
    rows = connection.execute(first).all()
    opened = decisions_by_id(d.ledger, [row.decision_id for row in rows])
    rules = {one: decision.judgement.rules for one, decision in opened.items()}
    url = d.settings.desk.url
    return Digest(
        kind=Round(mail.kind),
        listed=[
            Listed(
                case=case_number(row.id),
                rules=rules.get(row.decision_id, ()),
                due=last_day(d, row.source, row.due_at),
                link=f"{url}/case/{case_number(row.id)}",
                awaits_second=row.status == CaseStatus.AWAITING_SECOND.value,
            )
            for row in rows
        ],
        cases=cases,
        company=d.settings.company.name,
        queue=f"{url}/",
    )


def _theirs(d: "Deployment", mail: Row[Any], authority: Authority) -> Select[Any] | None:
    """Return the query of the cases; not their own, not their manager's, none they were first on.

    Those whose manager they were are in it: that stands among sealed facts, and they are told so
    when they open the case.
    """
    kind, person = Round(mail.kind), authority.person(mail.user)
    may = list(_what_they_may(d, authority, mail.user, kind))
    if person is None or not may:
        return None
    was_first = exists().where(
        _EVENTS.c.case_id == _CASES.c.id,
        _EVENTS.c.version == _CASES.c.version,
        _EVENTS.c.event.in_(FIRST_RULINGS),
        _EVENTS.c.actor == mail.user,
    )
    return (
        select(_CASES)
        .join(_PERSON, _PERSON.c.id == _CASES.c.person_id)
        .where(
            TOLD_AT[kind] == mail.round_at,
            _CASES.c.status.in_(values_of(WAITING)),
            or_(*may),
            _PERSON.c.employee_hash.not_in(too_near_for(d, person)),
            ~was_first,
        )
    )


def _what_they_may(
    d: "Deployment", authority: Authority, user: str, kind: Round
) -> "Iterator[ColumnElement[bool]]":
    for source in d.settings.sources:
        for awaits in (False, True):
            if may_any(authority, user, acts_of(kind, awaits_second=awaits), source):
                yield and_(_CASES.c.source == source, _AWAITS if awaits else ~_AWAITS)
