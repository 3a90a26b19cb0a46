"""What an act does to a case: pure, total, and the same wherever somebody acts from."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from alumni_sync.domain import ADMIT_REASONS, UPHOLD_REASONS, CaseStatus, Ruling
from alumni_sync.review.people.authority import Act

REOPEN_REASONS: Final = ("contest", "new_information", "mistake", "other")
"""Why somebody takes a ruling up again."""

REASONS: Final = {
    Ruling.ADMIT: ADMIT_REASONS,
    Ruling.UPHOLD: UPHOLD_REASONS,
}
"""Ruling → the reasons that may be given for it."""

SYSTEM: Final = "system"
"""The actor of what nobody did but the rules or the calendar."""
ADMISSION_ENDED: Final = "admission_ended"
"""The reason of a case that reopened by itself, because it was admitted until a day."""
FIRST_RULINGS: Final = ("first_admit", "first_uphold")
"""Events of the first of two."""
RULINGS: Final = (CaseStatus.ADMITTED.value, CaseStatus.UPHELD.value)
"""Events by which a case was decided by somebody."""
OPENINGS: Final = ("opened", CaseStatus.REOPENED.value)
"""Events from which the time to a ruling counts."""

_DONE: Final = {
    Ruling.ADMIT: CaseStatus.ADMITTED,
    Ruling.UPHOLD: CaseStatus.UPHELD,
}
_FIRST: Final = {Ruling.ADMIT: "first_admit", Ruling.UPHOLD: "first_uphold"}
_RULED: Final = frozenset({CaseStatus.ADMITTED, CaseStatus.UPHELD, CaseStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class Terms:
    """What goes along with a ruling.

    Attributes:
        until: the last day, at the source's site, on which an admission holds; None: no end.
        bulk: whether it is one of several that are ruled on by one act.
        comment: the reviewer's words, kept sealed; "" for none.
    """

    until: date | None = None
    bulk: bool = False
    comment: str = ""


NO_TERMS: Final = Terms()


@dataclass(frozen=True, slots=True)
class CaseState:
    """What decides about the next step of a case.

    Attributes:
        proposed: what the first of two proposed, while the second is awaited.
    """

    status: CaseStatus
    two_person: bool
    proposed: Ruling | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it takes to make it, and what it makes of the case.

    Attributes:
        act: what the person must be allowed to do.
        event: its name in the case's history.
        second: whether it confirms a proposal; it is one itself where `status` awaits a second.
    """

    act: Act
    status: CaseStatus
    event: str
    second: bool = False


def next_step(state: CaseState, ruling: Ruling) -> Step | None:
    """Return what a ruling does; None where the case does not wait for one.

    On a case for two people, the same ruling by the second confirms it; another ruling by somebody
    else is a new proposal, and the first one is void.
    """
    if state.status in _RULED or state.status is CaseStatus.CLOSED:
        return None
    if not state.two_person:
        return Step(Act.RULE, _DONE[ruling], _DONE[ruling].value)
    if state.status is CaseStatus.AWAITING_SECOND and state.proposed is ruling:
        return Step(Act.CONFIRM, _DONE[ruling], _DONE[ruling].value, second=True)
    return Step(Act.PROPOSE, CaseStatus.AWAITING_SECOND, _FIRST[ruling])


def reopening(state: CaseState) -> Step | None:
    """Return what taking a ruling up again does; None where there is no ruling.

    What two made takes one to take up, but one whom something vouches for.
    """
    if state.status not in _RULED:
        return None
    act = Act.PROPOSE if state.two_person else Act.RULE
    return Step(act, CaseStatus.REOPENED, CaseStatus.REOPENED.value)


def events_of(ruling: Ruling) -> frozenset[str]:
    """Return the events that say: somebody has made this ruling."""
    return frozenset({_FIRST[ruling], _DONE[ruling].value})
