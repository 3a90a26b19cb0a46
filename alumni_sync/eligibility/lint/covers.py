"""Rules that never decide, because more adverse ones always speak where they do.

Built-in rules count: what they say is more adverse on purpose, and whoever is no leaver at present
(`suspends`) gets neither excluded nor reviewed by any other rule.
"""

from collections.abc import Collection
from typing import Final

from alumni_sync.domain import CASE_VERDICTS, Verdict
from alumni_sync.eligibility.evaluation.grounds import RANK
from alumni_sync.eligibility.language.pack import Rule
from alumni_sync.eligibility.lint.diagrams import ENDS
from alumni_sync.eligibility.lint.finding import Finding, Kind, finding
from alumni_sync.eligibility.lint.pairs import places_alone
from alumni_sync.eligibility.lint.space import Space
from alumni_sync.eligibility.lint.terrain import (
    IS_FALSE,
    IS_TRUE,
    IS_UNKNOWN,
    NOT_TRUE,
    NOT_UNKNOWN,
    Ends,
)

_SPARE: Final = "Without it everybody would get what they get with it."
_UNDECIDED: Final = "It only sends to review people about whom it cannot be decided."
_PLACES: Final = "It only keeps its exit kind from going to review as one that nobody has placed."
_REVIEW: Final = RANK[Verdict.REVIEW]
_ALL: Ends = frozenset(ENDS)


def covered(space: Space, rule: Rule, broken: Collection[str] = ()) -> Finding | None:
    """Return that a rule never decides, with a smallest set of rules that see to it.

    Args:
        space: of the pack.
        rule: one that is true of somebody.
        broken: ids of rules that do not count, because they have to be mended anyway.
    """
    if not isinstance(rule.then, Verdict):
        return None
    others = [
        (other, _beaten(rule.then, other))
        for other in _others(space, rule)
        if other.id not in broken
    ]
    near = [
        (other, quiet)
        for other, quiet in others
        if space.path((space.rules[rule.id], IS_TRUE), (space.rules[other.id], _ALL - quiet))
        is not None
    ]
    if _decides(space, rule, near):
        return None
    covers = _smallest(space, rule, near)
    quiet = {other.id: ends for other, ends in near}
    wanted = [(space.rules[other.id], _ALL - quiet[other.id]) for other in covers]
    path = space.path((space.rules[rule.id], IS_TRUE), *wanted) or space.path(
        (space.rules[rule.id], IS_TRUE)
    )
    names = " or ".join(other.id for other in covers)
    sentence = (
        f"{rule.id} never decides: wherever it is true, {names} says something more adverse. "
        f"{_besides(space, rule)} Mend one of them."
    )
    return finding(Kind.UNREACHABLE, (rule, *covers), sentence, space.example(path or {}))


def _besides(space: Space, rule: Rule) -> str:
    """Return what a rule that never decides is good for all the same."""
    if _is_needed_to_review(space, rule):
        return _UNDECIDED
    return _PLACES if places_alone(space.pack, rule) else _SPARE


def _others(space: Space, rule: Rule) -> list[Rule]:
    return [
        other
        for other in space.pack.rules
        if isinstance(other.then, Verdict) and other.id in space.rules and other.id != rule.id
    ]


def _beaten(verdict: Verdict, other: Rule) -> Ends:
    """Return the ends of another rule at which it does not keep `verdict` from deciding."""
    quiet = _ALL
    if isinstance(other.then, Verdict) and RANK[other.then] < RANK[verdict]:
        quiet &= NOT_TRUE
    if other.suspends and verdict in CASE_VERDICTS:
        quiet &= NOT_TRUE
    if RANK[verdict] > _REVIEW:
        quiet &= NOT_UNKNOWN
    return quiet


def _decides(space: Space, rule: Rule, others: list[tuple[Rule, Ends]]) -> bool:
    """Say whether there is a leaver of whom the rule is true and nothing more adverse is said."""
    wanted = [(space.rules[other.id], quiet) for other, quiet in others if quiet != _ALL]
    return space.path((space.rules[rule.id], IS_TRUE), *wanted) is not None


def _is_needed_to_review(space: Space, rule: Rule) -> bool:
    """Say whether somebody is reviewed only because this rule cannot be decided about them."""
    wanted: list[tuple[int, Ends]] = []
    for other in _others(space, rule):
        adverse = isinstance(other.then, Verdict) and RANK[other.then] <= _REVIEW
        quiet = IS_FALSE if adverse or other.suspends else NOT_UNKNOWN
        wanted.append((space.rules[other.id], quiet))
    return space.path((space.rules[rule.id], IS_UNKNOWN), *wanted) is not None


def _smallest(space: Space, rule: Rule, others: list[tuple[Rule, Ends]]) -> list[Rule]:
    """Return rules that together leave nothing to decide, and none of which can be spared."""
    kept = others
    for other in others:
        if not _decides(space, rule, [other]):
            return [other[0]]
    for other in others:
        fewer = [one for one in kept if one is not other]
        if not _decides(space, rule, fewer):
            kept = fewer
    return [other for other, _ in kept]
