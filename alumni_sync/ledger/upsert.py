"""Bulk writes: one prepared statement, many rows, the same on both databases.

Never one object a row (slow), never thousands of rows in one VALUES (PostgreSQL allows 65,535
parameters a statement): the driver's executemany.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import repeat
from operator import itemgetter
from typing import Any, Final, TypeVar

from sqlalchemy import (
    BindParameter,
    Connection,
    Insert,
    Table,
    Update,
    bindparam,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from alumni_sync.ledger import prepared

CHUNK: Final = 500
"""How many rows a short transaction writes, or a page of opened records holds in memory."""

Row = Mapping[str, Any]
T = TypeVar("T")


def execute_many(connection: Connection, statement: Insert | Update, rows: Sequence[Row]) -> int:
    """Run one statement for many rows; return how many rows of the database it touched.

    What `connection.execute(statement, rows)` does, without a dictionary of parameters built anew
    for each row: that alone costs as much as the insertion. For an `Update`, rows have the names
    of its `bindparam`s.

    Args:
        connection: of a write transaction.
        statement: an insert or update, whose values come from `rows`.
        rows: all with the keys of the first; what they leave out takes its column's default.
    """
    if not rows:
        return 0
    if len(rows) == 1:
        plan = prepared.plan(statement, connection.dialect, tuple(rows[0]))
        given = prepared.parameters(plan, rows[0])
        return int(prepared.send(connection, plan.sql, given).rowcount)
    plan = prepared.plan(statement, connection.dialect, _given(statement, rows))
    parameters: list[Any]
    if plan.positional:
        parameters = list(zip(*(_column(rows, plan.plain, *s) for s in plan.steps), strict=True))
    else:
        names = [name for name, _ in plan.steps]
        columns = [list(_column(rows, plan.plain, *step)) for step in plan.steps]
        parameters = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    result = connection.exec_driver_sql(
        plan.sql,
        parameters,
        execution_options={"preserve_rowcount": True},  # psycopg would say -1, which is true
    )
    return int(result.rowcount)


def _given(statement: Insert | Update, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the columns that rows have values for.

    One that is null in all of them is left out of an insert, which comes to the same: drivers take
    longer over a null than over a text.
    """
    first = rows[0]
    if None not in first.values() or not isinstance(statement, Insert):
        return tuple(first)
    columns = statement.table.c
    return tuple(
        name
        for name, value in first.items()
        if value is not None
        or columns[name].default is not None
        or any(row[name] is not None for row in rows)
    )


def _column(
    rows: Sequence[Row],
    plain: Mapping[str, object],
    name: str,
    processor: Callable[[Any], object] | None,
) -> Iterable[object]:
    """Return one parameter of every row, as the driver takes it."""
    values: Iterable[object]
    values = repeat(plain[name], len(rows)) if name in plain else map(itemgetter(name), rows)
    return values if processor is None else map(processor, values)


def _insert(dialect: str, table: Table) -> Any:  # noqa: ANN401 the two dialects share no base with on_conflict
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _inserting(table: Table) -> Insert:
    return table.insert()


@cache
def _ignoring(dialect: str, table: Table, key: tuple[str, ...]) -> Insert:
    statement: Insert = _insert(dialect, table).on_conflict_do_nothing(index_elements=list(key))
    return statement


@cache
def _setting(table: Table, columns: tuple[str, ...]) -> Update:
    values: dict[str, BindParameter[Any]] = {name: bindparam(f"new_{name}") for name in columns}
    return update(table).where(table.c.id == bindparam("which")).values(values)


def update_row(connection: Connection, table: Table, which: str, values: Row) -> None:
    """Set columns of the row whose `id` is `which`."""
    new = {f"new_{name}": value for name, value in values.items()}
    execute_many(connection, _setting(table, tuple(values)), [{"which": which, **new}])


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows`; all must have the same keys."""
    execute_many(connection, _inserting(table), rows)


def insert_ignore(
    connection: Connection, table: Table, rows: Sequence[Row], *, key: Sequence[str]
) -> int:
    """Insert the rows whose `key` is not there yet; return how many were."""
    statement = _ignoring(connection.dialect.name, table, tuple(key))
    return execute_many(connection, statement, rows)


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    update: Sequence[str],
) -> None:
    """Insert `rows`; where `key` is there already, overwrite the columns in `update`."""
    statement = _insert(connection.dialect.name, table)
    statement = statement.on_conflict_do_update(
        index_elements=list(key),
        set_={column: statement.excluded[column] for column in update},
    )
    execute_many(connection, statement, rows)


def in_chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Yield `values` in pieces of `size`."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
