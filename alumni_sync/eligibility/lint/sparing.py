"""Rules that several others make superfluous together: wherever one speaks, one of them does too.

That one rule lies within one other is for `pairs` to say. Here they are taken together: a rule for
everybody over 50 and one for everybody up to 50 leave nothing to a third.
"""

from collections.abc import Collection, Iterator
from typing import Final

from alumni_sync.domain import CASE_VERDICTS, Verdict
from alumni_sync.eligibility.evaluation.grounds import RANK
from alumni_sync.eligibility.language.pack import HoldOutreach, Outcome, Rule, SetFlag
from alumni_sync.eligibility.lint.adding import ends_no_later
from alumni_sync.eligibility.lint.diagrams import ENDS
from alumni_sync.eligibility.lint.finding import Finding, Kind, finding
from alumni_sync.eligibility.lint.pairs import places_alone
from alumni_sync.eligibility.lint.space import Space
from alumni_sync.eligibility.lint.terrain import (
    IS_FALSE,
    IS_TRUE,
    IS_UNKNOWN,
    NOT_FALSE,
    NOT_TRUE,
    NOT_UNKNOWN,
    Ends,
)

_ALL: Final[Ends] = frozenset(ENDS)
_REVIEW: Final = RANK[Verdict.REVIEW]
_Quiet = tuple[Rule, Ends]
"""A rule, and the ends at which it leaves something to say to the one that is asked about."""


def spared(space: Space, rule: Rule, broken: Collection[str]) -> Finding | None:
    """Return that several rules together say all that a rule says, with a smallest set of them.

    Args:
        space: of the pack.
        rule: one that is true of somebody.
        broken: ids of rules that do not count, because they have to be mended or taken out.
    """
    if places_alone(space.pack, rule):
        return None
    others = [
        one
        for one in space.pack.rules
        if one.id in space.rules and one.id not in broken and one.id != rule.id
    ]
    asked = [(end, _near(space, rule, end, others)) for end in (IS_TRUE, IS_UNKNOWN)]
    if any(_adds(space, rule, end, near) for end, near in asked):
        return None
    covers = _smallest(space, rule, asked)
    names = " and ".join(one.id for one in covers)
    sentence = (
        f"{rule.id} adds nothing to {names}: of whomever it speaks, one of them speaks as well. "
        f"Take {rule.id} out, or mend it."
    )
    node = (space.rules[rule.id], IS_TRUE)
    both = (space.path(node, (space.rules[one.id], NOT_FALSE)) for one in covers)
    path = next(filter(None, both), None) or space.path(node) or {}
    return finding(Kind.SUBSUMED, (rule, *covers), sentence, space.example(path))


def _near(space: Space, rule: Rule, end: Ends, others: Collection[Rule]) -> list[_Quiet]:
    """Return the rules that speak of some of the people, with where they leave something to say."""
    found = ((one, _leaves(rule.then, end, one)) for one in others)
    node = space.rules[rule.id]
    return [
        (one, quiet)
        for one, quiet in found
        if quiet != _ALL
        and space.path((node, end), (space.rules[one.id], _ALL - quiet)) is not None
    ]


def _adds(space: Space, rule: Rule, end: Ends, others: Collection[_Quiet]) -> bool:
    """Say whether somebody gets something from a rule that they get from no other one."""
    if end is IS_UNKNOWN and isinstance(rule.then, SetFlag):
        return False
    wanted = ((space.rules[one.id], quiet) for one, quiet in others)
    return space.path((space.rules[rule.id], end), *wanted) is not None


def _leaves(then: Outcome, end: Ends, other: Rule) -> Ends:
    """Return the ends of another rule at which a rule that is true, or unknown, adds to it."""
    match then, other.then:
        case Verdict(), Verdict():
            return _verdict_leaves(then if end is IS_TRUE else Verdict.REVIEW, other, other.then)
        case SetFlag(), SetFlag() if then == other.then:
            return NOT_TRUE
        case HoldOutreach(purpose, until), HoldOutreach(another, longer) if purpose == another:
            if longer is None:
                return IS_FALSE
            as_long = until is not None and ends_no_later(until, longer)
            return IS_FALSE if as_long and end is IS_TRUE else NOT_UNKNOWN
        case _:
            return _ALL


def _verdict_leaves(verdict: Verdict, other: Rule, says: Verdict) -> Ends:
    ends = _ALL
    if RANK[says] <= RANK[verdict] or (other.suspends and verdict in CASE_VERDICTS):
        ends &= NOT_TRUE
    return ends & NOT_UNKNOWN if RANK[verdict] >= _REVIEW else ends


def _smallest(space: Space, rule: Rule, asked: list[tuple[Ends, list[_Quiet]]]) -> list[Rule]:
    """Return rules that together leave nothing to add, and none of which can be spared."""
    kept = list(dict.fromkeys(_rules(asked)))
    for one in tuple(kept):
        fewer = [other for other in kept if other.id != one.id]
        left = ((end, [q for q in near if q[0] in fewer]) for end, near in asked)
        if not any(_adds(space, rule, end, near) for end, near in left):
            kept = fewer
    return kept


def _rules(asked: list[tuple[Ends, list[_Quiet]]]) -> Iterator[Rule]:
    for _, near in asked:
        yield from (one for one, _ in near)
