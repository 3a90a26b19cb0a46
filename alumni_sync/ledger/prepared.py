"""Statements that are made once and then go straight to the driver: what every page repeats.

Executing a statement, SQLAlchemy builds a context, a cursor result and its metadata each time; for
a row by its key that is many times what the look-up takes. So the statement is still SQLAlchemy's
(its SQL for either database, its types' conversions both ways), and only its execution is ours.
Whoever listens to executions (tests, tracing) still hears of each: then SQLAlchemy executes.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import Boolean, Connection, Date, Dialect, Engine, Insert, Row, Select, Update
from sqlalchemy.engine.result import result_tuple
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from alumni_sync.turns import aside

_Converter = Callable[[Any], object] | None
_MORE: Final = "[POSTCOMPILE"


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement as the driver takes it: its parameters in order, and what each goes through."""

    sql: str
    positional: bool
    plain: Mapping[str, object]
    steps: Sequence[tuple[str, _Converter]]


@lru_cache(maxsize=512)  # a page writes few rows: making the statement would take most of its time
def plan(
    statement: Insert | Update | Select[Any], dialect: Dialect, columns: tuple[str, ...] | None
) -> Plan:
    """Return how a statement is executed; `columns` are those that an insert is given."""
    keys = None if columns is None else list(columns)
    compiled: Any = statement.compile(dialect=dialect, column_keys=keys)
    plain = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    plain |= {column.key: column.default.arg for column in getattr(compiled, "insert_prefetch", ())}
    names = compiled.positiontup or list(compiled.binds)
    steps = [(name, _to_driver(compiled.binds[name].type, dialect)) for name in names]
    return Plan(str(compiled), bool(compiled.positiontup), plain, steps)


def _to_driver(kind: Any, dialect: Dialect) -> _Converter:  # noqa: ANN401 any SQL type
    """Return what makes a value into one that the driver takes; None where nothing has to.

    What takes few values is remembered; converting one again takes a good part of what inserting
    its row does.
    """
    converter: _Converter = kind.dialect_impl(dialect).bind_processor(dialect)
    if converter is not None and isinstance(kind, Boolean | Date):
        return cache(converter)
    return converter


def send(connection: Connection, sql: str, parameters: Any) -> Any:  # noqa: ANN401 the driver's cursor
    """Execute once on the connection's transaction; return a cursor with the driver's own values.

    Raises:
        DBAPIError: as SQLAlchemy raises it, without the parameters.
    """
    if _is_heard(connection.engine):
        return connection.exec_driver_sql(sql, parameters)
    return _execute(connection.connection.dbapi_connection, connection.dialect, sql, parameters)


def _is_heard(engine: Engine) -> bool:
    """Say whether somebody listens to what is executed."""
    return bool(engine.dispatch.before_cursor_execute)


def _execute(driver: Any, dialect: Dialect, sql: str, parameters: Any) -> Any:  # noqa: ANN401 DBAPI has no types
    errors: Any = dialect.loaded_dbapi
    try:
        return driver.execute(sql, parameters)
    except errors.Error as error:
        raise DBAPIError.instance(
            None, None, error, errors.Error, hide_parameters=True, dialect=dialect
        ) from None


class Query:
    """A query made once; its parameters are the names of its `bindparam`s."""

    def __init__(self, statement: Select[Any]) -> None:
        """Keep `statement`; it is compiled when it is first executed, once a database."""
        self.statement = statement
        self._plans: dict[str, tuple[Plan, _Columns]] = {}

    def first(self, connection: Connection, values: Mapping[str, object]) -> Row[Any] | None:
        """Return the first row within the caller's transaction; None if there is none."""
        plan_, columns = self._plan(connection.dialect)
        found = send(connection, plan_.sql, parameters(plan_, values)).fetchone()
        return None if found is None else columns.row(found)

    def all_on(self, driver: Any, dialect: Dialect, values: Mapping[str, object]) -> list[Row[Any]]:  # noqa: ANN401 DBAPI has no types
        """Return all rows on a connection of the driver's own."""
        plan_, columns = self._plan(dialect)
        found = _execute(driver, dialect, plan_.sql, parameters(plan_, values)).fetchall()
        return [columns.row(one) for one in found]

    def all(self, connection: Connection, values: Mapping[str, object]) -> list[Row[Any]]:
        """Return all rows within the caller's transaction."""
        plan_, columns = self._plan(connection.dialect)
        found = send(connection, plan_.sql, parameters(plan_, values)).fetchall()
        return [columns.row(one) for one in found]

    def _plan(self, dialect: Dialect) -> tuple[Plan, "_Columns"]:
        known = self._plans.get(dialect.name)
        if known is None:
            made = plan(self.statement, dialect, None)
            if _MORE in made.sql:
                msg = "the statement depends on its values: write it without IN"
                raise ValueError(msg)
            known = self._plans[dialect.name] = made, _Columns(self.statement, dialect)
        return known


def parameters(plan_: Plan, values: Mapping[str, object]) -> Any:  # noqa: ANN401 as the driver wants them
    """Return what one execution is given."""
    raw = {**values, **plan_.plain}
    given = [
        raw[name] if converter is None else converter(raw[name]) for name, converter in plan_.steps
    ]
    if plan_.positional:
        return tuple(given)
    return {name: value for (name, _), value in zip(plan_.steps, given, strict=True)}


class _Columns:
    """Makes what the driver gives into rows as SQLAlchemy's are."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        columns = list(statement.selected_columns)
        self._make = result_tuple([str(column.key) for column in columns])
        self._converters = [
            (at, converter)
            for at, column in enumerate(columns)
            if (converter := _from_driver(column.type, dialect)) is not None
        ]

    def row(self, found: Sequence[Any]) -> Row[Any]:
        values = found
        if self._converters:
            values = list(found)
            for at, converter in self._converters:
                values[at] = converter(values[at])
        row: Row[Any] = self._make(values)
        return row


def _from_driver(kind: Any, dialect: Dialect) -> _Converter:  # noqa: ANN401 any SQL type
    impl = kind.dialect_impl(dialect)
    converter: _Converter = impl.result_processor(dialect, None)
    return converter


class LookUps:
    """Queries that are a transaction of their own, and need none begun.

    To take a connection out of the pool and put it back takes longer than to find a row by its key.
    On SQLite, which has nothing to end after a query, the connections for look-ups stay aside.
    """

    def __init__(self, engine: Engine) -> None:
        """Look up on `engine`; nothing is opened before it is needed."""
        self._engine = engine
        self._aside: deque[PoolProxiedConnection] = deque()
        self._keeps = engine.dialect.name == "sqlite"

    def all(self, query: Query, values: Mapping[str, object]) -> list[Row[Any]]:
        """Return all rows of a query."""
        if self._keeps:
            return self._all(query, values)
        with aside():  # PostgreSQL is another program
            return self._all(query, values)

    def _all(self, query: Query, values: Mapping[str, object]) -> list[Row[Any]]:
        if _is_heard(self._engine):
            with self._engine.connect() as heard:
                return query.all(heard, values)
        connection = self._taken()
        try:
            rows = query.all_on(connection.dbapi_connection, self._engine.dialect, values)
        except BaseException:
            connection.close()
            raise
        if self._keeps:
            self._aside.append(connection)
        else:
            connection.close()  # the pool rolls back, which ends what the driver has begun
        return rows

    def _taken(self) -> PoolProxiedConnection:
        with suppress(IndexError):
            return self._aside.pop()
        connection = self._engine.raw_connection()
        if self._keeps:
            connection.detach()
        return connection

    def close(self) -> None:
        """Close what is aside."""
        while self._aside:
            self._aside.pop().close()
