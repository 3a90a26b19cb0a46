"""The application role on PostgreSQL: it can add to the evidence, never change or remove it.

Triggers refuse that to everybody, but whoever owns a table can switch its triggers off. So the
tables belong to one role, which migrates and restores, and the programs work as another one.
"""

import re
from collections.abc import Iterator
from typing import Final

from sqlmodel import SQLModel

import alumni_sync.ledger.schema  # noqa: F401 it knows every module that has tables
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.tables import ConsentEvent, Erasure, NoticeBlob, t

EVIDENCE: Final = tuple(sorted(t(each).name for each in (ConsentEvent, Erasure, NoticeBlob)))
"""What is only ever added to: the events, the exact texts they name, and who was erased."""

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def application_role(name: str) -> Iterator[str]:
    """Yield the SQL that makes the role `name`, or brings an existing one's rights up to date.

    To be run by the owner of the ledger's tables, in its database, after every migration.

    Raises:
        ConfigError: `name` would need quotes.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError.of("the role", "may have a-z, 0-9 and underscore only")
    others = sorted(set(SQLModel.metadata.tables) - set(EVIDENCE))
    yield (
        f"DO $$ BEGIN CREATE ROLE {name} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}"
    yield f"GRANT USAGE ON SCHEMA public TO {name}"
    yield f"GRANT SELECT ON alembic_version TO {name}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_named(others)} TO {name}"
    yield f"GRANT SELECT, INSERT ON {_named(EVIDENCE)} TO {name}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}"


def _named(tables: list[str] | tuple[str, ...]) -> str:
    """Return names of tables for a statement; some are words of SQL."""
    return ", ".join(f'"{table}"' for table in tables)
