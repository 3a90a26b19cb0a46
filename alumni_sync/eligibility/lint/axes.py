"""Axes: what a pack can tell apart of one field, as points; each with a leaver's facts for it.

What every leaf says of a point is asked of the real evaluator. So the algebra can be wrong about
which points there are, and about nothing else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alumni_sync.domain import FieldType
from alumni_sync.eligibility.evaluation.columns import Columns, build_frame
from alumni_sync.eligibility.evaluation.operators import Evaluation
from alumni_sync.eligibility.language.clauses import Compare, Contains, Leaf, OneOf
from alumni_sync.eligibility.language.fields import (
    FIELD_TYPES,
    HAS_LEFT,
    KNOWN_CODES,
    NO,
    STATE_FIELDS,
    YES,
)
from alumni_sync.eligibility.lint.diagrams import FALSE, TRUE, UNKNOWN
from alumni_sync.eligibility.lint.texts import distinct_texts

Facts = Mapping[str, Any]
Literal = tuple[Leaf, bool]
"""A leaf, and whether it is meant as it stands (False: its opposite)."""
Said = NDArray[np.int8]
"""One row a point, one column a literal and reading: false, unknown or true."""

USUAL: Final[Mapping[str, Any]] = {
    "today": date(2026, 11, 3),
    "birth_date": date(1988, 6, 15),
    "hire_date": date(2019, 4, 1),
    "original_hire_date": date(2019, 4, 1),
    "last_working_day": date(2026, 10, 31),
    "exit_date": date(2026, 10, 31),
    "rehire_date": date(2027, 1, 4),
    "contact_given_at": date(2026, 10, 15),
    "job_level": 3,
}
"""An inconspicuous leaver, whom examples resemble as far as they can."""

ALWAYS_THERE: Final = frozenset({*STATE_FIELDS, "record_status"})
"""Fields that the flow itself fills: never unknown, never without a column."""

_PENALTY_UNKNOWN: Final = 1_000
_PENALTY_UNMAPPED: Final = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """How a kind of sources reads what it does not have: the fields that are harmless there."""

    harmless: frozenset[str]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis.

    Attributes:
        fields: what a point gives values to.
        facts: day of the run (one, where it does not matter) → point → facts; None where this
            point cannot be on that day.
        said: literal and reading → what it says at each point.
    """

    fields: tuple[str, ...]
    facts: tuple[tuple[Facts | None, ...], ...]
    said: Mapping[tuple[Leaf, bool, int], tuple[int, ...]]


def plain_axis(
    field: str,
    leaves: Sequence[Leaf],
    readings: Sequence[Reading],
    adverse: Collection[Literal],
) -> Axis:
    """Return the axis of a field that is compared with no other field and with no day.

    Raises:
        TooLarge: its patterns combine in too many ways.
    """
    points: list[dict[str, Any]] = [{field: value} for value in _values(field, leaves)]
    if field not in ALWAYS_THERE:
        points.append({field: None})
        if any(field in reading.harmless for reading in readings):
            points.append({})
    said = say(build_frame(points, [field]), leaves, readings, USUAL["today"])
    return axis_of((field,), leaves, readings, adverse, [(said, points)])


def axis_of(
    fields: tuple[str, ...],
    leaves: Sequence[Leaf],
    readings: Sequence[Reading],
    adverse: Collection[Literal],
    days: Sequence[tuple[Said, Sequence[Facts]]],
) -> Axis:
    """Return the axis whose points are the different rows of `days`, the plainest first.

    Args:
        fields: what the facts are about.
        leaves: of the rules, as the columns of `Said` have them (see `say`).
        readings: likewise.
        adverse: literals that make a point less plain where they are true.
        days: for each day of the run, what is said of each of the facts.
    """
    columns = [(leaf, way, n) for n in range(len(readings)) for leaf in leaves for way in WAYS]
    weighed = np.array([(leaf, way) in adverse for leaf, way, _ in columns], dtype=np.bool_)
    order: dict[bytes, int] = {}
    firsts: list[dict[bytes, Facts]] = []
    for said, facts in days:
        firsts.append({})
        for row, fact in zip(said, facts, strict=True):
            key = row.tobytes()
            firsts[-1].setdefault(key, fact)
            order.setdefault(key, _oddity(row, weighed, fact, fields))
    keys = sorted(order, key=lambda key: order[key])  # stable: else as they were thought of
    table = np.array([np.frombuffer(key, dtype=np.int8) for key in keys]).reshape(len(keys), -1)
    return Axis(
        fields,
        tuple(tuple(found.get(key) for key in keys) for found in firsts),
        {column: tuple(table[:, n].tolist()) for n, column in enumerate(columns)},
    )


WAYS: Final = (True, False)


def say(
    frame: pd.DataFrame, leaves: Sequence[Leaf], readings: Sequence[Reading], today: date
) -> Said:
    """Return what the evaluator says: for every reading each leaf, and each one's opposite."""
    columns = []
    for reading in readings:
        evaluation = Evaluation(Columns(frame), reading.harmless, today)
        for leaf in leaves:
            for way in WAYS:
                truth = evaluation.truth(leaf, positive=way)
                columns.append(np.where(truth.true, TRUE, np.where(truth.false, FALSE, UNKNOWN)))
    if not columns:
        return np.zeros((len(frame), 0), dtype=np.int8)
    return np.stack(columns, axis=1).astype(np.int8)


def _oddity(row: Said, weighed: NDArray[np.bool_], facts: Facts, fields: Iterable[str]) -> int:
    """Return how far a point is from a leaver about whom there is nothing to say."""
    odd = int((row[weighed] == TRUE).sum()) if row.size else 0
    for field in fields:
        if field not in facts:
            odd += _PENALTY_UNMAPPED
        elif facts[field] is None:
            odd += _PENALTY_UNKNOWN
    return odd


def _values(field: str, leaves: Sequence[Leaf]) -> Sequence[Any]:
    """Return known values of a field, of which every other is like one."""
    kind = FIELD_TYPES[field]
    if field in STATE_FIELDS:
        return (YES, NO) if field == HAS_LEFT else (NO, YES)
    if field in KNOWN_CODES and field != "do_not_consider":
        return [str(code) for code in KNOWN_CODES[field]]
    if kind is FieldType.INTEGER:
        return _numbers(field, leaves)
    if kind is FieldType.TAGS:
        return [()]
    texts = distinct_texts(leaves)
    return (NO, YES, *texts) if field == "do_not_consider" else texts


def _numbers(field: str, leaves: Iterable[Leaf]) -> list[int]:
    """Return the bounds of a number, with their neighbours, the usual one first."""
    usual = int(USUAL.get(field, 0))
    found = {usual}
    for leaf in leaves:
        bounds: Iterable[object] = ()
        match leaf:
            case OneOf(_, named):
                bounds = named
            case Compare():
                bounds = (leaf.bound,)
            case _:
                pass
        found |= {n + step for n in bounds if isinstance(n, int) for step in (-1, 0, 1)}
    return sorted(found, key=lambda number: (abs(number - usual), number))


def tag_of(leaf: Leaf) -> str | None:
    """Return the tag that a leaf asks for; None for any other leaf."""
    if isinstance(leaf, Contains) and FIELD_TYPES[leaf.field] is FieldType.TAGS:
        return leaf.value
    return None
