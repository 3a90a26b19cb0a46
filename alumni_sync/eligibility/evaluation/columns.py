"""Columns as the operators need them: distinct values with their positions, days, numbers.

A frame has one column a field. An empty cell (None, NaN, NaT) is unknown. A field without a column
is one that the source's mapping does not have, for every row; where only some rows lack it, a
boolean column named by `unmapped_column` says which. One named by `unreadable_column` says where a
value was that is none.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from alumni_sync.domain import FieldType
from alumni_sync.eligibility.evaluation.kleene import Mask
from alumni_sync.eligibility.evaluation.readable import column_of, objects
from alumni_sync.eligibility.language.clauses import Duration
from alumni_sync.eligibility.language.fields import FIELD_TYPES

if TYPE_CHECKING:
    import pandas as pd

Days = NDArray[np.datetime64]
Numbers = NDArray[np.float64]
Positions = NDArray[np.signedinteger[Any]]

NO_DAY: Final = np.datetime64("NaT", "D")
FIRST_DAY: Final = np.datetime64(date.min, "D")
LAST_DAY: Final = np.datetime64(date.max, "D")
_ONE_DAY: Final = np.timedelta64(1, "D")


def unmapped_column(field: str) -> str:
    """Return the name of the column that says in which rows `field` is not mapped at all."""
    return f"{field}:unmapped"


def unreadable_column(field: str) -> str:
    """Return the name of the column that says in which rows `field` holds what it cannot hold."""
    return f"{field}:unreadable"


def build_frame(records: Sequence[Mapping[str, Any]], fields: Sequence[str]) -> "pd.DataFrame":
    """Return a frame of records as the ledger's JSON has them.

    Args:
        records: canonical field → value; dates as ISO text, tags as lists. A missing key is
            "not mapped", None is unknown, and so is what the field cannot hold.
        fields: the columns to build.
    """
    import pandas as pd  # noqa: PLC0415 most processes judge nobody

    columns: dict[str, Any] = {}
    for field in fields:
        values = [record.get(field) for record in records]
        absent = np.fromiter((field not in record for record in records), np.bool_, len(records))
        if absent.all() and len(records):
            continue
        columns[field], unreadable = column_of(values, FIELD_TYPES[field])
        if absent.any():
            columns[unmapped_column(field)] = absent
        if unreadable is not None and unreadable.any():
            columns[unreadable_column(field)] = unreadable
    return pd.DataFrame(columns, index=pd.RangeIndex(len(records)))


class Columns:
    """The columns of a frame, each prepared once however many rules look at it."""

    def __init__(self, frame: "pd.DataFrame") -> None:
        """Look at `frame`; it is never changed."""
        self._frame = frame
        self._distinct: dict[str, tuple[Positions, list[Any]]] = {}
        self._days: dict[str, Days] = {}
        self._numbers: dict[str, Numbers] = {}
        self._known: dict[str, Mask] = {}
        self.rows = len(frame)

    def unmapped(self, field: str) -> Mask | None:
        """Return the rows whose source has no such field; None where all have it."""
        if field not in self._frame.columns:
            return np.ones(self.rows, dtype=np.bool_)
        return self._marked(unmapped_column(field))

    def unreadable(self, field: str) -> Mask | None:
        """Return the rows in which something stands that the field cannot hold; None for none."""
        return self._marked(unreadable_column(field))

    def _marked(self, name: str) -> Mask | None:
        if name not in self._frame.columns:
            return None
        return self._frame[name].to_numpy(dtype=np.bool_)

    def known(self, field: str) -> Mask:
        """Return the rows that have a value."""
        if field not in self._known:
            match FIELD_TYPES[field]:
                case FieldType.DATE:
                    self._known[field] = ~np.isnat(self.days(field))
                case FieldType.INTEGER:
                    self._known[field] = ~np.isnan(self.numbers(field))
                case FieldType.TEXT | FieldType.CODE | FieldType.TAGS:
                    self._known[field] = self.distinct(field)[0] >= 0
        return self._known[field]

    def distinct(self, field: str) -> tuple[Positions, list[Any]]:
        """Return each row's position in the list of distinct values (-1: none), and that list.

        Text is folded for comparison; operators look at each distinct value once, not at each row.
        """
        if field not in self._distinct:
            positions, values = self._factorized(field)
            self._distinct[field] = (positions, [fold(value) for value in values])
        return self._distinct[field]

    def _factorized(self, field: str) -> tuple[Positions, Sequence[Any]]:
        if field not in self._frame.columns:
            return np.full(self.rows, -1, dtype=np.int8), ()
        import pandas as pd  # noqa: PLC0415 most processes judge nobody

        column = self._frame[field].array
        if isinstance(column, pd.Categorical):
            values = column.categories.to_numpy()
            if len(values) <= self.rows:
                return column.codes, values.tolist()
            positions, used = pd.factorize(column.codes, use_na_sentinel=False)  # a part of a page
            return np.where(column.codes < 0, -1, positions), values[used].tolist()
        positions, values = pd.factorize(column.to_numpy())
        return positions, objects(values).tolist()

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
