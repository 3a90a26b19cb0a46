"""The ledger's schema and its migrations (Alembic, run in process)."""

from pathlib import Path
from typing import Final

from sqlalchemy import Engine, column, inspect, select, table

import alumni_sync.ledger.mail_tables
import alumni_sync.ledger.queue_tables
import alumni_sync.ledger.request_tables
import alumni_sync.ledger.rule_tables
import alumni_sync.ledger.tables  # noqa: F401 the schema is the tables of these modules

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_VERSION: Final = table("alembic_version", column("version_num"))


def pending_migrations(engine: Engine) -> list[str]:
    """Return the revisions that the database does not have yet, oldest first.

    Without Alembic, whose import takes longer than all else that opening a ledger does: nearly
    always there are none.
    """
    known = revisions()
    with engine.connect() as connection:
        if not inspect(connection).has_table(_VERSION.name):
            return known
        heads = connection.execute(select(_VERSION.c.version_num)).scalars().all()
    return known[max((known.index(head) + 1 for head in heads), default=0) :]


def revisions() -> list[str]:
    """Return all revisions, oldest first: the names of their files begin with them."""
    names = sorted(path.name for path in (_SCRIPTS / "versions").glob("*.py"))
    return [name.partition("_")[0] for name in names]


def migrate(engine: Engine) -> list[str]:
    """Bring the schema up to date; return the revisions that were applied."""
    behind = pending_migrations(engine)
    if behind:
        _upgrade(engine)
    return behind


def _upgrade(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 see `pending_migrations`
    from alembic.config import Config  # noqa: PLC0415 likewise

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    with engine.connect() as plain, plain.begin() as _:
        config.attributes["connection"] = plain
        command.upgrade(config, "head")
