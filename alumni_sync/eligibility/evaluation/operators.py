"""What each operator says of every row: true, false or unknown; and when that may change.

Every operator looks at distinct values or whole arrays, never at one person after the other.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final, assert_never

import numpy as np

from alumni_sync.domain import FieldType
from alumni_sync.eligibility.evaluation.columns import NO_DAY, Columns, Days, Numbers, fold, shift
from alumni_sync.eligibility.evaluation.kleene import Mask, Truth
from alumni_sync.eligibility.language.clauses import (
    Ago,
    All,
    AnyOf,
    Clause,
    Compare,
    Comparison,
    Contains,
    Duration,
    IsKnown,
    Leaf,
    Matches,
    Not,
    Offset,
    OneOf,
    RunDay,
    fields_of_leaf,
)
from alumni_sync.eligibility.language.fields import FIELD_TYPES

MONTHS_DIFFER: Final = np.timedelta64(4, "D")
"""28 February is a month before 28, 29, 30 and 31 March: so far can two ways of counting differ."""

_COMPARE: dict[Comparison, Callable[[Any, Any], Mask]] = {
    Comparison.AT_LEAST: np.greater_equal,
    Comparison.AT_MOST: np.less_equal,
    Comparison.BEFORE: np.less,
    Comparison.AFTER: np.greater,
}


class Evaluation:
    """Evaluates clauses over one frame on one day; leaves are worked out once and shared.

    Attributes:
        today: civil day of the run at the source's site.
        next_change: per row, the first later day on which a clause seen so far may say something
            else without any fact changing; NaT for never.
    """

    def __init__(self, columns: Columns, harmless: frozenset[str], today: date) -> None:
        """Prepare to look at `columns`; fields in `harmless` say nothing where not mapped."""
        self.columns = columns
        self.today = np.datetime64(today, "D")
        self.next_change: Days = np.full(columns.rows, NO_DAY)
        self._harmless = harmless
        self._leaves: dict[Leaf, Truth] = {}

    def truth(self, clause: Clause, *, positive: bool = True) -> Truth:
        """Return what `clause` (or its opposite) says of every row.

        `not` is pushed down to the leaves, where a field that is harmless and not mapped makes
        leaf and opposite false alike: it can neither trigger a rule nor switch one off.
        """
        match clause:
            case Not(part):
                return self.truth(part, positive=not positive)
            case All(parts) | AnyOf(parts):
                both = isinstance(clause, All) == positive
                result = Truth.constant(self.columns.rows, value=both)
                for part in parts:
                    said = self.truth(part, positive=positive)
                    result = result & said if both else result | said
                return result
            case leaf:
                return self._literal(leaf, positive=positive)

    def _literal(self, leaf: Leaf, *, positive: bool) -> Truth:
        said = self.leaf(leaf) if positive else ~self.leaf(leaf)
        if isinstance(leaf, IsKnown):
            return said
        for field in fields_of_leaf(leaf):
            silent = self.columns.unmapped(field) if field in self._harmless else None
            if silent is not None:
                said = Truth(said.true & ~silent, said.false | silent)
        return said

    def leaf(self, leaf: Leaf) -> Truth:
        """Return what one leaf says of every row, as it stands (not negated)."""
        if leaf not in self._leaves:
            self._leaves[leaf] = self._evaluate(leaf)
        return self._leaves[leaf]

    def missing(self, field: str) -> Mask:
        """Return the rows in which `field` has no value, and that is not harmless."""
        missing = ~self.columns.known(field)
        silent = self.columns.unmapped(field) if field in self._harmless else None
        return missing if silent is None else missing & ~silent

    def _evaluate(self, leaf: Leaf) -> Truth:
        match leaf:
            case IsKnown(field):
                known = self.columns.known(field)
                return Truth(known, ~known)
            case OneOf(field, values):
                wanted = {fold(value) for value in values}
                return self._by_value(field, lambda value: value in wanted)
            case Contains(field, value):
                part = fold(value)
                return self._by_value(field, lambda cell: part in cell)
            case Matches(field, pattern):
                return self._by_value(field, wildcards(fold(pattern)))
            case Compare():
                return self._compare(leaf)
            case RunDay(start, end):
                return self._run_day(start, end)
            case _:
                assert_never(leaf)

    def _run_day(self, start: date | None, end: date | None) -> Truth:
        """Return the same for every row; it changes on the first day and after the last."""
        first = NO_DAY if start is None else np.datetime64(start, "D")
        after = NO_DAY if end is None or end == date.max else np.datetime64(end, "D") + 1
        for day in (first, after):
            if self.today < day:
                self.next_change = np.fmin(self.next_change, day)
        holds = not (self.today < first or after <= self.today)
        return Truth.constant(self.columns.rows, value=holds)

    def _by_value(self, field: str, holds: Callable[[Any], bool]) -> Truth:
        positions, values = self.columns.distinct(field)
        answers = np.array([*(bool(holds(value)) for value in values), False])
        return Truth.of(answers[positions], self.columns.known(field))

    def _compare(self, leaf: Compare) -> Truth:
        compare = _COMPARE[leaf.comparison]
        if FIELD_TYPES[leaf.field] is FieldType.INTEGER:
            numbers: Numbers = self.columns.numbers(leaf.field)
            return Truth.of(compare(numbers, float(leaf.bound)), self.columns.known(leaf.field))  # type: ignore[arg-type]  # a bound of a number is a number
        days = self.columns.days(leaf.field)
        bound = self._days_of_bound(leaf, days)
        known = self.columns.known(leaf.field)
        if isinstance(leaf.bound, Offset):
            known = known & ~np.isnat(bound)
        return Truth.of(compare(days, bound), known)

    def _days_of_bound(self, leaf: Compare, days: Days) -> Any:  # noqa: ANN401 one day, or one a row
        match leaf.bound:
            case Ago(duration):
                self._changes_after(days, duration)
                return self._ago(duration)
            case Offset(duration, field, later):
                return shift(self.columns.days(field), duration, later=later)
            case bound:
                return np.datetime64(bound, "D")

    def _ago(self, duration: Duration) -> np.datetime64:
        """Return the day that long before the day of the run."""
        day: np.datetime64 = shift(np.array([self.today]), duration, later=False)[0]
        return day

    def _changes_after(self, days: Days, duration: Duration) -> None:
        """Note that what was said may change a duration after `days`, or around it.

        Month lengths make `D - 1 month > x` and `D > x + 1 month` differ by some days, so that
        within them every following day is a candidate. Looking too often costs little; looking too
        late would leave somebody held, or asked, by yesterday's age.
        """
        rows = np.flatnonzero(days >= self._ago(duration) - 2 * MONTHS_DIFFER)
        due = shift(days[rows], duration, later=True)
        soon = np.where(self.today < due + MONTHS_DIFFER, self.today + 1, NO_DAY)
        candidates = np.where(self.today < due, due, soon)
        self.next_change[rows] = np.fmin(self.next_change[rows], candidates)


def wildcards(pattern: str) -> Callable[[str], bool]:
    """Return a test for a pattern of `*` and `?`.

    Each `*` takes as little as it can and gives nothing back (atomic groups), which is enough for
    wildcards and keeps the time linear in the text, whatever somebody writes into a pack.
    """
    first, *others = (_fixed(piece) for piece in re.sub(r"\*+", "*", pattern).split("*"))
    middle = "".join(f"(?>.*?{piece})" for piece in others[:-1])
    tail = f".*{others[-1]}" if others else ""
    compiled = re.compile(first + middle + tail, re.DOTALL)
    return lambda value: compiled.fullmatch(value) is not None


def _fixed(piece: str) -> str:
    return "".join("." if char == "?" else re.escape(char) for char in piece)
