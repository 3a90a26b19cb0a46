"""The figures beside the funnel: verdicts, who cannot be asked, days to a yes, boomerangs.

All of them count exits that are over, as the funnel does, so that no difference between two
figures is a small cell that neither of them shows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, case, distinct, func, or_, select

from alumni_sync.domain import ConsentState, Verdict
from alumni_sync.ledger.tables import Case, ConsentEvent, Invitation, Membership, Spell, t
from alumni_sync.reporting.funnel import STAGES, Funnel, Line, has_left, may_be_asked, read_funnel
from alumni_sync.reporting.ruled_cases import NOTHING_RULED, RuledCases, read_ruled_cases
from alumni_sync.reporting.suppression import SMALLEST_SHOWN, Count, Published, publish

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

DAYS: Final[tuple[tuple[str, int], ...]] = (
    ("same day", 1),
    ("1-2 days", 3),
    ("3-6 days", 7),
    ("1-2 weeks", 14),
    ("2-4 weeks", 28),
)
LATER: Final = "later"
ASKED: Final = "asked"

_SPELL, _CASE, _INVITATION, _MEMBERSHIP = t(Spell), t(Case), t(Invitation), t(Membership)
_EVENT: Final = t(ConsentEvent)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything in the programme report; None stands for a figure that may not be shown.

    Attributes:
        verdicts: verdict → spells; who was admitted counts as eligible.
        no_contact: reason → people who may be asked but cannot be.
        days_to_yes: span between the first asking mail and the yes → people.
        median_days: of that span.
        boomerangs: alumni who were hired again.
        ruled: how people ruled on cases.
    """

    funnel: Funnel
    verdicts: Mapping[str, int | None]
    no_contact: Mapping[str, int | None]
    days_to_yes: Mapping[str, int | None]
    median_days: float | None
    boomerangs: int | None
    ruled: RuledCases = NOTHING_RULED

    def numbers(self) -> dict[str, Any]:
        """Return the figures as plain values, for JSON and for Dagster's metadata."""
        return {
            "as_of": self.funnel.as_of.isoformat(),
            "total": dict(self.funnel.total.cells),
            "funnel": [_plain(line) for line in (*self.funnel.sources, *self.funnel.months)],
            "verdicts": dict(self.verdicts),
            "no_contact": dict(self.no_contact),
            "days_to_yes": dict(self.days_to_yes),
            "median_days_to_yes": self.median_days,
            "boomerangs": self.boomerangs,
            "rulings": self.ruled.numbers(),
            "hidden_below": SMALLEST_SHOWN,
        }


def read_figures(d: "Deployment") -> Figures:
    """Count everything at one moment, in one read transaction."""
    now = d.clock.now()
    with d.ledger.read() as connection:
        days = _days_to_yes(connection)
        return Figures(
            funnel=read_funnel(connection, now),
            verdicts=_shown(_verdicts(connection, now)),
            no_contact=_shown(_no_contact(connection, now)),
            days_to_yes=_shown(_histogram(days)),
            median_days=round(median(days), 1) if len(days) >= SMALLEST_SHOWN else None,
            boomerangs=publish(Count("", _boomerangs(connection))).value,
            ruled=read_ruled_cases(connection),
        )


def programme_numbers(d: "Deployment") -> dict[str, Any]:
    """Return the programme report as plain numbers; what may not be shown is None."""
    return read_figures(d).numbers()


def _plain(line: Line) -> dict[str, Any]:
    return {"source": line.source, "month": line.month, **{s: line.cells[s] for s in STAGES}}


def _shown(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Return a small table with its small cells hidden; its total is shown elsewhere."""
    parts = [Count(name, value) for name, value in counts.items()]
    published: Published = publish(Count.of("", parts))
    return {part.name: part.value for part in published.parts}


def _verdicts(connection: Connection, now: datetime) -> dict[str, int]:
    verdict = case((may_be_asked(), Verdict.ELIGIBLE.value), else_=_SPELL.c.verdict)
    query = (
        select(verdict.label("verdict"), func.count())
        .select_from(_SPELL)
        .outerjoin(_CASE, _CASE.c.spell_id == _SPELL.c.id)
        .where(has_left(now), _SPELL.c.verdict.is_not(None))
        .group_by(verdict)
    )
    found = {str(row[0]): int(row[1]) for row in connection.execute(query)}
    return {v.value: found[v.value] for v in reversed(Verdict) if v.value in found}


def _no_contact(connection: Connection, now: datetime) -> dict[str, int]:
    query = (
        select(_INVITATION.c.no_contact_reason, func.count())
        .join(_SPELL, _SPELL.c.id == _INVITATION.c.spell_id)
        .where(has_left(now), _INVITATION.c.state == ConsentState.NO_CONTACT.value)
        .group_by(_INVITATION.c.no_contact_reason)
        .order_by(func.count().desc(), _INVITATION.c.no_contact_reason)
    )
    return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def _days_to_yes(connection: Connection) -> list[float]:
    """Return the days between the first asking mail and the first yes, one entry a person."""
    given = _EVENT.c.state_after == ConsentState.GIVEN.value
    asked = _EVENT.c.event == ASKED
    query = (
        select(
            func.min(case((asked, _EVENT.c.occurred_at))).label("asked"),
            func.min(case((given, _EVENT.c.occurred_at))).label("given"),
        )
        .where(or_(asked, given))
        .group_by(_EVENT.c.invitation_id)
    )
    pairs = ((row.asked, row.given) for row in connection.execute(query))
    return [(yes - mail) / timedelta(days=1) for mail, yes in pairs if mail and yes]


def _histogram(days: Iterable[float]) -> dict[str, int]:
    """Return span → people; all spans where there is anybody, so that the shape can be seen."""
    found = Counter(next((name for name, limit in DAYS if value < limit), LATER) for value in days)
    if not found:
        return {}
    return {name: found[name] for name in (*(name for name, _ in DAYS), LATER)}


def _boomerangs(connection: Connection) -> int:
    """Return how many people came back to the company after they had joined the community."""
    query = (
        select(func.count(distinct(_SPELL.c.person_id)))
        .join(_MEMBERSHIP, _MEMBERSHIP.c.spell_id == _SPELL.c.id)
        .where(_MEMBERSHIP.c.joined_at.is_not(None))
        .where(or_(_SPELL.c.rehire_on.is_not(None), _SPELL.c.rehire_ends))
    )
    return int(connection.execute(query).scalar_one())
