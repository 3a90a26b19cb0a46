"""A second evaluator, in plain Python, one person after the other: the fast one must agree."""

import calendar
import fnmatch
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from alumni_sync.domain import PRECEDENCE, Verdict
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
    Matches,
    Not,
    Offset,
    OneOf,
    RunDay,
    fields_of_leaf,
)
from alumni_sync.eligibility.language.pack import RulePack

Record = Mapping[str, Any]


def verdict(record: Record, pack: RulePack, today: date) -> str:
    """Return the verdict on one record."""
    said: dict[Verdict, set[bool | None]] = {v: set() for v in PRECEDENCE}
    suspended = False
    for rule in pack.rules:
        if isinstance(rule.then, Verdict):
            truth = holds(rule.condition, record, pack.harmless, today)
            said[rule.then if truth is not None else Verdict.REVIEW].add(truth is not False)
            suspended |= rule.suspends and truth is True
    for candidate in PRECEDENCE[:-1]:
        if suspended and candidate in {Verdict.EXCLUDED, Verdict.REVIEW}:
            continue
        if True in said[candidate]:
            return candidate.value
    return Verdict.ELIGIBLE.value


def holds(
    clause: Clause, record: Record, harmless: frozenset[str], today: date, *, positive: bool = True
) -> bool | None:
    """Return whether a clause (or its opposite) holds; None for unknown."""
    if isinstance(clause, Not):
        return holds(clause.part, record, harmless, today, positive=not positive)
    if isinstance(clause, All | AnyOf):
        parts = [holds(p, record, harmless, today, positive=positive) for p in clause.parts]
        decisive = isinstance(clause, AnyOf) == positive
        return decisive if decisive in parts else None if None in parts else not decisive
    if isinstance(clause, IsKnown):
        return (record.get(clause.field) is not None) == positive
    if any(name not in record and name in harmless for name in fields_of_leaf(clause)):
        return False
    if any(record.get(name) is None for name in fields_of_leaf(clause)):
        return None
    return _leaf(clause, record, today) == positive


def _leaf(leaf: OneOf | Contains | Matches | Compare | RunDay, record: Record, today: date) -> bool:
    if isinstance(leaf, RunDay):
        return (leaf.start or date.min) <= today <= (leaf.end or date.max)
    value = record[leaf.field]
    match leaf:
        case OneOf(_, values):
            return _fold(value) in {_fold(wanted) for wanted in values}
        case Contains(_, part):
            return _fold(part) in (_fold(value) if isinstance(value, str) else map(_fold, value))
        case Matches(_, pattern):
            return fnmatch.fnmatchcase(_fold(value), _fold(pattern).replace("[", "[[]"))
        case Compare(_, comparison, bound):
            left = date.fromisoformat(value) if isinstance(value, str) else value
            right: Any = bound
            if isinstance(bound, Ago):
                right = _moved(today, bound.duration, -1)
            elif isinstance(bound, Offset):
                start = date.fromisoformat(record[bound.field])
                right = _moved(start, bound.duration, 1 if bound.later else -1)
            answers: dict[Comparison, bool] = {
                Comparison.AT_LEAST: left >= right,
                Comparison.AT_MOST: left <= right,
                Comparison.BEFORE: left < right,
                Comparison.AFTER: left > right,
            }
            return answers[comparison]


def _moved(day: date, duration: Duration, sign: int) -> date:
    month = day.year * 12 + day.month - 1 + sign * duration.months
    year, month = divmod(month, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) + timedelta(days=sign * duration.days)


def _fold(value: Any) -> Any:  # noqa: ANN401 a cell
    return value.strip().casefold() if isinstance(value, str) else value
