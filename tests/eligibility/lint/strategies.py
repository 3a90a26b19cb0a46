"""Arbitrary conditions in which every operator meets every kind of field, and leavers for them."""

from calendar import monthrange
from datetime import date
from typing import Any, Final

from hypothesis import strategies as st

from alumni_sync.domain import ExitKind, Verdict
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
)
from alumni_sync.eligibility.language.fields import ALWAYS_HARMLESS
from alumni_sync.eligibility.language.pack import (
    Dating,
    Rule,
    RulePack,
    SetFlag,
    Window,
    unplaced_rule,
)

ADVERSE: Final = tuple(verdict for verdict in Verdict if verdict is not Verdict.ELIGIBLE)
KINDS: Final = ("resignation", "retirement", "misconduct", "death", "unknown")
TEXTS: Final = ("department", "job_title")
DATES: Final = ("birth_date", "hire_date", "exit_date")
SOURCES: Final = ("acme-pl", "acme-de")

letters = st.text("abAB é", min_size=1, max_size=3).filter(str.strip)
patterns = st.text("ab?* ", min_size=1, max_size=4).filter(str.strip)
numbers = st.integers(0, 4)
days = st.dates(date(2024, 1, 1), date(2027, 3, 1))
durations = st.builds(
    Duration, st.sampled_from([0, 1, 2, 5, 30, 31]), st.sampled_from([Unit.DAYS, Unit.WEEKS])
) | st.builds(Duration, st.sampled_from([1, 2, 6, 12]), st.sampled_from([Unit.MONTHS]))
_comparisons = st.sampled_from(Comparison)


def _dated(fields: tuple[str, ...]) -> st.SearchStrategy[Clause]:
    """Return comparisons of dates: with a day, with the day of the run, with each other."""
    offsets = st.builds(Offset, durations, st.sampled_from(fields), st.booleans())
    bounds = st.one_of(days, st.builds(Ago, durations), offsets)
    return st.builds(Compare, st.sampled_from(fields), _comparisons, bounds)


ends_of_months = st.builds(
    lambda year, month, day: date(year, month, min(day, monthrange(year, month)[1])),
    st.integers(2023, 2025),
    st.integers(1, 12),
    st.sampled_from([1, 27, 28, 29, 30, 31]),
)
"""Days around which a month back is not always a month forth."""


@st.composite
def packs_of_bounds(draw: st.DrawFn) -> RulePack:
    """Return rules that do nothing but compare two dates with each other, and with today."""
    durations_alike = st.builds(
        Duration, st.sampled_from([0, 1, 12]), st.sampled_from([Unit.MONTHS, Unit.YEARS])
    ) | st.builds(Duration, st.sampled_from([0, 1, 28, 30, 31, 365]), st.just(Unit.DAYS))
    offsets = st.builds(Offset, durations_alike, st.sampled_from(DATES[1:]), st.booleans())
    bounds = offsets | offsets | st.builds(Ago, durations_alike)
    compared = st.builds(Compare, st.sampled_from(DATES[1:]), _comparisons, bounds)
    own = draw(st.lists(compared, min_size=2, max_size=4))
    rules = (Rule(f"r{n}", when, SetFlag(f"f{n}")) for n, when in enumerate(own))
    return RulePack("bounds", (*BUILT_IN, *rules, unplaced_rule((), ())))


def _leaves(fields: tuple[str, ...]) -> st.SearchStrategy[Clause]:
    return st.one_of(
        st.builds(
            OneOf, st.just("exit_kind"), st.lists(st.sampled_from(KINDS), min_size=1).map(tuple)
        ),
        st.builds(OneOf, st.sampled_from(TEXTS), st.lists(letters, min_size=1).map(tuple)),
        st.builds(OneOf, st.just("job_level"), st.lists(numbers, min_size=1).map(tuple)),
        st.builds(Contains, st.sampled_from(("tags", *TEXTS)), letters),
        st.builds(Matches, st.sampled_from(TEXTS), patterns),
        _dated(fields),
        st.builds(Compare, st.just("job_level"), _comparisons, numbers),
        st.builds(IsKnown, st.sampled_from((*TEXTS, *fields, "tags", "job_level"))),
        st.builds(RunDay, days, st.none()) | st.builds(RunDay, st.none(), days),
    )


def conditions(fields: tuple[str, ...] = DATES) -> st.SearchStrategy[Clause]:
    """Return arbitrary conditions over some dates and everything else."""
    return st.recursive(
        _leaves(fields),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts))),
            st.lists(inner, max_size=3).map(lambda parts: AnyOf(tuple(parts))),
            inner.map(Not),
        ),
        max_leaves=4,
    )


_windows = st.builds(Window, days, st.none(), st.sampled_from(Dating)) | st.builds(
    Window, st.none(), days, st.sampled_from(Dating)
)


@st.composite
def packs(draw: st.DrawFn, fields: tuple[str, ...] = DATES) -> RulePack:
    """Return a pack of some rules beside the built-in ones."""
    outcomes = st.sampled_from(ADVERSE) | st.just(SetFlag("x"))
    rules = st.builds(
        Rule,
        st.just("r"),
        conditions(fields),
        outcomes,
        valid=st.none() | _windows,
        sources=st.sets(st.sampled_from(SOURCES), max_size=1).map(frozenset),
    )
    own = tuple(
        Rule(f"r{n}", rule.when, rule.then, valid=rule.valid, sources=rule.sources)
        for n, rule in enumerate(draw(st.lists(rules, min_size=1, max_size=3)))
    )
    harmless = draw(st.sets(st.sampled_from((*TEXTS, *fields, "tags"))))
    unplaced = unplaced_rule(draw(st.sets(st.sampled_from(KINDS[:2]))), (*BUILT_IN, *own))
    return RulePack(
        "any",
        (*BUILT_IN, *own, unplaced),
        ALWAYS_HARMLESS | harmless,
        draw(st.booleans() | st.just(frozenset({"acme-pl"}))),
    )


def _cell(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.none())


def leavers(fields: tuple[str, ...] = DATES) -> st.SearchStrategy[dict[str, Any]]:
    """Return arbitrary leavers, from few enough values that rules hit."""
    state = {
        **dict.fromkeys(("employed_still", "returning", "address_shared"), st.just("no")),
        **dict.fromkeys(("other_exit_adverse", "nominated"), st.just("no")),
        "has_left": st.just("yes"),
        "record_status": st.sampled_from(["left", "left", "rescinded"]),
    }
    return st.fixed_dictionaries(
        state,
        optional={
            "exit_kind": _cell(st.sampled_from([kind.value for kind in ExitKind])),
            **{name: _cell(letters.map(str.strip)) for name in TEXTS},
            **{name: _cell(days.map(date.isoformat)) for name in fields},
            "job_level": _cell(numbers),
            "tags": _cell(st.lists(letters, max_size=2)),
            "do_not_consider": _cell(st.sampled_from(["yes", "no"])),
        },
    )
