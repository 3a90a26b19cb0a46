"""Values that fall between the bands of rules that are otherwise alike: levels 0-5, and 7-10.

What lies below the lowest band and above the highest is left out on purpose. A hole between two is
taken for an oversight where it is narrower than both: bands with a wide space between them are
about different people. Two rules without an end, `at_most 4` and `at_least 6`, leave their middle
out on purpose, unless it is one single value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Final

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.language.clauses import (
    Ago,
    All,
    Bound,
    Clause,
    Compare,
    Comparison,
    Duration,
    Not,
    Offset,
)
from alumni_sync.eligibility.language.pack import HoldOutreach, Outcome, Rule, RulePack, SetFlag
from alumni_sync.eligibility.lint.finding import is_written

_MONTH: Final = 30.4375
_LOWER: Final = frozenset({Comparison.AT_LEAST, Comparison.AFTER})
_OPPOSITE: Final = {
    Comparison.AT_LEAST: Comparison.BEFORE,
    Comparison.AFTER: Comparison.AT_MOST,
    Comparison.AT_MOST: Comparison.AFTER,
    Comparison.BEFORE: Comparison.AT_LEAST,
}
_STRICT: Final = {Comparison.AFTER: 1, Comparison.BEFORE: -1}


@dataclass(frozen=True, slots=True)
class Band:
    """What one rule says of one field: from where to where, both included, among people alike.

    Attributes:
        rest: everything else that has to hold.
        counted: what the ends are counted from: a calendar, the day of the run, or a field.
        low: a number, or days; None for an open end.
        high: likewise.
        ends: the comparisons of the rule, lower and upper.
    """

    rule: Rule
    field: str
    rest: frozenset[Clause]
    counted: str
    low: float | None
    high: float | None
    ends: tuple[Compare | None, Compare | None]

    @property
    def width(self) -> float:
        """Return how many values are in; endless where an end is open."""
        open_end = self.low is None or self.high is None
        return float("inf") if open_end else self.high - self.low + 1  # type: ignore[operator]  # both are there


@dataclass(frozen=True, slots=True)
class Between:
    """What lies between two bands: in neither of them."""

    lower: Band
    upper: Band

    def clauses(self) -> Iterator[Clause]:
        """Yield what somebody fits who falls between them and is otherwise alike."""
        yield from self.lower.rest
        yield from (Not(end) for end in (self.lower.ends[1], self.upper.ends[0]) if end)


def betweens(pack: RulePack) -> list[Between]:
    """Return what lies between bands that follow each other, narrower than either of them."""
    bands = [band for rule in pack.rules if is_written(rule) for band in _bands(rule)]
    found = []
    for one, other in combinations(bands, 2):
        for lower, upper in ((one, other), (other, one)):
            if _alike(lower, upper) and _is_slip(lower, upper) and not _parted(bands, lower, upper):
                found.append(Between(lower, upper))
    return found


def _alike(one: Band, other: Band) -> bool:
    same = (one.field, one.rest, one.counted, one.rule.valid)
    return same == (other.field, other.rest, other.counted, other.rule.valid) and _of_one_kind(
        one.rule.then, other.rule.then
    )


def _of_one_kind(one: Outcome, other: Outcome) -> bool:
    """Say whether two outcomes are about the same question, whatever they answer."""
    match one, other:
        case (Verdict(), Verdict()) | (SetFlag(), SetFlag()):
            return True
        case HoldOutreach(purpose), HoldOutreach(another):
            return purpose == another
        case _:
            return False


def _is_slip(lower: Band, upper: Band) -> bool:
    """Say whether there is a hole that looks like an oversight."""
    if lower.high is None or upper.low is None:
        return False
    hole = upper.low - lower.high - 1
    narrower = min(lower.width, upper.width)
    return 0 < hole < narrower if narrower < float("inf") else hole == 1


def _parted(bands: Sequence[Band], lower: Band, upper: Band) -> bool:
    """Say whether another band begins or ends in between, so that these two do not follow."""
    return any(
        end is not None and lower.high < end < upper.low  # type: ignore[operator]  # see `_is_slip`
        for band in bands
        if _alike(band, lower)
        for end in (band.low, band.high)
    )


def _bands(rule: Rule) -> Iterator[Band]:
    """Yield each field of which a rule takes one stretch, with everything else that it asks."""
    parts = list(_flat(rule.when))
    fields = dict.fromkeys(part.field for part in parts if isinstance(part, Compare))
    for field in fields:
        own = [part for part in parts if isinstance(part, Compare) and part.field == field]
        lower = [end for end in own if end.comparison in _LOWER]
        upper = [end for end in own if end.comparison not in _LOWER]
        counted = {_counted(end.bound) for end in own}
        if len(lower) > 1 or len(upper) > 1 or len(counted) > 1:
            continue
        yield Band(
            rule,
            field,
            frozenset(part for part in parts if part not in own),
            counted.pop(),
            _place(lower[0]) if lower else None,
            _place(upper[0]) if upper else None,
            (lower[0] if lower else None, upper[0] if upper else None),
        )


def _flat(clause: Clause) -> Iterator[Clause]:
    """Yield all that has to hold, `not` of a comparison as its opposite."""
    match clause:
        case All(parts):
            for part in parts:
                yield from _flat(part)
        case Not(Compare(field, comparison, bound)):
            yield Compare(field, _OPPOSITE[comparison], bound)
        case _:
            yield clause


def _counted(bound: Bound) -> str:
    match bound:
        case Ago():
            return "today"
        case Offset():
            return bound.field
        case _:
            return ""


def _place(end: Compare) -> float:
    """Return where an end lies: a number, or days from what it is counted from."""
    step = _STRICT.get(end.comparison, 0)
    match end.bound:
        case Ago(duration):
            return step - _days(duration)
        case Offset(duration, _, later):
            return step + (_days(duration) if later else -_days(duration))
        case date() as day:
            return step + day.toordinal()
        case number:
            return step + number


def _days(duration: Duration) -> float:
    return duration.months * _MONTH + duration.days
