"""Two rules side by side: the same, one within the other, or meeting where they should not.

What a rule contributes to a leaver's verdict is its own verdict where it is true, and review where
it cannot be decided. One rule lies within another where it nowhere contributes anything more
adverse; then it can be taken out, and nobody's verdict changes.
"""

from collections.abc import Iterator

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.evaluation.grounds import RANK
from alumni_sync.eligibility.language.clauses import All, fields_of
from alumni_sync.eligibility.language.pack import (
    HoldOutreach,
    Outcome,
    Rule,
    RulePack,
    SetFlag,
    kinds_placed,
)
from alumni_sync.eligibility.lint.adding import NOT_THE_SAME, TRUE_ALONE, Differing, adding
from alumni_sync.eligibility.lint.diagrams import Path
from alumni_sync.eligibility.lint.ends import held_twice
from alumni_sync.eligibility.lint.finding import Finding, Kind, finding, is_written
from alumni_sync.eligibility.lint.space import Example, Space
from alumni_sync.eligibility.lint.terrain import (
    IS_FALSE,
    IS_TRUE,
    IS_UNKNOWN,
    NOT_FALSE,
    NOT_TRUE,
    Ends,
)
from alumni_sync.eligibility.wording.sentences import outcome_words, rule_sentence


def alone(space: Space, rule: Rule) -> Finding | None:
    """Return what is wrong with a rule by itself: nobody can fit it, or everybody does."""
    node = space.rules[rule.id]
    if space.path((node, IS_TRUE)) is None:
        sentence = (
            f"{rule.id} can never be true: its conditions exclude each other. Mend or drop it."
        )
        return finding(Kind.CONTRADICTING, (rule,), sentence, space.example(_nearly(space, rule)))
    if isinstance(rule.then, Verdict) and space.path((node, IS_FALSE)) is None:
        path = space.path((node, IS_TRUE)) or {}
        sentence = f"{rule.id} keeps everybody out: there is no leaver of whom it is false."
        return finding(Kind.CONTRADICTING, (rule,), sentence, space.example(path))
    return None


def _nearly(space: Space, rule: Rule) -> Path:
    """Return a leaver whom an impossible rule leaves undecided, or who fits most parts of it."""
    undecided = space.path((space.rules[rule.id], IS_UNKNOWN))
    if undecided is not None:
        return undecided
    parts = rule.condition.parts if isinstance(rule.condition, All) else ()
    kept: list[tuple[int, Ends]] = []
    best: Path = {}
    for part in parts:
        path = space.path(*kept, (space.everywhere(part), IS_TRUE))
        if path is not None:
            best = path
            kept.append((space.everywhere(part), IS_TRUE))
    return best


def compared(space: Space, one: Rule, other: Rule) -> Finding | None:
    """Return what is wrong between two rules of a pack, the first of which is no built-in one."""
    if not _of_one_kind(one.then, other.then):
        return None
    if one.then == other.then:
        return _alike(space, one, other) or held_twice(space, one, other)
    return _unlike(space, one, other)


def _of_one_kind(one: Outcome, other: Outcome) -> bool:
    """Say whether two outcomes are about the same thing, so that rules can be compared."""
    match one, other:
        case Verdict(), Verdict():
            return True
        case SetFlag(flag), SetFlag(another):
            return flag == another
        case HoldOutreach(purpose), HoldOutreach(another):
            return purpose == another
        case _:
            return False


def _alike(space: Space, one: Rule, other: Rule) -> Finding | None:
    """Compare two rules with one outcome."""
    flags = isinstance(one.then, SetFlag)
    if not _differ(space, one, other, TRUE_ALONE if flags else NOT_THE_SAME) and (
        not flags or not _differ(space, other, one, TRUE_ALONE)
    ):
        spare, kept = (other, one) if places_alone(space.pack, one) else (one, other)
        if not is_written(spare):
            spare, kept = kept, spare
        sentence = (
            f"{spare.id} and {kept.id} say the same: {rule_sentence(kept)} Take {spare.id} out."
        )
        return finding(Kind.IDENTICAL, (spare, kept), sentence, _shown(space, one, other))
    for inner, outer in _ways(one, other):
        if _within(space, inner, outer):
            return _subsumed(space, inner, outer)
    return None


def _unlike(space: Space, one: Rule, other: Rule) -> Finding | None:
    """Compare two rules that demand different verdicts, or different ends of one hold."""
    path = space.path((space.rules[one.id], IS_TRUE), (space.rules[other.id], IS_TRUE))
    if path is None or not is_written(other):
        return None  # built-in rules are more adverse on purpose: see `covers`
    apart = [_differ(space, *way, TRUE_ALONE) for way in _ways(one, other)]
    outcome, another = outcome_words(one.then), outcome_words(other.then)
    if not any(apart):
        sentence = (
            f"{one.id} and {other.id} have one condition and demand different things: "
            f"{outcome}, and {another}. Keep one of them."
        )
        return finding(Kind.CONTRADICTING, (one, other), sentence, space.example(path))
    for inner, outer in _ways(one, other):
        if _within(space, inner, outer):
            return _subsumed(space, inner, outer)
    if fields_of(one.when) == fields_of(other.when) and _cross(space, one, other):
        sentence = (
            f"{one.id} and {other.id} look at the same facts and meet: some leavers are "
            f"{outcome} by the one and {another} by the other. Draw the line between them."
        )
        return finding(Kind.OVERLAPPING, (one, other), sentence, space.example(path))
    return None


def _cross(space: Space, one: Rule, other: Rule) -> bool:
    """Say whether neither of two conditions lies within the other, where both rules apply.

    As they are written: that one of them is in force for a year makes it no less an exception.
    """
    shared = [p for p in space.places if one.applies_to(*p) and other.applies_to(*p)]
    here = (space.only_at(*shared), IS_TRUE)
    written = [space.everywhere(rule.when) for rule in (one, other)]
    return all(
        space.path(here, (inner, IS_TRUE), (outer, NOT_TRUE)) is not None
        for inner, outer in (written, reversed(written))
    )


def _subsumed(space: Space, inner: Rule, outer: Rule) -> Finding:
    sentence = (
        f"{inner.id} adds nothing to {outer.id}, which speaks of all of its people: "
        f"{rule_sentence(outer)} Take {inner.id} out, or mend it."
    )
    return finding(Kind.SUBSUMED, (inner, outer), sentence, _shown(space, inner, outer))


def _shown(space: Space, one: Rule, other: Rule) -> Example:
    """Return somebody of whom both speak: both true where that can be."""
    nodes = space.rules[one.id], space.rules[other.id]
    for ends in (IS_TRUE, NOT_FALSE):
        path = space.path((nodes[0], IS_TRUE), (nodes[1], ends))
        if path is not None:
            return space.example(path)
    return space.example({})


def _ways(one: Rule, other: Rule) -> Iterator[tuple[Rule, Rule]]:
    """Yield which rule may be found to lie within which; nobody can take a built-in one out."""
    yield one, other
    if is_written(other):
        yield other, one


def _within(space: Space, inner: Rule, outer: Rule) -> bool:
    """Say whether a rule adds nothing to another one."""
    differing = adding(inner.then, outer.then)
    if differing is None or places_alone(space.pack, inner):
        return False
    return not _differ(space, inner, outer, differing)


def places_alone(pack: RulePack, rule: Rule) -> bool:
    """Say whether an exit kind would go to review without a rule that is milder than that."""
    if not isinstance(rule.then, Verdict) or RANK[rule.then] <= RANK[Verdict.REVIEW]:
        return False
    others = (one for one in pack.rules if one.id != rule.id)
    return not kinds_placed((rule,)) <= kinds_placed(others) | pack.good_standing


def _differ(space: Space, one: Rule, other: Rule, where: Differing) -> bool:
    """Say whether there is a leaver of whom two rules say such a pair of things."""
    first, second = space.rules[one.id], space.rules[other.id]
    return any(space.path((first, a), (second, b)) is not None for a, b in where)
