"""Bulk writes: one prepared statement, many rows, the same on both databases.

Never one object a row (slow), never thousands of rows in one VALUES (PostgreSQL allows 65,535
parameters a statement): the driver's executemany.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

IN_LIMIT: Final = 500
"""How many values one IN (…) gets; small enough for both databases' limits and planners."""

Row = Mapping[str, Any]


def _insert(connection: Connection, table: Table) -> Any:  # noqa: ANN401 the two dialects share no base with on_conflict
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows`; all must have the same keys."""
    if rows:
        connection.execute(table.insert(), list(rows))


def insert_ignore(
    connection: Connection, table: Table, rows: Sequence[Row], *, key: Sequence[str]
) -> int:
    """Insert the rows whose `key` is not there yet; return how many were."""
    if not rows:
        return 0
    statement = (
        _insert(connection, table)
        .on_conflict_do_nothing(index_elements=list(key))
        .execution_options(preserve_rowcount=True)  # psycopg would say -1, which is true
    )
    return int(connection.execute(statement, list(rows)).rowcount)


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    update: Sequence[str],
) -> None:
    """Insert `rows`; where `key` is there already, overwrite the columns in `update`."""
    if not rows:
        return
    statement = _insert(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=list(key),
        set_={column: statement.excluded[column] for column in update},
    )
    connection.execute(statement, list(rows))


def in_chunks(values: Sequence[str], size: int = IN_LIMIT) -> Iterator[Sequence[str]]:
    """Yield `values` in pieces that fit one IN (…)."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
