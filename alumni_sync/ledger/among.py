"""`among`: a condition for any number of values, as one parameter of one statement.

`column IN (?, ?, …)` has a parameter a value: databases limit how many, and SQLAlchemy writes the
statement anew for each of them, which for short look-ups takes longer than the look-up.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson
from sqlalchemy import BindParameter, ColumnElement, Dialect, String, bindparam, column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator


class _Array(TypeDecorator[Iterable[str]]):
    """Texts as a JSON array."""

    impl = String
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Iterable[str] | None], str]:
        """Return what writes the array."""
        del dialect
        return lambda values: orjson.dumps(list(values or ())).decode()


class _Elements(FunctionElement[str]):
    """The elements of a JSON array as rows, in a column that both databases call `value`."""

    inherit_cache = True
    name = "elements"


_VALUES: Final[BindParameter[Iterable[str]]] = bindparam("among", type_=_Array())


def among(of: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say that a text column is one of the parameter `among`: any number of texts.

    They are a parameter of the execution, `execute(query, {"among": ids})`, and no part of the
    statement: a statement lives on until cycles are collected, and bulk work does that seldom.
    """
    return of.in_(select(_Elements(_VALUES).table_valued(column("value")).c.value))


@compiles(_Elements, "sqlite")
def _on_sqlite(element: _Elements, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 SQLAlchemy's
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_Elements, "postgresql")
def _on_postgresql(element: _Elements, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 SQLAlchemy's
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **kw)} AS JSON))"
