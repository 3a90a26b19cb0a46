"""Migrations are read once a process, not once a database.

Alembic imports every script of a folder anew to say which one is the newest. Dagster asks that of
each of its databases, and makes one a run: a seventh of the time of every test that runs a job.
"""

from alembic.config import Config
from alembic.script import ScriptDirectory


def read_migrations_once() -> None:
    """Let the same folder be the same object for the rest of this process."""
    known: dict[tuple[str | None, str | None], ScriptDirectory] = {}
    read = ScriptDirectory.from_config

    def from_config(config: Config) -> ScriptDirectory:
        options = ("script_location", "version_locations")
        where, versions = (config.get_main_option(option) for option in options)
        if (where, versions) not in known:
            known[where, versions] = read(config)
        return known[where, versions]

    ScriptDirectory.from_config = from_config  # type: ignore[method-assign]  # once, for all
