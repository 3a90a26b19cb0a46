"""Which cases no longer fit what was judged: SQL, each query over spells and their cases."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, exists, or_, select

from alumni_sync.domain import CASE_VERDICTS, CaseStatus, Verdict
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Case, Spell, t

PAGE: Final = 500

WAITING: Final = (CaseStatus.OPEN, CaseStatus.REOPENED, CaseStatus.AWAITING_SECOND)
"""Somebody still has to rule. Until then, the person is out."""

RULED: Final = (CaseStatus.ADMITTED, CaseStatus.UPHELD, CaseStatus.EXPIRED)
"""Decided, the last one by silence."""

_CASES: Final = t(Case)
_SPELLS: Final = t(Spell)
_ADVERSE: Final = [verdict.value for verdict in CASE_VERDICTS]

_SPELL_COLUMNS: Final = (
    _SPELLS.c.id.label("spell_id"),
    _SPELLS.c.person_id,
    _SPELLS.c.source,
    _SPELLS.c.decision_id,
    _SPELLS.c.basis,
    _SPELLS.c.verdict,
)
_BOTH: Final = (
    *_SPELL_COLUMNS,
    _CASES.c.id,
    _CASES.c.version,
    _CASES.c.status,
    _CASES.c.decision_id.label("ruled_on"),
)


def _cases() -> Select[Any]:
    return select(*_BOTH).join(_CASES, _CASES.c.spell_id == _SPELLS.c.id)


def _readable() -> ColumnElement[bool]:
    """Say that the facts are still there: on somebody who was erased nobody can rule."""
    return _SPELLS.c.sealed.is_not(None)


def without_case() -> Select[Any]:
    """Spells on which nobody has been asked to rule yet."""
    has_case = exists().where(_CASES.c.spell_id == _SPELLS.c.id)
    return select(*_SPELL_COLUMNS).where(_SPELLS.c.verdict.in_(_ADVERSE), _readable(), ~has_case)


def on_another_basis() -> Select[Any]:
    """Cases whose ground changed, and closed ones that have one again."""
    closed = _CASES.c.status == CaseStatus.CLOSED.value
    return _cases().where(
        _SPELLS.c.verdict.in_(_ADVERSE),
        _readable(),
        or_(_CASES.c.basis != _SPELLS.c.basis, closed),
    )


def no_longer_adverse() -> Select[Any]:
    """Cases on which there is nothing to rule; a ruling stays while the person is merely held.

    A coming rehire that is cancelled must not cost a member a second ruling on the same facts.
    """
    waiting = and_(
        _CASES.c.status.in_(values_of(WAITING)),
        or_(_SPELLS.c.verdict.is_(None), _SPELLS.c.verdict.not_in(_ADVERSE), ~_readable()),
    )
    ruled = and_(_CASES.c.status.in_(values_of(RULED)), _SPELLS.c.verdict == Verdict.ELIGIBLE.value)
    return _cases().where(or_(waiting, ruled))


def admission_over(now: datetime) -> Select[Any]:
    """Cases that were admitted until a day which is over now.

    Not of somebody who is merely held: there is nothing to rule on yet, and nobody asks them.
    """
    return _cases().where(
        _CASES.c.lapses_at <= now,
        _CASES.c.status == CaseStatus.ADMITTED.value,
        _SPELLS.c.verdict.in_(_ADVERSE),
        _readable(),
    )


def out_of_time(now: datetime) -> Select[Any]:
    """Cases that nobody ruled on before retention ended."""
    return _cases().where(_CASES.c.status.in_(values_of(WAITING)), _SPELLS.c.purge_after <= now)


def values_of(statuses: Sequence[CaseStatus]) -> list[str]:
    """Return statuses as the ledger has them."""
    return [status.value for status in statuses]


def pages(ledger: Ledger, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
    """Yield the rows of `query` in pages by spell; a page's rows may change before the next."""
    last = ""
    while True:
        page = query.where(_SPELLS.c.id > last).order_by(_SPELLS.c.id).limit(PAGE)
        with ledger.read() as connection:
            rows = connection.execute(page).all()
        if not rows:
            return
        last = rows[-1].spell_id
        yield rows
