"""Against brute force: what a small grid of all leavers shows, lint finds, and nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from alumni_sync.domain import PRECEDENCE, Verdict
from alumni_sync.eligibility.language.builtin import BUILT_IN
from alumni_sync.eligibility.language.clauses import (
    All,
    AnyOf,
    Clause,
    Compare,
    Comparison,
    Contains,
    IsKnown,
    Not,
    OneOf,
)
from alumni_sync.eligibility.language.fields import ALWAYS_HARMLESS, STATE_FIELDS
from alumni_sync.eligibility.language.pack import Outcome, Rule, RulePack, SetFlag, unplaced_rule
from alumni_sync.eligibility.lint.finding import Kind
from alumni_sync.eligibility.lint.linting import lint
from tests.eligibility.lint.claims import TODAY, Judged, Leaver, judge

USUAL: Final = {
    **dict.fromkeys(STATE_FIELDS, "no"),
    "has_left": "yes",
    "record_status": "left",
    "do_not_consider": "no",
    "exit_kind": "resignation",
}
VALUES: Final[dict[str, Sequence[Any]]] = {
    "job_level": (0, 1, 2, 3, 4, None),
    "worker_type": ("intern", "employee", "other", None, ...),
    "tags": ([], ["x"], ["y"], ["x", "y"], None),
}
"""Every value that the rules below can tell from another; `...` is no such column."""

GRID: Final = [
    Leaver(
        USUAL | {k: v for k, v in zip(VALUES, row, strict=True) if v is not ...}, TODAY, ("", "")
    )
    for row in product(*VALUES.values())
]

_leaves = st.one_of(
    st.builds(
        Compare,
        st.just("job_level"),
        st.sampled_from((Comparison.AT_LEAST, Comparison.AT_MOST)),
        st.integers(1, 3),
    ),
    st.builds(OneOf, st.just("job_level"), st.sampled_from([(1,), (2,), (1, 3)])),
    st.builds(
        OneOf, st.just("worker_type"), st.sampled_from([("intern",), ("Employee", "intern")])
    ),
    st.builds(Contains, st.just("tags"), st.sampled_from(["x", "Y"])),
    st.builds(IsKnown, st.sampled_from(["job_level", "worker_type", "tags"])),
)
_conditions: st.SearchStrategy[Clause] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=4,
)
_outcomes: st.SearchStrategy[Outcome] = st.sampled_from(
    [Verdict.EXCLUDED, Verdict.REVIEW, Verdict.HELD, Verdict.OUT_OF_SCOPE, SetFlag("x")]
)


@st.composite
def grid_packs(draw: st.DrawFn) -> RulePack:
    """Return a pack whose rules look at nothing but the fields of the grid."""
    drawn = draw(st.lists(st.tuples(_conditions, _outcomes), min_size=1, max_size=4))
    own = [Rule(f"r{n}", when, then) for n, (when, then) in enumerate(drawn)]
    rules = (*BUILT_IN, *own, unplaced_rule(["resignation"], BUILT_IN))
    return RulePack("grid", rules, ALWAYS_HARMLESS | {"worker_type"})


@settings(max_examples=40, deadline=None)
@given(grid_packs())
def test_what_the_grid_shows_is_found(pack: RulePack) -> None:
    """A mistake that lint passes over is one that HR believes to be none."""
    judged = judge(pack, *GRID)
    own = [rule for rule in pack.rules if rule.id.startswith("r") and rule.id[1:].isdigit()]

    found = lint(pack).findings

    named = {rule for one in found for rule in one.rules}
    broken = {
        one.rules[0] for one in found if one.kind is Kind.CONTRADICTING and len(one.rules) == 1
    }
    assert all(rule.id in broken for rule in own if _is_impossible(rule, judged))
    # What nobody can fit, or everybody does, has to be mended first: the others stand without it.
    pack = replace(pack, rules=tuple(rule for rule in pack.rules if rule.id not in broken))
    own, judged = [rule for rule in own if rule.id not in broken], judge(pack, *GRID)
    for rule in own:
        if _never_decides(rule, judged):
            assert rule.id in named
        if _can_be_spared(pack, rule, judged) and _by_one_other(rule, own, judged):
            assert rule.id in named
    spare = {one.rules[0] for one in found if one.kind in {Kind.SUBSUMED, Kind.IDENTICAL}}
    left = replace(pack, rules=tuple(rule for rule in pack.rules if rule.id not in spare))
    told = {
        rule
        for one in found
        if one.kind in {Kind.CONTRADICTING, Kind.UNREACHABLE}
        for rule in one.rules
    }
    for rule in own:
        if rule in left.rules and rule.id not in told:  # by several others together, too
            assert not _can_be_spared(left, rule, judge(left, *GRID))
    for one, other in combinations(own, 2):
        if one.then == other.then and _say_the_same(one, other, judged):
            assert {one.id, other.id} & named


@settings(max_examples=40, deadline=None)
@given(grid_packs())
def test_what_is_found_the_grid_shows(pack: RulePack) -> None:
    """A false alarm makes HR ignore the next one."""
    judged = judge(pack, *GRID)
    by_id = {rule.id: rule for rule in pack.rules}

    for one in lint(pack).findings:
        rules = [by_id[rule_id] for rule_id in one.rules]
        match one.kind:
            case Kind.CONTRADICTING if len(rules) == 1:
                never = _is_impossible(rules[0], judged)
                assert never or all(each.said[rules[0].id] is not False for each in judged)
            case Kind.CONTRADICTING:
                assert _true_of(rules[0], judged) == _true_of(rules[1], judged)
            case Kind.IDENTICAL:
                assert _say_the_same(rules[0], rules[1], judged)
            case Kind.SUBSUMED:
                assert _can_be_spared(pack, rules[0], judged)
            case Kind.UNREACHABLE:
                assert _never_decides(rules[0], judged)
            case Kind.OVERLAPPING:
                meeting = _true_of(rules[0], judged) & _true_of(rules[1], judged)
                assert meeting
                assert meeting < _true_of(rules[0], judged)
                assert meeting < _true_of(rules[1], judged)
            case kind:
                assert kind is Kind.GAP


def _true_of(rule: Rule, judged: Sequence[Judged]) -> set[int]:
    return {n for n, each in enumerate(judged) if each.said[rule.id] is True}


def _is_impossible(rule: Rule, judged: Sequence[Judged]) -> bool:
    return not _true_of(rule, judged)


def _say_the_same(one: Rule, other: Rule, judged: Sequence[Judged]) -> bool:
    if isinstance(one.then, SetFlag):
        return _true_of(one, judged) == _true_of(other, judged)
    return all(each.said[one.id] is each.said[other.id] for each in judged)


def _never_decides(rule: Rule, judged: Sequence[Judged]) -> bool:
    """Say whether everybody of whom a rule is true gets a more adverse verdict."""
    if not isinstance(rule.then, Verdict):
        return False
    own = PRECEDENCE.index(rule.then)
    return all(PRECEDENCE.index(judged[n].verdict) < own for n in _true_of(rule, judged))


def _can_be_spared(pack: RulePack, rule: Rule, judged: Sequence[Judged]) -> bool:
    """Say whether everybody gets the same without a rule."""
    without = replace(pack, rules=tuple(one for one in pack.rules if one is not rule))
    return all(
        (was.verdict, was.flags) == (now.verdict, now.flags)
        for was, now in zip(judged, judge(without, *GRID), strict=True)
    )


def _by_one_other(rule: Rule, own: Sequence[Rule], judged: Sequence[Judged]) -> bool:
    """Say whether one other rule with the same outcome speaks wherever this one does."""
    return any(
        other is not rule
        and other.then == rule.then
        and all(
            each.said[rule.id] is False or each.said[other.id] is each.said[rule.id]
            for each in judged
        )
        for other in own
    )
