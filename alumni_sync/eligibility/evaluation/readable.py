"""Facts of the ledger's JSON as columns, whatever stands in them.

A fact that is not what its field holds (a word where a day belongs, a day that no calendar has)
must stop nobody else's verdict: it is unknown, and said to be unreadable.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from alumni_sync.domain import FieldType

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]

_ISO_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
NUMBERS: Final = 2**53
"""From here on a float does not hold every whole number."""

_NONE: Final = type(None)
_PYTHON: Final = {
    FieldType.TEXT: str,
    FieldType.CODE: str,
    FieldType.DATE: str,
    FieldType.INTEGER: int,
}


def column_of(values: Sequence[Any], kind: FieldType) -> tuple[Any, Mask | None]:
    """Return the column of a field, and the rows whose value cannot be read (None: all can).

    Text and codes become a categorical, so that every operator looks at each distinct value once;
    days are `M8[D]`, numbers floats, tags tuples of text.
    """
    if _all_plain(values, kind):
        try:
            return _typed(values, kind), None
        except (ValueError, OverflowError):
            pass  # somewhere there is a day or number that does not exist: look at each
    unreadable = np.fromiter((not _is_readable(value, kind) for value in values), np.bool_)
    cleaned = [None if bad else value for value, bad in zip(values, unreadable, strict=True)]
    return _typed(cleaned, kind), unreadable


def _all_plain(values: Sequence[Any], kind: FieldType) -> bool:
    """Say whether every value is of the type that a field has in JSON, at a glance."""
    if kind is FieldType.TAGS:
        return all(_is_readable(value, kind) for value in values)
    if not set(map(type, values)) <= {_PYTHON[kind], _NONE}:
        return False
    return kind is not FieldType.DATE or set(map(len, filter(None, values))) <= {10}


def _is_readable(value: object, kind: FieldType) -> bool:
    match value:
        case None:
            return True
        case str():
            return kind in {FieldType.TEXT, FieldType.CODE} or (
                kind is FieldType.DATE and _is_day(value)
            )
        case bool():
            return False
        case int():
            return kind is FieldType.INTEGER and abs(value) < NUMBERS
        case list() | tuple():
            return kind is FieldType.TAGS and all(isinstance(item, str) for item in value)
        case _:
            return False


def _is_day(text: str) -> bool:
    if not _ISO_DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _typed(values: Sequence[Any], kind: FieldType) -> Any:  # noqa: ANN401 an array or categorical
    match kind:
        case FieldType.DATE:
            return np.array(["NaT" if value is None else value for value in values], dtype="M8[D]")
        case FieldType.INTEGER:
            return _numbers(values)
        case FieldType.TAGS:
            return objects([None if value is None else tuple(value) for value in values])
        case FieldType.TEXT | FieldType.CODE:
            return categorical(objects(values))


def _numbers(values: Sequence[int | None]) -> NDArray[np.float64]:
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if (np.abs(numbers) >= NUMBERS).any():
        raise OverflowError
    return numbers


def categorical(values: NDArray[np.object_]) -> "pd.Categorical":
    """Return text with each distinct value once."""
    import pandas as pd  # noqa: PLC0415 most processes judge nobody

    codes, distinct = pd.factorize(values)
    return pd.Categorical.from_codes(codes, pd.Index(distinct, dtype=object))


def objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """Return an object array of one dimension, also of tuples."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
