"""Invented leavers as columns, chunk by chunk, the same for every run; some facts are missing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from _expressions import TODAY

_CODES: Final[dict[str, dict[str | None, float]]] = {
    "exit_kind": {
        "resignation": 0.5,
        "retirement": 0.1,
        "end_of_contract": 0.1,
        "redundancy": 0.08,
        "mutual_agreement": 0.08,
        "undisclosed": 0.02,
        "performance": 0.03,
        "death": 0.005,
        "misconduct": 0.015,
        "dispute": 0.01,
        "no_show": 0.01,
        "unknown": 0.025,
        "fired": 0.005,
        None: 0.02,
    },
    "worker_type": {"employee": 0.85, "intern": 0.06, "contractor": 0.07, None: 0.02},
    "country": {"PL": 0.5, "DE": 0.3, "AT": 0.08, "RU": 0.1, None: 0.02},
    "record_status": {"left": 0.995, "rescinded": 0.005},
    "do_not_consider": {"no": 0.985, "yes": 0.005, None: 0.01},
    "has_left": {"yes": 0.98, "no": 0.02},
    "employed_still": {"no": 0.99, "yes": 0.01},
    "returning": {"no": 0.99, "yes": 0.01},
    "address_shared": {"no": 0.995, "yes": 0.005},
    "other_exit_adverse": {"no": 0.99, "yes": 0.01},
    "nominated": {"no": 0.99, "yes": 0.01},
}
_TEXTS: Final[dict[str, Sequence[str]]] = {
    "location": [*(f"office {n}" for n in range(37)), *(f"plant {n}" for n in range(3))],
    "department": [*(f"department {n}" for n in range(290)), *(f"research {n}" for n in range(10))],
}
_DAYS: Final = {
    "birth_date": (date(1956, 1, 1), date(2009, 6, 1)),
    "hire_date": (date(1996, 1, 1), date(2025, 12, 1)),
    "exit_date": (date(2023, 1, 1), TODAY),
}
_MISSING: Final = 0.02


def leavers(rows: int, chunk: int) -> Iterator[pd.DataFrame]:
    """Yield frames of at most `chunk` leavers, as `build_frame` would make them."""
    for start in range(0, rows, chunk):
        yield _frame(np.random.default_rng(start), min(chunk, rows - start))


def _frame(random: np.random.Generator, rows: int) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for field, shares in _CODES.items():
        columns[field] = _category(
            random.choice(len(shares), rows, p=list(shares.values())), shares
        )
    for field, values in _TEXTS.items():
        columns[field] = _category(random.integers(0, len(values), rows), values)
    for field, (first, last) in _DAYS.items():
        days = np.datetime64(first, "D") + random.integers(0, (last - first).days, rows)
        days[random.random(rows) < _MISSING] = np.datetime64("NaT")
        columns[field] = days
    levels = random.integers(1, 11, rows).astype(np.float64)
    columns["job_level"] = np.where(random.random(rows) < _MISSING, np.nan, levels)
    return pd.DataFrame(columns)


def _category(positions: Any, values: Any) -> pd.Categorical:  # noqa: ANN401 arrays of numpy
    known = [value for value in values if value is not None]
    codes = np.where(positions < len(known), positions, -1)
    return pd.Categorical.from_codes(codes, pd.Index(known, dtype=object))


def as_dictionaries(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return people as the peers like them: text as it is, days and levels as whole numbers."""
    columns = {}
    for name in map(str, frame):
        column = frame[name]
        if name in _DAYS:
            columns[name] = column.to_numpy().astype("M8[D]").astype(np.int64).tolist()
        elif name == "job_level":
            columns[name] = column.astype(np.int64).tolist()
        else:
            columns[name] = column.tolist()
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def as_records(people: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return people as the ledger's JSON has them: days as text."""
    epoch = date(1970, 1, 1)
    return [
        {
            name: (epoch + timedelta(days=value)).isoformat() if name in _DAYS else value
            for name, value in person.items()
        }
        for person in people
    ]
