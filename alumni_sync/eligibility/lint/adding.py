"""What a rule would have to say for another one to need it: by outcome, where it adds something."""

from typing import Final

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.evaluation.grounds import RANK
from alumni_sync.eligibility.language.clauses import Offset
from alumni_sync.eligibility.language.pack import HoldOutreach, Outcome, SetFlag
from alumni_sync.eligibility.lint.terrain import (
    IS_FALSE,
    IS_TRUE,
    IS_UNKNOWN,
    NOT_FALSE,
    NOT_TRUE,
    NOT_UNKNOWN,
    Ends,
)

Differing = tuple[tuple[Ends, Ends], ...]
"""Ends of two rules at which the first says something that the second does not say."""

NOT_THE_SAME: Final[Differing] = (
    (IS_TRUE, NOT_TRUE),
    (IS_UNKNOWN, NOT_UNKNOWN),
    (IS_FALSE, NOT_FALSE),
)
TRUE_ALONE: Final[Differing] = ((IS_TRUE, NOT_TRUE),)


def adding(inner: Outcome, outer: Outcome) -> Differing | None:
    """Return where a rule would add to another one; None where it does wherever it speaks."""
    match inner, outer:
        case Verdict(), Verdict() if inner is outer:
            return _verdict_adding(inner)
        case SetFlag(), SetFlag():
            return TRUE_ALONE
        case HoldOutreach(_, until), HoldOutreach(_, longer):
            if longer is None:
                return ((NOT_FALSE, IS_FALSE),)
            if until is not None and ends_no_later(until, longer):
                return ((NOT_FALSE, IS_FALSE), (IS_UNKNOWN, IS_TRUE))
            return None
        case _:
            return None


def _verdict_adding(verdict: Verdict) -> Differing:
    found: list[tuple[Ends, Ends]] = [(NOT_FALSE, IS_FALSE)]
    if RANK[verdict] < RANK[Verdict.REVIEW]:
        found.append((IS_TRUE, IS_UNKNOWN))
    elif RANK[verdict] > RANK[Verdict.REVIEW]:
        found.append((IS_UNKNOWN, IS_TRUE))
    return tuple(found)


def ends_no_later(one: Offset, other: Offset) -> bool:
    """Say whether an end counted from a date comes no later than another, whatever the date."""
    if one == other:
        return True
    if one.field != other.field or not (one.later and other.later):
        return False
    first, second = one.duration, other.duration
    if bool(first.months) != bool(second.months):
        return False  # months and days: it depends on the month
    return (first.months, first.days) <= (second.months, second.days)
