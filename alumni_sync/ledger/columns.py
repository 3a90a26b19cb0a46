"""Kinds of columns that are the same on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC on both databases (SQLite has no time zones, only text)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object]:
        """Refuse naive values; give UTC, to SQLite as the text that SQLAlchemy would write."""
        return _to_text if dialect.name == "sqlite" else _to_utc

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        """Give the value back aware, in UTC."""
        del coltype
        return _from_text if dialect.name == "sqlite" else _to_utc


def _to_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        msg = "a datetime in the ledger must be aware"
        raise ValueError(msg)
    return value.astimezone(UTC)


@lru_cache(maxsize=4096)
def _to_text(value: datetime | None) -> str | None:
    """Return SQLite's text; a page has few different instants, so they are remembered."""
    utc = _to_utc(value)
    return None if utc is None else utc.replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(maxsize=4096)
def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


class Bytes(LargeBinary):
    """Bytes as they are: both drivers take and give them so, and there is one in every row.

    SQLAlchemy would have each go through a function of Python, there and back.
    """

    def bind_processor(self, dialect: Dialect) -> None:
        """Give the driver what it is given."""
        del dialect

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Return what the driver gives."""
        del dialect, coltype


SEQUENCE: Final = BigInteger().with_variant(Integer, "sqlite")
"""An autoincrementing key: SQLite gives one only to INTEGER."""


def when_column(*, nullable: bool = True, index: bool = False) -> Any:  # noqa: ANN401 SQLModel's Field is untyped
    """Return the field of an aware instant."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def sealed_column(*, nullable: bool = False) -> Any:  # noqa: ANN401 SQLModel's Field is untyped
    """Return the field of a sealed value (see `ledger.vault`)."""
    return Field(default=None, sa_column=Column(Bytes, nullable=nullable))


def sequence_column() -> Any:  # noqa: ANN401 SQLModel's Field is untyped
    """Return the field of an autoincrementing primary key."""
    return Field(default=None, sa_column=Column(SEQUENCE, primary_key=True, autoincrement=True))


def json_column(*, nullable: bool = False) -> Any:  # noqa: ANN401 SQLModel's Field is untyped
    """Return the field of a JSON value that is never personal."""
    return Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=nullable))
