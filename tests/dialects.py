"""What one test compiled is there for the next: a test has an engine of its own, for a second.

SQLAlchemy keeps compiled statements per engine and dialect object. A server has one engine for its
life; the tests open thousands, and compiling the same statements anew took a tenth of their time.
"""

from typing import Final

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

_COMPILED: Final[LRUCache[object, object]] = LRUCache(2_000)


class _Alike:
    """A dialect that equals every other of its class: all are of one driver and one server."""

    def __eq__(self, other: object) -> bool:
        """Compare classes: what a dialect is made with is the same for all engines of the tests."""
        return type(self) is type(other)

    def __hash__(self) -> int:
        """Agree with `__eq__`."""
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Give a new engine the statements of all."""
        engine.update_execution_options(compiled_cache=_COMPILED)


class Sqlite(_Alike, SQLiteDialect_pysqlite):
    """SQLite as the product uses it."""

    supports_statement_cache = True


class Postgresql(_Alike, PGDialect_psycopg):
    """PostgreSQL as the product uses it."""

    supports_statement_cache = True


def share_compiled_statements() -> None:
    """Let every engine of this process take these dialects."""
    registry.register("sqlite", __name__, Sqlite.__name__)
    registry.register("postgresql.psycopg", __name__, Postgresql.__name__)
