"""Columns as the operators need them: distinct values with their positions, days, numbers.

A frame has one column a field. An empty cell (None, NaN, NaT) is unknown. A field without a column
is one that the source's mapping does not have, for every row; where only some rows lack it, a
boolean column named by `unmapped_column` says which.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alumni_sync.domain import FieldType
from alumni_sync.eligibility.clauses import Duration
from alumni_sync.eligibility.fields import FIELD_TYPES
from alumni_sync.eligibility.kleene import Mask

Days = NDArray[np.datetime64]
Numbers = NDArray[np.float64]
Positions = NDArray[np.intp]

NO_DAY: Final = np.datetime64("NaT", "D")
FIRST_DAY: Final = np.datetime64(date.min, "D")
LAST_DAY: Final = np.datetime64(date.max, "D")
_ONE_DAY: Final = np.timedelta64(1, "D")


def unmapped_column(field: str) -> str:
    """Return the name of the column that says in which rows `field` is not mapped at all."""
    return f"{field}:unmapped"


def build_frame(records: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> pd.DataFrame:
    """Return a frame of records as the ledger's JSON has them.

    Args:
        records: canonical field → value; dates as ISO text, tags as lists. A missing key is
            "not mapped", None is unknown.
        fields: the columns to build.
    """
    columns: dict[str, Any] = {}
    for field in fields:
        values = [record.get(field) for record in records]
        absent = np.fromiter((field not in record for record in records), np.bool_, len(records))
        if absent.all() and len(records):
            continue
        columns[field] = _typed(values, FIELD_TYPES[field])
        if absent.any():
            columns[unmapped_column(field)] = absent
    return pd.DataFrame(columns, index=pd.RangeIndex(len(records)))


def _typed(values: list[Any], kind: FieldType) -> Any:  # noqa: ANN401 an array or extension array
    if kind is FieldType.DATE:
        return np.array(["NaT" if value is None else value for value in values], dtype="M8[D]")
    if kind is FieldType.INTEGER:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if kind is FieldType.TAGS:
        return _objects([None if value is None else tuple(value) for value in values])
    return _objects(values)


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """Return an object array of one dimension, also of tuples."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


class Columns:
    """The columns of a frame, each prepared once however many rules look at it."""

    def __init__(self, frame: pd.DataFrame) -> None:
        """Look at `frame`; it is never changed."""
        self._frame = frame
        self._distinct: dict[str, tuple[Positions, list[Any]]] = {}
        self._days: dict[str, Days] = {}
        self._numbers: dict[str, Numbers] = {}
        self.rows = len(frame)

    def unmapped(self, field: str) -> Mask:
        """Return the rows whose source has no such field."""
        if field not in self._frame.columns:
            return np.ones(self.rows, dtype=np.bool_)
        marker = unmapped_column(field)
        if marker in self._frame.columns:
            return self._frame[marker].to_numpy(dtype=np.bool_)
        return np.zeros(self.rows, dtype=np.bool_)

    def known(self, field: str) -> Mask:
        """Return the rows that have a value."""
        if field not in self._frame.columns:
            return np.zeros(self.rows, dtype=np.bool_)
        return self._frame[field].notna().to_numpy(dtype=np.bool_)

    def distinct(self, field: str) -> tuple[Positions, list[Any]]:
        """Return each row's position in the list of distinct values (-1: none), and that list.

        Text is folded for comparison; operators look at each distinct value once, not at each row.
        """
        if field not in self._distinct:
            if field not in self._frame.columns:
                self._distinct[field] = (np.full(self.rows, -1, dtype=np.intp), [])
            else:
                positions, values = pd.factorize(self._frame[field].to_numpy())
                self._distinct[field] = (positions, [fold(value) for value in values])
        return self._distinct[field]

    def days(self, field: str) -> Days:
        """Return the civil days of a date field, NaT where there is none."""
        if field not in self._days:
            if field in self._frame.columns:
                self._days[field] = self._frame[field].to_numpy().astype("M8[D]")
            else:
                self._days[field] = np.full(self.rows, NO_DAY)
        return self._days[field]

    def numbers(self, field: str) -> Numbers:
        """Return the numbers of an integer field, NaN where there is none."""
        if field not in self._numbers:
            if field in self._frame.columns:
                self._numbers[field] = self._frame[field].to_numpy(
                    dtype=np.float64, na_value=np.nan
                )
            else:
                self._numbers[field] = np.full(self.rows, np.nan)
        return self._numbers[field]


def fold(value: Any) -> Any:  # noqa: ANN401 a cell: text, a tuple of texts, or a number
    """Return text, or each tag, in the form in which it is compared."""
    if isinstance(value, str):
        return value.strip().casefold()
    if isinstance(value, tuple):
        return tuple(fold(item) for item in value)
    return value


def shift(days: Days, duration: Duration, *, later: bool) -> Days:
    """Return `days` moved by a duration; a month that is too short ends on its last day.

    What leads out of the calendar is no day (NaT): some systems write 9999-12-31 for "not yet".
    """
    moved = _moved(days, duration, later=later)
    outside = (moved < FIRST_DAY) | (moved > LAST_DAY)
    return np.where(outside, NO_DAY, moved) if outside.any() else moved


def _moved(days: Days, duration: Duration, *, later: bool) -> Days:
    sign = 1 if later else -1
    if duration.months:
        months = days.astype("M8[M]")
        moved = months + np.timedelta64(sign * duration.months, "M")
        last = (moved + np.timedelta64(1, "M")).astype("M8[D]") - _ONE_DAY
        moved_days: Days = np.minimum(moved.astype("M8[D]") + (days - months.astype("M8[D]")), last)
        return moved_days
    return days + np.timedelta64(sign * duration.days, "D")
