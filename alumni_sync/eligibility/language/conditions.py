"""From YAML to clauses: `when:` as people write it, with every problem and where it stands.

A condition is a mapping with one key: a field (`exit_kind: {equals: death}`), or `all`, `any`, or
`not`. A field has one operator. Anything else is a problem, never a guess.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Final

from alumni_sync.domain import FieldType
from alumni_sync.eligibility.evaluation.readable import NUMBERS
from alumni_sync.eligibility.language.clauses import (
    Ago,
    All,
    AnyOf,
    Bound,
    Clause,
    Compare,
    Comparison,
    Contains,
    Duration,
    IsKnown,
    Matches,
    Not,
    Offset,
    OneOf,
    Unit,
)
from alumni_sync.eligibility.language.fields import KNOWN_CODES, NO, RULE_FIELDS, YES
from alumni_sync.eligibility.language.forbidden import NEVER, refusal, refused_tag
from alumni_sync.eligibility.language.texts import dead_text, instead_of_wildcards
from alumni_sync.errors import Problem
from alumni_sync.yaml_lines import Document, Location

NOTHING: Final = All(())
"""Stands for a condition that could not be read; its problem was noted."""

_WORDS: Final = frozenset({FieldType.TEXT, FieldType.CODE})
_ORDERED: Final = frozenset({FieldType.DATE, FieldType.INTEGER})
OPERATORS: Final[Mapping[str, frozenset[FieldType]]] = {
    "equals": _WORDS | _ORDERED,
    "one_of": _WORDS | _ORDERED,
    "contains": frozenset({FieldType.TEXT, FieldType.TAGS}),
    "matches": _WORDS,
    "between": _ORDERED,
    "at_least": _ORDERED,
    "at_most": _ORDERED,
    "before": frozenset({FieldType.DATE}),
    "after": frozenset({FieldType.DATE}),
    "is_known": frozenset(FieldType),
}
"""Operator → the types of field that it can look at. `all`, `any` and `not` join conditions."""

JOINING: Final = ("all", "any", "not")

LONGEST_YEARS: Final = 200
"""A longer distance is a typing error, and would lead out of the calendar."""

_AGO: Final = re.compile(r"(\d+) (day|week|month|year)s? ago")
_OFFSET: Final = re.compile(r"(\d+) (day|week|month|year)s? (before|after) ([a-z_]+)")


@dataclass(slots=True)
class Reader:
    """Reads conditions of one document and gathers what is wrong with them."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    def problem(self, location: Location, what: str, do: str = "") -> None:
        """Note a problem at a place in the document."""
        self.problems.append(Problem(self.document.where(location), what, do))

    def clause(self, value: object, location: Location) -> Clause:
        """Return the condition that `value` means."""
        if not isinstance(value, Mapping) or len(value) != 1:
            self.problem(
                location,
                "must be a mapping with one key: a field, or all, any, not",
                "join several conditions with `all:`",
            )
            return NOTHING
        ((key, inner),) = value.items()
        here = (*location, key)
        match key:
            case "all" | "any":
                parts = self._parts(inner, here)
                return All(parts) if key == "all" else AnyOf(parts)
            case "not":
                return Not(self.clause(inner, here))
            case _:
                return self._field(str(key), inner, here)

    def _parts(self, value: object, location: Location) -> tuple[Clause, ...]:
        if not isinstance(value, list) or not value:
            self.problem(location, "must be a list of conditions", "write each as `- field: {…}`")
            return ()
        return tuple(self.clause(item, (*location, n)) for n, item in enumerate(value))

    def _field(self, name: str, value: object, location: Location) -> Clause:
        kind = RULE_FIELDS.get(name)
        if kind is None:
            typo = ("is no field that a rule may look at", _suggest(name, RULE_FIELDS))
            self.problem(location, *(refusal(name) or typo))
            return NOTHING
        if not isinstance(value, Mapping) or len(value) != 1:
            self.problem(location, "must have one operator", f"like `{name}: {{equals: …}}`")
            return NOTHING
        ((operator, operand),) = value.items()
        here = (*location, operator)
        if operator not in OPERATORS:
            self.problem(here, "is no operator", _suggest(str(operator), OPERATORS))
            return NOTHING
        if kind not in OPERATORS[operator]:
            fitting = [known for known, kinds in OPERATORS.items() if kind in kinds]
            self.problem(here, f"does not fit a {kind} field", f"use one of: {', '.join(fitting)}")
            return NOTHING
        return self._operator(name, kind, str(operator), operand, here)

    def _operator(
        self,
        name: str,
        kind: FieldType,
        operator: str,
        operand: object,
        location: Location,
    ) -> Clause:
        match operator:
            case "is_known":
                return self._is_known(name, operand, location)
            case "contains" | "matches":
                return self._text(name, operator, operand, location)
            case "between" | "equals" if kind is FieldType.DATE or operator == "between":
                span = operand if operator == "between" else [operand, operand]
                return self._between(name, kind, span, location)
            case "equals" | "one_of":
                values = operand if operator == "one_of" else [operand]
                return self._one_of(name, kind, values, location)
            case _:
                bound = self.bound(kind, operand, location)
                return NOTHING if bound is None else Compare(name, Comparison(operator), bound)

    def _text(self, name: str, operator: str, operand: object, location: Location) -> Clause:
        if not isinstance(operand, str) or not operand.strip():
            self.problem(location, "must be text", "put it in quotes")
            return NOTHING
        instead = instead_of_wildcards(operator, tags=name == "tags")
        if dead := dead_text(operand, instead=instead):
            self.problem(location, *dead)
        if name == "tags" and refused_tag(operand):
            self.problem(location, f"the tag {operand} {NEVER}", "take it out")
        return Contains(name, operand) if operator == "contains" else Matches(name, operand)

    def _is_known(self, name: str, operand: object, location: Location) -> Clause:
        if not isinstance(operand, bool):
            self.problem(location, "must be true or false")
            return NOTHING
        return IsKnown(name) if operand else Not(IsKnown(name))

    def _between(self, name: str, kind: FieldType, operand: object, location: Location) -> Clause:
        if not isinstance(operand, list) or len(operand) != 2:  # noqa: PLR2004 low and high
            self.problem(location, "must be a list of two", "like `[1, 5]`, both included")
            return NOTHING
        low, high = (self.bound(kind, item, location) for item in operand)
        if low is None or high is None:
            return NOTHING
        if isinstance(low, int | date) and type(low) is type(high) and low > high:  # type: ignore[operator]  # the same type
            self.problem(location, "is empty: the first is more than the second", "swap them")
        return All(
            (Compare(name, Comparison.AT_LEAST, low), Compare(name, Comparison.AT_MOST, high))
        )

    def _one_of(self, name: str, kind: FieldType, operand: object, location: Location) -> Clause:
        if not isinstance(operand, list) or not operand:
            self.problem(location, "must be a list of values", "like `[a, b]`")
            return NOTHING
        if kind is FieldType.DATE:
            days = (self._between(name, kind, [day, day], location) for day in operand)
            return AnyOf(tuple(days))
        values = [self._value(name, kind, value, location) for value in operand]
        return OneOf(name, tuple(value for value in values if value is not None))

    def _value(
        self, name: str, kind: FieldType, value: object, location: Location
    ) -> str | int | None:
        """Return a value to compare with; None where it is none of this field."""
        known = KNOWN_CODES.get(name)
        if isinstance(value, bool) and known is not None and YES in known:
            return YES if value else NO  # YAML reads a bare `yes` as true
        if kind is FieldType.INTEGER:
            return self._number(value, location)
        if not isinstance(value, str):
            self.problem(location, "must be text", "put it in quotes")
            return None
        if known is not None and value not in known:
            self.problem(location, f"{value} is no {name}", _suggest(value, known))
            return None
        if dead := dead_text(value, instead=instead_of_wildcards("equals", tags=False)):
            self.problem(location, *dead)
        return value

    def _number(self, value: object, location: Location) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < NUMBERS:
            return value
        self.problem(location, "must be a whole number")
        return None

    def bound(self, kind: FieldType, value: object, location: Location) -> Bound | None:
        """Return what a comparison compares with; None where it is none."""
        if kind is FieldType.INTEGER:
            return self._number(value, location)
        if type(value) is date:  # a moment is none
            return value
        found = read_day(value) if isinstance(value, str) else None
        if found is None:
            self.problem(
                location,
                "must be a date or a distance",
                "like 2026-01-31, `18 years ago`, `today`, `6 months after exit_date`; "
                f"at most {LONGEST_YEARS} years",
            )
        return found


def read_day(text: str) -> Ago | Offset | None:
    """Return the day that `18 years ago`, `today` or `6 months after exit_date` means."""
    if text == "today":
        return Ago(Duration(0, Unit.DAYS))
    if found := _AGO.fullmatch(text):
        duration = _duration(found)
        return Ago(duration) if duration else None
    found = _OFFSET.fullmatch(text)
    if found and RULE_FIELDS.get(found[4]) is FieldType.DATE:
        duration = _duration(found)
        return Offset(duration, found[4], found[3] == "after") if duration else None
    return None


def _duration(found: re.Match[str]) -> Duration | None:
    """Return the duration that `6 months` means; None where it is longer than makes sense."""
    duration = Duration(int(found[1]), Unit(f"{found[2]}s"))
    years = duration.months / 12 + duration.days / 365
    return duration if years <= LONGEST_YEARS else None


def _suggest(text: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(text, names, n=1)
    return f"did you mean `{close[0]}`?" if close else f"known: {', '.join(names)}"
