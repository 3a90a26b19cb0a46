"""Arbitrary conditions, packs and leavers, from few enough values that rules hit."""

from datetime import date
from typing import Any, Final

from hypothesis import strategies as st

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.builtin import BUILT_IN
from alumni_sync.eligibility.clauses import (
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
    Unit,
    literals,
)
from alumni_sync.eligibility.fields import ALWAYS_HARMLESS
from alumni_sync.eligibility.pack import Rule, RulePack

TODAY: Final = date(2026, 3, 31)
"""A day on which months differ in length on both sides."""

ADVERSE: Final = tuple(v for v in Verdict if v is not Verdict.ELIGIBLE)
TEXTS: Final = ("exit_kind", "worker_type", "department")
DATES: Final = ("birth_date", "hire_date", "exit_date")

words = st.sampled_from(["misconduct", "intern", "IT", "it ", "Ożarów", "a*b"])
numbers = st.integers(0, 4)
days = st.dates(date(2024, 1, 1), date(2028, 3, 1))
durations = st.builds(Duration, st.integers(0, 14), st.sampled_from(Unit))
_bounds = st.one_of(
    days,
    st.builds(Ago, durations),
    st.builds(Offset, durations, st.sampled_from(DATES), st.booleans()),
)
_comparisons = st.sampled_from(Comparison)
leaves = st.one_of(
    st.builds(OneOf, st.sampled_from(TEXTS), st.lists(words, min_size=1, max_size=2).map(tuple)),
    st.builds(OneOf, st.just("job_level"), st.lists(numbers, min_size=1, max_size=2).map(tuple)),
    st.builds(Contains, st.sampled_from(("tags", "department")), words),
    st.builds(Matches, st.sampled_from(TEXTS), st.sampled_from(["*", "i*", "?t*", "*o*r*", "a*b"])),
    st.builds(Compare, st.sampled_from(DATES), _comparisons, _bounds),
    st.builds(
        Compare,
        st.just("job_level"),
        st.sampled_from((Comparison.AT_LEAST, Comparison.AT_MOST)),
        numbers,
    ),
    st.builds(IsKnown, st.sampled_from((*TEXTS, *DATES, "tags"))),
)
conditions: st.SearchStrategy[Clause] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=6,
)
adverse_conditions = conditions.filter(
    lambda clause: (
        not any(isinstance(leaf, IsKnown) and positive for leaf, positive in literals(clause))
    )
)


@st.composite
def packs(draw: st.DrawFn) -> RulePack:
    """Return a pack of some adverse rules beside the built-in ones."""
    rules = draw(st.lists(st.tuples(adverse_conditions, st.sampled_from(ADVERSE)), max_size=4))
    made = (Rule(f"r{n}", when, then) for n, (when, then) in enumerate(rules))
    harmless = draw(st.sets(st.sampled_from((*TEXTS, *DATES, "tags"))))
    return RulePack("any", (*BUILT_IN, *made), ALWAYS_HARMLESS | harmless)


def _cell(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.none())


_yes_no = st.sampled_from(["yes", "no"])
records = st.fixed_dictionaries(
    {"record_status": st.sampled_from(["left", "left", "left", "rescinded"])},
    optional={
        **{name: _cell(words) for name in TEXTS},
        **{name: _cell(days.map(date.isoformat)) for name in DATES},
        "job_level": _cell(numbers),
        "tags": _cell(st.lists(words, max_size=2)),
        "do_not_consider": _cell(_yes_no),
        "has_left": st.sampled_from(["yes", "yes", "yes", "no"]),
        "address_shared": _yes_no,
    },
)
