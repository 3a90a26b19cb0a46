"""Arbitrary conditions, packs and leavers, from few enough values that rules hit."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.language.builtin import BUILT_IN
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
    Unit,
    literals,
)
from alumni_sync.eligibility.language.fields import ALWAYS_HARMLESS
from alumni_sync.eligibility.language.pack import Dating, Rule, RulePack, Window, unplaced_rule
from alumni_sync.eligibility.language.tables import table_rules

TODAY: Final = date(2026, 3, 31)
"""A day on which months differ in length on both sides."""

ADVERSE: Final = tuple(v for v in Verdict if v is not Verdict.ELIGIBLE)
TEXTS: Final = ("exit_kind", "worker_type", "department")
DATES: Final = ("birth_date", "hire_date", "exit_date")

HERE: Final = "acme-pl"
"""The source whose leavers are judged."""

words = st.sampled_from(["misconduct", "intern", "IT", "it ", "Ożarów", "a*b", "redundancy"])
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
def _ends(draw: st.DrawFn) -> tuple[date | None, date | None]:
    """Return a first and a last day, one of which may be open."""
    start, end = draw(st.tuples(st.none() | days, st.none() | days))
    if start is not None and end is not None and start > end:
        return end, start
    return (start, end) if start or end else (None, TODAY)


run_days = _ends().map(lambda ends: RunDay(*ends))
windows = st.builds(lambda ends, by: Window(ends[0], ends[1], by), _ends(), st.sampled_from(Dating))
everything = st.one_of(conditions, run_days)
adverse_rules = st.builds(
    Rule,
    st.just("new"),
    st.one_of(
        adverse_conditions,
        st.builds(OneOf, st.just("exit_kind"), st.sampled_from([("misconduct",), ("death",)])),
        st.builds(lambda one, other: All((one, other)), adverse_conditions, run_days),
    ),
    st.sampled_from(ADVERSE),
    valid=st.none() | windows,
    sources=st.sampled_from([frozenset(), frozenset({HERE}), frozenset({"elsewhere"})]),
    jurisdictions=st.sampled_from([frozenset(), frozenset({"pl"}), frozenset({"de"})]),
)


@st.composite
def _table(draw: st.DrawFn) -> tuple[Rule, ...]:
    """Return the rules of a decision table, by way of its text."""
    cells = {
        "exit_kind": st.sampled_from(["redundancy", "retirement|no_show", "unknown"]),
        "job_level at least": numbers.map(str),
        "department not": st.sampled_from(["IT", "IT|a*b"]),
        "hire_date before": st.one_of(days.map(date.isoformat), st.just("3 months ago")),
        "birth_date is known": st.just("no"),
        "sources": st.sampled_from([HERE, "elsewhere"]),
    }
    lines = [";".join(["id", "then", "valid_from", "valid_by", *cells])]
    for n in range(draw(st.integers(1, 3))):
        row = [draw(st.just("") | cell) for cell in cells.values()]
        if not any(row[:-1]):
            row[0] = "performance"
        then = draw(st.sampled_from([*ADVERSE, f"held_until: {TODAY}"]))
        dated = draw(st.sampled_from([("", ""), ("31.01.2026", "run_date")]))
        lines.append(";".join([f"t{n}", then, *dated, *row]))
    return table_rules("table.csv", "\n".join(lines), [])


def packed(good_standing: Collection[str], harmless: Collection[str], *rules: Rule) -> RulePack:
    """Return a pack as one source is judged by it."""
    everywhere = (*BUILT_IN, *rules)
    unplaced = unplaced_rule(good_standing, everywhere)
    pack = RulePack("any", (*everywhere, unplaced), ALWAYS_HARMLESS | set(harmless))
    return pack.for_source(HERE, "pl")


class Parts(NamedTuple):
    """What `packed` makes a pack of."""

    good_standing: frozenset[str]
    harmless: frozenset[str]
    rules: tuple[Rule, ...]

    def with_rules(self, *rules: Rule) -> RulePack:
        """Return the pack with further rules."""
        return packed(self.good_standing, self.harmless, *self.rules, *rules)


@st.composite
def parts(draw: st.DrawFn) -> Parts:
    """Return some adverse rules, dated and placed ones among them, and rows of a table."""
    rules = draw(st.lists(adverse_rules, max_size=4))
    made = tuple(replace(rule, id=f"r{n}") for n, rule in enumerate(rules))
    table = draw(st.just(()) | _table())
    harmless = draw(st.frozensets(st.sampled_from((*TEXTS, *DATES, "tags"))))
    good = draw(st.frozensets(words))
    return Parts(good | {"redundancy"}, harmless - {"exit_kind", "exit_date"}, (*made, *table))


packs = parts().map(Parts.with_rules)


def _cell(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.none())


_yes_no = st.sampled_from(["yes", "no"])
_odd = st.fixed_dictionaries(
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
_usual = st.fixed_dictionaries(
    {
        **dict.fromkeys(TEXTS, words),
        **{name: days.map(date.isoformat) for name in DATES},
        "exit_kind": st.just("redundancy"),
        "record_status": st.just("left"),
        "job_level": numbers,
        "tags": st.lists(words, max_size=2),
    }
)
records = st.one_of(_usual, _usual, _odd)
"""Most of them in good standing with nothing missing, so that the rules of a pack decide."""
