"""Days between the effective dates of rules that look at the same fields."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.language.clauses import fields_of
from alumni_sync.eligibility.language.pack import HoldOutreach, Outcome, Rule, RulePack, Window
from alumni_sync.eligibility.lint.finding import is_written

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hole:
    """Days on which neither of two rules about the same people is in force."""

    one: Rule
    other: Rule
    days: Window


def holes(pack: RulePack) -> list[Hole]:
    """Return the days between rules that look at the same fields, one after the other."""
    dated = [rule for rule in pack.rules if rule.valid is not None and is_written(rule)]
    found = []
    for one, other in combinations(dated, 2):
        days = _between(one.valid, other.valid) if _related(one, other) else None
        if days is None:
            continue
        meanwhile = (
            rule
            for rule in dated
            if _related(rule, one) and _related(rule, other) and _overlap(rule.valid, days)
        )
        if next(meanwhile, None) is None:
            found.append(Hole(one, other, days))
    return found


def _related(one: Rule, other: Rule) -> bool:
    """Say whether two rules look at the same fields, and what they demand is of one kind."""
    return fields_of(one.when) == fields_of(other.when) and alike(one.then, other.then)


def alike(one: Outcome, other: Outcome) -> bool:
    """Say whether two outcomes are of one kind: what the one closes, the other can keep closed."""
    if isinstance(one, HoldOutreach) and isinstance(other, HoldOutreach):
        return one.purpose == other.purpose
    return one == other or (isinstance(one, Verdict) and isinstance(other, Verdict))


def _between(one: Window | None, other: Window | None) -> Window | None:
    """Return the days between two windows of one kind; None where there are none."""
    if one is None or other is None or one.by is not other.by:
        return None
    for early, late in ((one, other), (other, one)):
        if early.end is not None and late.start is not None:
            first, last = early.end + _ONE_DAY, late.start - _ONE_DAY
            if first <= last:
                return Window(first, last, one.by)
    return None


def _overlap(one: Window | None, days: Window) -> bool:
    if one is None or one.by is not days.by:
        return False
    begins, ends = one.start or date.min, one.end or date.max
    return (days.start or date.min) <= ends and begins <= (days.end or date.max)
