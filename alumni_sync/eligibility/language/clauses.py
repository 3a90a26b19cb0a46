"""The closed set of operators: what a condition can say, as frozen values and nothing else.

No expression language, no code, no regular expressions: a rule can be read, compared and analysed,
and it cannot run away. Text is compared without regard to case and surrounding blanks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Unit(StrEnum):
    """Units of a duration. Months and years end on the last day of a shorter month."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Duration:
    """So many days, weeks, months or years; never negative."""

    count: int
    unit: Unit

    @property
    def months(self) -> int:
        """Return the calendar months of it."""
        return self.count * {Unit.MONTHS: 1, Unit.YEARS: 12}.get(self.unit, 0)

    @property
    def days(self) -> int:
        """Return the days of it."""
        return self.count * {Unit.DAYS: 1, Unit.WEEKS: 7}.get(self.unit, 0)


@dataclass(frozen=True, slots=True)
class Ago:
    """A day in the past, seen from the day of the run: `18 years ago`, or `today`."""

    duration: Duration


@dataclass(frozen=True, slots=True)
class Offset:
    """A day seen from another date of the same leaver: `6 months after exit_date`."""

    duration: Duration
    field: str
    later: bool


Bound = int | date | Ago | Offset
"""What a comparison compares with."""


class Comparison(StrEnum):
    """`before` and `after` are strict and for dates only; the other two include the bound."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of a list; `equals` is a list of one."""

    field: str
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """A tag is there, or a text contains a piece of text."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Matches:
    """The whole text fits a pattern in which `*` is any text and `?` one character."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A number or date compared with a bound; `between` is two of them."""

    field: str
    comparison: Comparison
    bound: Bound


@dataclass(frozen=True, slots=True)
class IsKnown:
    """There is a value. Never unknown itself."""

    field: str


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Clause"


@dataclass(frozen=True, slots=True)
class RunDay:
    """The day of the run lies between two days, both included; None is an open end.

    It looks at no field, so it is never unknown. One end at least is there.
    """

    start: date | None
    end: date | None


Leaf = OneOf | Contains | Matches | Compare | IsKnown | RunDay
Clause = Leaf | All | AnyOf | Not


def literals(clause: Clause, *, positive: bool = True) -> Iterator[tuple[Leaf, bool]]:
    """Yield every leaf with its polarity: False where an odd number of `not` stands above it."""
    match clause:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from literals(part, positive=positive)
        case Not(part):
            yield from literals(part, positive=not positive)
        case leaf:
            yield leaf, positive


def fields_of_leaf(leaf: Leaf) -> tuple[str, ...]:
    """Return the fields that a leaf looks at."""
    if isinstance(leaf, RunDay):
        return ()
    if isinstance(leaf, Compare) and isinstance(leaf.bound, Offset):
        return (leaf.field, leaf.bound.field)
    return (leaf.field,)


def fields_of(clause: Clause) -> frozenset[str]:
    """Return the fields that a clause looks at."""
    return frozenset(name for leaf, _ in literals(clause) for name in fields_of_leaf(leaf))
