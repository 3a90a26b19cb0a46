"""`among`: a condition for any number of values, as one parameter of one statement.

`column IN (?, ?, …)` has a parameter a value: databases limit how many, and SQLAlchemy writes the
statement anew for each of them, which for short look-ups takes longer than the look-up.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import BindParameter, ColumnElement, bindparam, column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Elements(FunctionElement[str]):
    """The elements of a JSON array as rows, in a column that both databases call `value`."""

    inherit_cache = True
    name = "elements"


def among(of: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """Say that a text column is one of `values`, of which there may be thousands."""
    array: BindParameter[str] = bindparam(None, orjson.dumps(list(values)).decode(), unique=True)
    rows = _Elements(array).table_valued(column("value"))
    return of.in_(select(rows.c.value))


@compiles(_Elements, "sqlite")
def _on_sqlite(element: _Elements, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 SQLAlchemy's
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_Elements, "postgresql")
def _on_postgresql(element: _Elements, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 SQLAlchemy's
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **kw)} AS JSON))"
