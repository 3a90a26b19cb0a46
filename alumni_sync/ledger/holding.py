"""`holding`: a condition on bytes, that some other bytes stand somewhere in them.

For the rare search through the whole record: no index helps, every row is read.
"""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, LargeBinary, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Holding(FunctionElement[bool]):
    """Whether the second bytes stand in the first."""

    inherit_cache = True
    name = "holding"
    type = Boolean()


def holding(of: ColumnElement[Any], part: bytes) -> ColumnElement[bool]:
    """Say that `part` stands somewhere in the bytes of a column."""
    return _Holding(of, literal(part, LargeBinary))


@compiles(_Holding, "sqlite")
def _on_sqlite(element: _Holding, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 SQLAlchemy's
    of, part = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"instr({of}, {part}) > 0"


@compiles(_Holding, "postgresql")
def _on_postgresql(element: _Holding, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 SQLAlchemy's
    of, part = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"position({part} IN {of}) > 0"
