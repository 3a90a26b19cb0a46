"""The funnel by source and month: leavers → eligible → invited → yes → member.

A month is that of the last working day, at the site; only exits that are over count. Counted in
the database, from plain columns: nothing is opened for a report.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Select, and_, case, extract, func, or_, select

from alumni_sync.domain import CaseStatus, ConsentState, RecordStatus, Verdict
from alumni_sync.ledger.tables import Case, ConsentEvent, Invitation, Membership, Spell, t
from alumni_sync.reporting.suppression import Count, Published, publish

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

STAGES: Final = ("leavers", "eligible", "invited", "yes", "member")
MONTHS_SHOWN: Final = 12
EARLIER: Final = "earlier"
ON_PLATFORM: Final = "active"

_SPELL, _CASE, _INVITATION, _MEMBERSHIP = t(Spell), t(Case), t(Invitation), t(Membership)
_EVENT: Final = t(ConsentEvent)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the funnel; a cell that may not be shown is None.

    Attributes:
        source: "" for all sources together.
        month: `2026-10`, `earlier`, or "" for all months together.
    """

    source: str
    month: str
    cells: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Funnel:
    """The whole funnel; `total` sums the `sources`, each of which sums its months."""

    as_of: date
    total: Line
    sources: tuple[Line, ...]
    months: tuple[Line, ...]

    def of(self, source: str) -> list[Line]:
        """Return the months of a source, latest first."""
        return [line for line in self.months if line.source == source]


def read_funnel(connection: Connection, now: datetime) -> Funnel:
    """Count and suppress.

    Args:
        connection: a read transaction on the ledger.
        now: aware; exits that end later do not count.
    """
    counted = _count(connection, now)
    published = {stage: publish(_tree(counted, stage)) for stage in STAGES}
    whole = published["leavers"]
    return Funnel(
        as_of=now.date(),
        total=_line("", "", published),
        sources=tuple(_line(source.name, "", published) for source in whole.parts),
        months=tuple(
            _line(source.name, month.name, published)
            for source in whole.parts
            for month in source.parts
        ),
    )


def may_be_asked() -> "ColumnElement[bool]":
    """Return the condition on spell and case that a person is eligible, or was admitted."""
    admitted = and_(
        _SPELL.c.verdict.in_((Verdict.EXCLUDED.value, Verdict.REVIEW.value)),
        _CASE.c.status == CaseStatus.ADMITTED.value,
    )
    return or_(_SPELL.c.verdict == Verdict.ELIGIBLE.value, admitted)


def has_left(now: datetime) -> "ColumnElement[bool]":
    """Return the condition on a spell that the exit is over and stands."""
    return and_(
        _SPELL.c.record_status == RecordStatus.LEFT.value,
        _SPELL.c.effective_at.is_not(None),
        _SPELL.c.effective_at <= now,
    )


Counted = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Source → month → stage → count, latest month first."""


def _count(connection: Connection, now: datetime) -> Counted:
    latest = now.year * 12 + now.month - 1
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in connection.execute(_query(now)):
        index = int(row.year) * 12 + int(row.month) - 1
        month = EARLIER
        if latest - index < MONTHS_SHOWN:
            month = f"{int(row.year)}-{int(row.month):02}"
        cells = found.setdefault(row.source, {}).setdefault(month, dict.fromkeys(STAGES, 0))
        for stage in STAGES:
            cells[stage] += int(getattr(row, stage))
    return found


def _query(now: datetime) -> Select[tuple[object, ...]]:
    said_yes = (
        select(_EVENT.c.invitation_id)
        .where(_EVENT.c.state_after == ConsentState.GIVEN.value)
        .distinct()
        .subquery()
    )
    yes = said_yes.c.invitation_id.is_not(None)
    conditions = {
        "leavers": _SPELL.c.id.is_not(None),
        "eligible": may_be_asked(),
        "invited": and_(may_be_asked(), or_(_INVITATION.c.asked > 0, yes)),
        "yes": and_(may_be_asked(), yes),
        "member": and_(may_be_asked(), yes, _MEMBERSHIP.c.state == ON_PLATFORM),
    }
    year = extract("year", _SPELL.c.last_working_day).label("year")
    month = extract("month", _SPELL.c.last_working_day).label("month")
    counts = [func.sum(case((met, 1), else_=0)).label(name) for name, met in conditions.items()]
    return (
        select(_SPELL.c.source, year, month, *counts)
        .select_from(_SPELL)
        .outerjoin(_CASE, _CASE.c.spell_id == _SPELL.c.id)
        .outerjoin(_INVITATION, _INVITATION.c.spell_id == _SPELL.c.id)
        .outerjoin(said_yes, said_yes.c.invitation_id == _INVITATION.c.id)
        .outerjoin(_MEMBERSHIP, _MEMBERSHIP.c.invitation_id == _INVITATION.c.id)
        .where(has_left(now))
        .group_by(_SPELL.c.source, year, month)
        .order_by(_SPELL.c.source, year.desc(), month.desc())
    )


def _tree(counted: Counted, stage: str) -> Count:
    return Count.of(
        "",
        [
            Count.of(source, [Count(month, cells[stage]) for month, cells in months.items()])
            for source, months in counted.items()
        ],
    )


def _line(source: str, month: str, published: Mapping[str, Published]) -> Line:
    return Line(
        source, month, {stage: _cell(tree, source, month) for stage, tree in published.items()}
    )


def _cell(tree: Published, *names: str) -> int | None:
    found: Published | None = tree
    for name in filter(None, names):
        found = found.part(name) if found else None
    return found.value if found else None


def stage_share(line: Line, stage: str, of: Sequence[str] = STAGES) -> float | None:
    """Return the share of a stage in the one before it, None where a cell is hidden."""
    position = of.index(stage)
    here, before = line.cells[stage], line.cells[of[position - 1]] if position else None
    return here / before if here is not None and before else None
