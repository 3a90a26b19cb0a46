"""Engines and transactions on SQLite (WAL) and PostgreSQL (psycopg 3), with errors made harmless.

SQLite writers take the lock at once (BEGIN IMMEDIATE), so that a read which turns into a write
never fails half-way. Driver, database and pydantic messages contain values: `harmless_errors`
replaces them by type and code, and drops the original so that no logger can find it.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from alumni_sync.errors import ConfigError, LedgerError
from alumni_sync.turns import aside

BUSY_MILLISECONDS: Final = 30_000
"""How long a SQLite writer waits for another; transactions here are short, so this is a fault."""

CONNECTIONS: Final = 10
"""How many stay open; more than that many threads at once open (and close) their own."""

_WRITE: Final = "alumni_sync_write"
_TURNS: Final[WeakKeyDictionary[Engine, threading.Lock]] = WeakKeyDictionary()
"""Whose turn it is to write, among this process's threads, on SQLite."""


def make_engine(url: str, *, secure_delete: bool = False) -> Engine:
    """Return an engine for `sqlite:///…` or `postgresql+psycopg://…`.

    Args:
        url: SQLAlchemy URL.
        secure_delete: overwrite deleted content with zeros (SQLite; for the key store).

    Raises:
        ConfigError: the URL is malformed or names a database that is not supported.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        raise ConfigError.of("database url", "is not a database URL") from None
    if backend not in {"sqlite", "postgresql"}:
        raise ConfigError.of(
            "database url", f"{backend} is not supported", "use sqlite:/// or postgresql+psycopg://"
        )
    if backend == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        _make_file(Path(str(parsed.database)))
    engine = create_engine(
        url, hide_parameters=True, pool_pre_ping=backend == "postgresql", pool_size=CONNECTIONS
    )
    if backend == "sqlite":
        _prepare_sqlite(engine, secure_delete=secure_delete)
    return engine


def _make_file(path: Path) -> None:
    """Make an empty database file that only its owner can read, where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)


def _prepare_sqlite(engine: Engine, *, secure_delete: bool) -> None:
    """Set pragmas on each connection, and begin transactions ourselves."""
    _TURNS[engine] = threading.Lock()

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:  # noqa: ANN401 a DBAPI connection has no type
        connection.isolation_level = None  # sqlite3 would begin late and deferred
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # a claim must survive a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA secure_delete = {'ON' if secure_delete else 'FAST'}")
        cursor.close()

    # Not by an event for "begin": where an engine has one, every statement asks for listeners.
    engine.dialect.do_begin = _begin  # type: ignore[assignment,method-assign]  # its one hook


def _begin(connection: Any) -> None:  # noqa: ANN401 SQLAlchemy's proxy of a DBAPI connection
    if not connection.info.pop(_WRITE, False):  # else see `transaction`
        connection.dbapi_connection.execute("BEGIN")


def _describe(error: SQLAlchemyError | ValidationError) -> str:
    """Return type and code of an error, nothing of its message."""
    if isinstance(error, ValidationError):
        kinds = sorted({f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors()})
        return f"ValidationError of {error.title} ({'; '.join(kinds)})"
    if isinstance(error, DBAPIError):
        cause = error.orig
        code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
        return f"{type(error).__name__} {code or type(cause).__name__}"
    return type(error).__name__


@contextmanager
def harmless_errors() -> Iterator[None]:
    """Turn database and validation errors into `LedgerError`s that carry no value.

    `from None` only hides the original from a traceback; loggers and Dagster can still walk to it
    through `__context__`, so that is cut as well.
    """
    try:
        yield
    except (SQLAlchemyError, ValidationError) as error:
        harmless = LedgerError(_describe(error))
    else:
        return
    try:
        raise harmless
    except LedgerError:
        harmless.__context__ = None
        raise


@contextmanager
def transaction(engine: Engine, *, write: bool) -> Iterator[Connection]:
    """Yield a connection within one transaction; committed at the end, rolled back on error."""
    with (
        harmless_errors(),
        _turn(engine, write=write),
        engine.connect() as plain,
        ExitStack() as committed,
    ):
        plain.connection.info[_WRITE] = write
        with plain.begin():
            if write and engine in _TURNS:
                with aside():
                    plain.exec_driver_sql("BEGIN IMMEDIATE")
            yield plain
            if write:
                committed.enter_context(aside())  # what comes now waits for the disk


@contextmanager
def _turn(engine: Engine, *, write: bool) -> Iterator[None]:
    """Let the threads of this process write one after the other on SQLite.

    SQLite lets a writer look again every few milliseconds, up to a hundred; with fifty people at
    the site that is most of the time. Other processes are still waited for in that way.
    PostgreSQL is another program: whatever it is asked for is waited for.
    """
    if engine not in _TURNS:
        with aside():
            yield
        return
    if not write:
        yield
        return
    lock = _TURNS[engine]
    with aside():
        mine = lock.acquire(timeout=BUSY_MILLISECONDS / 1000)  # else SQLite says that it is busy
    try:
        yield
    finally:
        if mine:
            lock.release()
