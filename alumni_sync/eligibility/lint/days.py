"""Which combinations of dates a pack can tell apart: with each other, and with the day of the run.

Comparisons of dates are bounds on differences. Where such bounds can be met at all, they can be met
by dates that lie on a chain of them: some date of the pack (or any date), and from there along the
durations of the rules, back or forth. These chains are walked, with the days around their ends,
because months differ in length; the evaluator says what holds on each combination.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from math import prod
from typing import Any, Final

import numpy as np
import pandas as pd

from alumni_sync.eligibility.evaluation.columns import Days, shift
from alumni_sync.eligibility.language.clauses import Ago, Compare, Duration, Leaf, Offset, RunDay
from alumni_sync.eligibility.lint.axes import USUAL, Facts, Reading, Said, say
from alumni_sync.eligibility.lint.diagrams import TooLarge

MOST_COMBINATIONS: Final = 200_000
MOST_DAYS: Final = 400
_MONTHS_DIFFER: Final = 4
_SEEN_THROUGH: Final = 2
"""So many dates, the day of the run among them, are decided exactly in months and days."""
_FIRST: Final = np.datetime64("0001-01-01", "D")
_LAST: Final = np.datetime64("9999-12-31", "D")
_NONE: Final = np.array([], dtype="M8[D]")


def linked(leaves: Iterable[Leaf]) -> list[tuple[str, ...]]:
    """Return the date fields that are compared with each other, as groups."""
    groups: list[set[str]] = []
    for leaf in leaves:
        if isinstance(leaf, Compare) and isinstance(leaf.bound, Offset):
            touched = {leaf.field, leaf.bound.field}
            joined = touched.union(*(group for group in groups if group & touched))
            groups = [group for group in groups if not group & touched] + [joined]
    return [tuple(sorted(group)) for group in groups]


def run_days(groups: Sequence[Sequence[Leaf]], leaves: Sequence[Leaf]) -> list[date]:
    """Return days of a run of which every other day is, for the leaves of a pack, like one.

    Args:
        groups: the leaves of each group of dates that are compared with each other.
        leaves: all of them, those about the day of the run itself included.

    Raises:
        TooLarge: there are too many.
    """
    usual = np.datetime64(USUAL["today"], "D")
    found: set[Any] = {usual}
    for leaf in leaves:
        if isinstance(leaf, RunDay):
            ends = (day for day in (leaf.start, leaf.end) if day is not None)
            found |= {np.datetime64(day, "D") + step for day in ends for step in (-1, 0, 1)}
    for group in groups:
        agos = [leaf for leaf in group if _distance(leaf)]
        chains = _chains(group, None, {})
        for leaf in agos:
            distance = _distance(leaf)
            if isinstance(leaf, Compare) and distance is not None:
                moved = shift(chains.get(leaf.field, _NONE), distance, later=True)
                found |= set(_around(moved, _MONTHS_DIFFER if distance.months else 1))
        if agos and _mixed(group):
            found |= set(_every_kind_of_day())
    if len(found) > MOST_DAYS:
        raise TooLarge
    ordered = sorted(found, key=lambda day: (abs(int((day - usual).astype(int))), day))
    return [day.item() for day in ordered]


def combinations(
    fields: Sequence[str],
    leaves: Sequence[Leaf],
    readings: Sequence[Reading],
    today: date,
) -> tuple[Said, list[Facts]]:
    """Return what is said of the dates of one group on one day, and facts for each row of it.

    Each row is there once, whatever number of dates it is said of.

    Raises:
        TooLarge: there are too many combinations to look at.
    """
    found: dict[bytes, tuple[Said, Facts]] = {}
    for pins in _pins(fields, leaves, today):
        chains = _chains(leaves, today, pins)
        candidates = {name: _candidates(name, chains, _width(leaves)) for name in fields}
        for state in product(*(_states(name, readings) for name in fields)):
            for said, facts in _rows(candidates, state, leaves, readings, today):
                found.setdefault(said.tobytes(), (said, facts))
    rows = [said for said, _ in found.values()]
    return np.array(rows, dtype=np.int8).reshape(len(rows), -1), [f for _, f in found.values()]


def by_month_ends(fields: Sequence[str], leaves: Sequence[Leaf]) -> bool:
    """Say whether what is said of a group of dates rests on ends of months that were tried.

    Where two bounds between two dates are tight at once, both are at the end of a month or neither
    is. Of three dates, one may be in the middle of a month: not all of that is tried.
    """
    moving = any(_distance(leaf) is not None for leaf in leaves)
    return len(fields) + moving > _SEEN_THROUGH and _mixed(leaves)


def _pins(fields: Sequence[str], leaves: Sequence[Leaf], today: date) -> Iterator[dict[str, Any]]:
    """Yield days to begin at: the usual ones, and every kind of day where months matter."""
    yield {name: np.datetime64(USUAL[name], "D") for name in fields}
    if _mixed(leaves) and len(fields) > 1 and today == USUAL["today"]:
        yield from ({fields[0]: day} for day in _every_kind_of_day())


def _rows(
    candidates: Mapping[str, Days],
    state: Sequence[bool | None],
    leaves: Sequence[Leaf],
    readings: Sequence[Reading],
    today: date,
) -> Iterator[tuple[Said, Facts]]:
    """Yield what is said where some dates are known and others are not, each saying once."""
    known = [name for name, there in zip(candidates, state, strict=True) if there]
    missing = [name for name, there in zip(candidates, state, strict=True) if there is None]
    frame = _frame({name: candidates[name] for name in known})
    for name in missing:
        frame[name] = np.full(len(frame), np.datetime64("NaT", "D"))
    said = say(frame, leaves, readings, today)
    first = np.unique(said, axis=0, return_index=True)[1] if said.size else [0]
    for row in sorted(int(n) for n in first):
        facts = {n: frame[n].to_numpy()[row].astype("M8[D]").item().isoformat() for n in known}
        yield said[row], facts | dict.fromkeys(missing)


def _states(name: str, readings: Sequence[Reading]) -> Iterator[bool | None]:
    """Yield True for known, None for unknown, and False for no such column where that differs."""
    yield True
    yield None
    if any(name in reading.harmless for reading in readings):
        yield False


def _frame(candidates: Mapping[str, Days]) -> pd.DataFrame:
    """Return a frame of all combinations, the most usual first; one empty row without fields."""
    if prod(len(days) for days in candidates.values()) > MOST_COMBINATIONS:
        raise TooLarge
    if not candidates:
        return pd.DataFrame(index=pd.RangeIndex(1))
    grid = np.meshgrid(*candidates.values(), indexing="ij")
    return pd.DataFrame(dict(zip(candidates, (days.ravel() for days in grid), strict=True)))


def _candidates(name: str, chains: Mapping[str, Days], width: int) -> Days:
    usual = np.datetime64(USUAL[name], "D")
    days = np.array(sorted(set(_around(chains.get(name, [usual]), width))), dtype="M8[D]")
    days = days[(days >= _FIRST) & (days <= _LAST)]
    return days[np.argsort(np.abs((days - usual).astype(np.int64)), kind="stable")]


def _chains(leaves: Sequence[Leaf], today: date | None, pins: Mapping[str, Any]) -> dict[str, Days]:
    """Return, for every field, the days at the ends of all chains of bounds.

    Args:
        leaves: those of one group.
        today: the day of the run; None to leave out what counts from it.
        pins: field → a day to begin at beside those that the pack names.
    """
    found: dict[str, set[Any]] = {name: {day} for name, day in pins.items()}
    fields: set[str] = set()
    for leaf in leaves:
        if not isinstance(leaf, Compare):
            continue
        fields |= {leaf.field} | ({leaf.bound.field} if isinstance(leaf.bound, Offset) else set())
        found.setdefault(leaf.field, set()).update(_anchors(leaf, today))
    for _ in range(len(fields) - 1):
        for leaf in leaves:
            if isinstance(leaf, Compare) and isinstance(leaf.bound, Offset):
                _follow(found, leaf.field, leaf.bound)
    return {name: np.array(sorted(days), dtype="M8[D]") for name, days in found.items()}


def _anchors(leaf: Compare, today: date | None) -> Iterator[Any]:
    """Yield the day that a field is compared with, where it hangs on no other field."""
    match leaf.bound:
        case date():
            yield np.datetime64(leaf.bound, "D")
        case Ago(duration) if today is not None:
            yield from shift(np.array([today], dtype="M8[D]"), duration, later=False)
        case _:
            pass


def _follow(found: dict[str, set[Any]], name: str, bound: Offset) -> None:
    """Walk one step along a bound between two fields, in both directions."""
    ours = np.array(sorted(found.setdefault(name, set())), dtype="M8[D]")
    theirs = np.array(sorted(found.setdefault(bound.field, set())), dtype="M8[D]")
    found[name] |= set(shift(theirs, bound.duration, later=bound.later))
    found[bound.field] |= set(shift(ours, bound.duration, later=not bound.later))


def _distance(leaf: Leaf) -> Duration | None:
    """Return how far back a leaf counts from the day of the run; None where it does not."""
    if isinstance(leaf, Compare) and isinstance(leaf.bound, Ago):
        return leaf.bound.duration
    return None


def _durations(leaves: Iterable[Leaf]) -> Iterator[Duration]:
    for leaf in leaves:
        if isinstance(leaf, Compare) and isinstance(leaf.bound, Ago | Offset):
            yield leaf.bound.duration


def _mixed(leaves: Sequence[Leaf]) -> bool:
    """Say whether the length of a month matters: then not every day is as good to begin at.

    Between two dates it does as soon as there are two bounds, were it only one there and one back.
    From the day of the run alone it does where days stand beside months.
    """
    bounds = {
        (leaf.field, leaf.bound)
        for leaf in leaves
        if isinstance(leaf, Compare) and isinstance(leaf.bound, Ago | Offset)
    }
    durations = {duration for duration in _durations(leaves) if duration.count}
    in_months = {duration for duration in durations if duration.months}
    if any(isinstance(bound, Offset) for _, bound in bounds):
        return bool(in_months) and len(bounds) > 1
    return bool(in_months) and in_months != durations


def _width(leaves: Sequence[Leaf]) -> int:
    """Return how many days around the end of a chain may matter: strict bounds, short months."""
    steps = sum(isinstance(leaf, Compare) and isinstance(leaf.bound, Offset) for leaf in leaves)
    months = any(duration.months for duration in _durations(leaves))
    return 1 + steps + (_MONTHS_DIFFER if steps and months else 0)


def _around(days: Iterable[Any], width: int) -> Iterator[Any]:
    for day in days:
        yield from (day + np.timedelta64(step, "D") for step in range(-width, width + 1))


def _every_kind_of_day() -> Iterator[Any]:
    """Yield the last days of all months of two years, and the days from which months are short."""
    for number in range(24):
        after = (np.datetime64("2024-01", "M") + number + 1).astype("M8[D]")
        yield after - 1
    for month in ("2024-03", "2024-05", "2024-08", "2025-03"):
        yield from (np.datetime64(f"{month}-{day}", "D") for day in (28, 29, 30))
    yield np.datetime64("2024-02-28", "D")
