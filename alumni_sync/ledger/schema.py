"""The ledger's schema and its migrations (Alembic, run in process)."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

import alumni_sync.ledger.mail_tables
import alumni_sync.ledger.queue_tables
import alumni_sync.ledger.request_tables
import alumni_sync.ledger.rule_tables
import alumni_sync.ledger.tables  # noqa: F401 the schema is the tables of these modules


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def pending_migrations(engine: Engine) -> list[str]:
    """Return the revisions that the database does not have yet, oldest first."""
    with engine.connect() as connection:
        heads = set(MigrationContext.configure(connection).get_current_heads())
    known = _revisions()
    if heads:
        known = known[: min(known.index(head) for head in heads)]
    return list(known[::-1])


@cache
def _revisions() -> tuple[str, ...]:
    """Return all revisions, newest first; reading the scripts takes longer than asking for one."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in scripts)


def migrate(engine: Engine) -> list[str]:
    """Bring the schema up to date; return the revisions that were applied."""
    behind = pending_migrations(engine)
    if behind:
        config = _config()
        with engine.connect() as plain, plain.begin() as _:
            config.attributes["connection"] = plain
            command.upgrade(config, "head")
    return behind
