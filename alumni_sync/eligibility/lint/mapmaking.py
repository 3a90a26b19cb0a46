"""The axes of a pack: which there are, in which order they are asked, and what stands on them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pandas as pd

from alumni_sync.domain import FieldType
from alumni_sync.eligibility.evaluation.columns import fold
from alumni_sync.eligibility.language.clauses import Ago, Compare, Leaf, RunDay, fields_of_leaf
from alumni_sync.eligibility.language.fields import FIELD_TYPES
from alumni_sync.eligibility.lint.axes import (
    USUAL,
    WAYS,
    Axis,
    Literal,
    Reading,
    axis_of,
    plain_axis,
    say,
    tag_of,
)
from alumni_sync.eligibility.lint.days import by_month_ends, combinations, linked, run_days
from alumni_sync.eligibility.lint.diagrams import TooLarge

PLACE: Final = 0
TODAY: Final = 1
_FIRST: Final = 2


@dataclass(slots=True)
class Atlas:
    """The axes of a pack.

    Attributes:
        axes: number → axis, in the order in which they are asked.
        tags: tag, folded → number of the axis that asks for it (0: not there, 1: there).
        days: days of the run that make a difference, the usual one first.
        on_days: leaf about the day of the run and its polarity → what it says on each of them.
        tried: dates about which what is said rests on ends of months that were tried.
    """

    days: Sequence[date] = (USUAL["today"],)
    on_days: dict[tuple[Leaf, bool], tuple[int, ...]] = field(default_factory=dict)
    axes: dict[int, Axis] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    _number: dict[str, int] = field(default_factory=dict)
    _next: int = _FIRST

    def axis_of(self, name: str) -> int:
        """Return the number of the axis of a field.

        Raises:
            TooLarge: the field has too many kinds of values to be decided about.
        """
        if name not in self._number:
            raise TooLarge
        return self._number[name]

    def add(self, axis: Axis) -> None:
        """Put an axis behind the others."""
        self.axes[self._next] = axis
        self._number |= dict.fromkeys(axis.fields, self._next)
        self._next += 1

    def add_tag(self, tag: str) -> None:
        """Put the axis of a tag behind the others."""
        if tag not in self.tags:
            self.tags[tag] = self._next
            self._next += 1


def atlas_of(
    leaves: Sequence[Leaf], readings: Sequence[Reading], adverse: Collection[Literal]
) -> Atlas:
    """Return the axes for the leaves of a pack; a field that is too large to decide has none.

    Args:
        leaves: each once.
        readings: the ways in which sources read what they do not have.
        adverse: literals whose truth makes a leaver conspicuous.
    """
    atlas = Atlas()
    fields = dict.fromkeys(name for leaf in leaves for name in fields_of_leaf(leaf))
    dates = [name for name in fields if FIELD_TYPES[name] is FieldType.DATE]
    groups = linked(leaves)
    groups += [(name,) for name in dates if not any(name in group for group in groups)]
    of_group = {group: _about(group, leaves) for group in groups}
    try:
        atlas.days = run_days(list(of_group.values()), leaves)
    except TooLarge:  # then only what asks for no day of the run can be decided
        of_group = {group: own for group, own in of_group.items() if not _moves(own)}
    else:
        _say_days(atlas, leaves)
    for group, own in of_group.items():
        atlas.tried |= set(group) if by_month_ends(group, own) else set()
        _add_dates(atlas, group, own, readings, adverse)
    _drop_days_alike(atlas)
    for name in fields:
        if FIELD_TYPES[name] is not FieldType.DATE:
            _add_plain(atlas, name, _about((name,), leaves), readings, adverse)
    return atlas


def _about(fields: Sequence[str], leaves: Sequence[Leaf]) -> list[Leaf]:
    return [leaf for leaf in leaves if set(fields_of_leaf(leaf)) & set(fields)]


def _moves(leaves: Sequence[Leaf]) -> bool:
    """Say whether some of them count from the day of the run."""
    return any(isinstance(leaf, Compare) and isinstance(leaf.bound, Ago) for leaf in leaves)


def _say_days(atlas: Atlas, leaves: Sequence[Leaf]) -> None:
    frame = pd.DataFrame(index=pd.RangeIndex(1))
    about = [leaf for leaf in leaves if isinstance(leaf, RunDay)]
    said = [say(frame, about, [Reading(frozenset())], day)[0] for day in atlas.days]
    columns = [(leaf, way) for leaf in about for way in WAYS]
    atlas.on_days = {column: tuple(int(row[n]) for row in said) for n, column in enumerate(columns)}


def _add_dates(
    atlas: Atlas,
    group: tuple[str, ...],
    leaves: Sequence[Leaf],
    readings: Sequence[Reading],
    adverse: Collection[Literal],
) -> None:
    days = atlas.days if _moves(leaves) else atlas.days[:1]
    try:
        found = [combinations(group, leaves, readings, day) for day in days]
    except TooLarge:
        return
    atlas.add(axis_of(group, leaves, readings, adverse, found))


def _add_plain(
    atlas: Atlas,
    name: str,
    leaves: Sequence[Leaf],
    readings: Sequence[Reading],
    adverse: Collection[Literal],
) -> None:
    try:
        atlas.add(plain_axis(name, leaves, readings, adverse))
    except TooLarge:
        return
    for leaf in leaves:
        if (tag := tag_of(leaf)) is not None:
            atlas.add_tag(fold(tag))


def _drop_days_alike(atlas: Atlas) -> None:
    """Keep one of the days on which the same can be said of the same dates."""
    moving = {number: axis for number, axis in atlas.axes.items() if len(axis.facts) > 1}
    kept: dict[object, int] = {}
    for day in range(len(atlas.days)):
        possible = tuple(tuple(f is None for f in axis.facts[day]) for axis in moving.values())
        kept.setdefault((possible, *(said[day] for said in atlas.on_days.values())), day)
    days = sorted(kept.values())
    atlas.days = [atlas.days[day] for day in days]
    atlas.on_days = {key: tuple(said[day] for day in days) for key, said in atlas.on_days.items()}
    for number, axis in moving.items():
        facts = tuple(axis.facts[day] for day in days)
        atlas.axes[number] = Axis(axis.fields, facts, axis.said)
