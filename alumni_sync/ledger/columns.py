"""Kinds of columns that are the same on both databases."""

from datetime import UTC, datetime
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
    """An aware datetime, kept in UTC on both databases (SQLite has no time zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a datetime in the ledger must be aware"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value aware, in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


SEQUENCE: Final = BigInteger().with_variant(Integer, "sqlite")
"""An autoincrementing key: SQLite gives one only to INTEGER."""


def when_column(*, nullable: bool = True, index: bool = False) -> Any:  # noqa: ANN401 SQLModel's Field is untyped
    """Return the field of an aware instant."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable, index=index))


def sealed_column(*, nullable: bool = False) -> Any:  # noqa: ANN401 SQLModel's Field is untyped
    """Return the field of a sealed value (see `ledger.vault`)."""
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


def sequence_column() -> Any:  # noqa: ANN401 SQLModel's Field is untyped
    """Return the field of an autoincrementing primary key."""
    return Field(default=None, sa_column=Column(SEQUENCE, primary_key=True, autoincrement=True))


def json_column() -> Any:  # noqa: ANN401 SQLModel's Field is untyped
    """Return the field of a JSON value that is never personal."""
    return Field(default=None, sa_column=Column(JSON, nullable=False))
