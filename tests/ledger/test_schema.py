"""The migrations and the tables say the same; what makes history append-only survives both."""

from importlib.resources import files

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from alumni_sync.ledger.engine import make_engine
from alumni_sync.ledger.schema import migrate, pending_migrations, revisions
from alumni_sync.ledger.store import Ledger, ledger_is_empty


def test_the_migrations_make_what_the_tables_say(ledger: Ledger) -> None:
    """A column that only one of them knows fails at a customer's, after an upgrade."""
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrating_twice_does_nothing(ledger: Ledger) -> None:
    """Every command that writes brings the schema up to date first."""
    assert pending_migrations(ledger.engine) == []
    assert migrate(ledger.engine) == []


def test_revisions_are_those_of_the_scripts() -> None:
    """They are read off file names: a script named otherwise would never be run, or run again."""
    scripts = ScriptDirectory(str(files("alumni_sync.ledger") / "migrations"))

    assert [script.revision for script in scripts.walk_revisions()][::-1] == revisions()


def test_a_new_database_is_empty_until_it_is_migrated(ledger_urls: tuple[str, str]) -> None:
    """Only for an empty ledger may a deployment key be made."""
    url = ledger_urls[1]  # the key store's database: no ledger was ever there
    assert ledger_is_empty(url)

    engine = make_engine(url)
    assert migrate(engine) == ["0001"]
    engine.dispose()

    assert not ledger_is_empty(url)


def test_consent_events_are_append_only_in_the_schema(ledger: Ledger) -> None:
    """A migration that rebuilds the table would lose its triggers without a word."""
    with ledger.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            query = "SELECT name FROM sqlite_master WHERE type='trigger' ORDER BY name"
            expected = ["consent_event_no_DELETE", "consent_event_no_UPDATE"]
        else:
            query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
            expected = ["consent_event_no_change", "consent_event_no_truncate"]

        assert connection.execute(text(query)).scalars().all() == expected
        assert "consent_event" in inspect(connection).get_table_names()
