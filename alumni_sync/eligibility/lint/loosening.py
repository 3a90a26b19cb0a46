"""Whether other rules could move any leaver whatsoever towards eligible, nobody's facts looked at.

Of whom the ledger knows, a trial tells (`revisions.simulation`). Whoever leaves next week is in no
ledger yet: so the rules before and after are put side by side, over every leaver that one of them
can tell from another, from today on. What cannot be decided counts as if somebody could move.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.evaluation.grounds import RANK
from alumni_sync.eligibility.language.clauses import (
    All,
    AnyOf,
    Clause,
    Not,
    RunDay,
    literals,
)
from alumni_sync.eligibility.language.pack import Rule, RulePack
from alumni_sync.eligibility.language.scope import OUTSIDE_AUDIENCE, OUTSIDE_PILOT
from alumni_sync.eligibility.lint.axes import Reading
from alumni_sync.eligibility.lint.diagrams import ENDS, Path, TooLarge
from alumni_sync.eligibility.lint.terrain import (
    IS_TRUE,
    IS_UNKNOWN,
    NOT_TRUE,
    Ends,
    Terrain,
)

_BEFORE: Final = 0
_AFTER: Final = 1
_NOTHING: Ends = frozenset()
_ALL: Ends = frozenset(ENDS)
_REVIEW: Final = RANK[Verdict.REVIEW]
_EXCLUDED: Final = RANK[Verdict.EXCLUDED]
_SCOPE: Final = frozenset({OUTSIDE_AUDIENCE, OUTSIDE_PILOT})


@dataclass(frozen=True, slots=True)
class Moved:
    """A leaver, invented, who would be further towards eligible.

    Attributes:
        facts: as `evaluate` takes them.
        today: the day of the run on which that is so.
        before: what the rules say of them that judge now.
        after: what the other ones would say.
        rules: those that kept them from it.
        looked_at: the facts that these rules look at.
    """

    facts: dict[str, Any]
    today: date
    before: Verdict
    after: Verdict
    rules: tuple[str, ...]
    looked_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loosening:
    """Somebody could move towards eligible; `shown` is None where no one can be shown."""

    shown: Moved | None


@dataclass(frozen=True, slots=True)
class _Side:
    """A rule with a verdict, its place in the precedence, and its diagram."""

    rule: Rule
    rank: int
    node: int


@lru_cache(maxsize=64)
def loosening(before: RulePack, after: RulePack, today: date) -> Loosening | None:
    """Return whether a leaver can be thought of whom other rules would move towards eligible.

    Whoever the audience or the pilot leaves out under the new rules is not contacted, and counts as
    moved nowhere. Which fields a source has is not asked: a mapping may fill them tomorrow.

    Args:
        before: the rules that judge one source.
        after: those that would judge it.
        today: the day from which on they would.
    """
    old, new = _from(before, today), _from(after, today)
    kept = {(rule.condition, rule.then) for rule in new}
    gone = [rule for rule in old if (rule.condition, rule.then) not in kept]
    if after.harmless <= before.harmless and not gone:
        return None  # the same and more, of which no less is asked: stricter or nothing
    comparison = _Comparison(old, new, before, after)
    try:
        path = comparison.path()
    except TooLarge:
        return Loosening(None)
    if path is None:
        return Loosening(None) if comparison.undecided else None
    facts, day = comparison.terrain.facts(path, before.fields | after.fields)
    return Loosening(_moved(before, after, facts, [max(day, today), day]))


class _Comparison:
    """The rules before and after, over every leaver that one of them can tell from another.

    Attributes:
        undecided: a rule is gone, or another one now, that is too large to be looked at, or about
            which "nobody" cannot be said for certain.
    """

    def __init__(
        self, old: Sequence[Rule], new: Sequence[Rule], before: RulePack, after: RulePack
    ) -> None:
        """Work out both sides."""
        readings = Reading(before.harmless), Reading(after.harmless)
        adverse = {one for rule in (*old, *new) for one in literals(rule.condition)}
        leaves = dict.fromkeys(leaf for r in (*old, *new) for leaf, _ in literals(r.condition))
        self.terrain = Terrain(list(leaves), readings, adverse)
        self._old = dict(self._sides(old, _BEFORE))
        self._new = dict(self._sides(new, _AFTER))
        same = {r.condition for r in new} if after.harmless <= before.harmless else set()
        self.undecided = any(
            (r.id not in self._old or self.terrain.tried(r.fields)) and r.condition not in same
            for r in old
        )

    def _sides(self, rules: Iterable[Rule], reading: int) -> Iterator[tuple[str, _Side]]:
        """Yield the rules that can be worked out; without one of the new ones more may move."""
        for rule in rules:
            try:
                node = self.terrain.clause(rule.condition, reading=reading)
            except TooLarge:
                continue
            if isinstance(rule.then, Verdict):
                yield rule.id, _Side(rule, RANK[rule.then], node)

    def path(self) -> Path | None:
        """Return a path to somebody who would be further towards eligible; None for nobody.

        Raises:
            TooLarge: it takes too long.
        """
        alike = {(side.node, side.rank) for side in self._new.values()}
        for rank in range(RANK[Verdict.ELIGIBLE]):
            quiet = [(side.node, _quiet(side, rank)) for side in self._new.values()]
            for side in self._old.values():
                loud = _loud(side, rank)
                if not loud or (side.node, side.rank) in alike:
                    continue
                path = self.terrain.path((side.node, loud), *quiet)
                if path is not None:
                    return path
        return None


def _loud(side: _Side, rank: int) -> Ends:
    """Return the ends of a rule at which somebody gets a verdict of this rank, or a worse one.

    Whoever is no leaver at present is left to `_quiet`, for that is the same on both sides.
    """
    true = IS_TRUE if side.rank <= rank else _NOTHING
    return true | IS_UNKNOWN if rank >= _REVIEW else true


def _quiet(side: _Side, rank: int) -> Ends:
    """Return the ends of a rule at which it leaves a better verdict than this rank open."""
    ends = _ALL - _loud(side, rank)
    suspends = side.rule.suspends and _EXCLUDED <= rank <= _REVIEW
    return ends & NOT_TRUE if suspends or side.rule.id in _SCOPE else ends


def _moved(
    before: RulePack, after: RulePack, facts: dict[str, Any], days: Sequence[date]
) -> Moved | None:
    """Return what the evaluator says of somebody on the first day on which it shows the move."""
    for day in days:
        was, will = (_said(pack, facts, day) for pack in (before, after))
        if RANK[will[0]] > RANK[was[0]]:
            rules = tuple(one for one in was[1] if one not in will[1]) or was[1]
            about = (rule.fields for rule in before.rules if rule.id in rules)
            looked_at = tuple(sorted(frozenset[str]().union(*about)))
            return Moved(facts, day, was[0], will[0], rules, looked_at)
    return None


def _said(pack: RulePack, facts: dict[str, Any], day: date) -> tuple[Verdict, tuple[str, ...]]:
    said = evaluate(build_frame([facts], sorted(pack.fields)), pack, day).iloc[0]
    return Verdict(said["verdict"]), tuple(said["rules"])


def _from(pack: RulePack, today: date) -> list[Rule]:
    """Return the rules that keep people out, as they are from a day on."""
    return [
        Rule(rule.id, _clause_from(rule.condition, today), rule.then, suspends=rule.suspends)
        for rule in pack.rules
        if isinstance(rule.then, Verdict)
    ]


def _clause_from(clause: Clause, today: date) -> Clause:
    """Return a condition in which days of the run that are past are as good as never there."""
    match clause:
        case All(parts):
            return All(tuple(_clause_from(part, today) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_clause_from(part, today) for part in parts))
        case Not(part):
            return Not(_clause_from(part, today))
        case RunDay(_, end) if end is not None and end < today:
            return AnyOf(())
        case RunDay(start, end) if start is not None and start <= today:
            return All(()) if end is None else RunDay(None, end)
        case _:
            return clause
