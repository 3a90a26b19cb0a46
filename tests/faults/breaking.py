"""Ways to make a stage fail at somebody: the error quotes who it was, as real ones do."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select, update

from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Spell, t
from tests.faults.company import CONFIG, opened

MODULE: Final = '''
from pydantic import BaseModel
from connectors.hris.csv import CsvConnector
from connectors.mail.file import FileMailer
from connectors.platforms.directory import DirectoryPlatform


class Answer(BaseModel):
    """What a plugin's author believes that every value is."""

    value: int


class BreakingHris(CsvConnector):
    def pull(self, window, cursor):
        for page in super().pull(window, cursor):
            for record in page.records:
                Answer(value=f"{record.facts['given_name']} {record.facts['family_name']}")
            yield page


class BreakingMailer(FileMailer):
    def send(self, message):
        Answer(value=message.to)


class BreakingPlatform(DirectoryPlatform):
    def upsert(self, profiles):
        for profile in profiles:
            Answer(value=f"{profile.name} {profile.email}")
        return super().upsert(profiles)
'''
ENTRY_POINTS: Final = """
[alumni_sync.hris]
breaking = alumni_sync_breaking:BreakingHris
[alumni_sync.mail]
breaking = alumni_sync_breaking:BreakingMailer
[alumni_sync.platforms]
breaking = alumni_sync_breaking:BreakingPlatform
"""


def install_plugins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make plugins importable, for the length of a test, that fail as pydantic models do."""
    described = folder / "alumni_sync_breaking-1.0.dist-info"
    described.mkdir(parents=True)
    (folder / "alumni_sync_breaking.py").write_text(MODULE, encoding="utf-8")
    name = "Metadata-Version: 2.1\nName: alumni-sync-breaking\nVersion: 1.0\n"
    (described / "METADATA").write_text(name)
    (described / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)


@contextmanager
def using_plugin(folder: Path, instead_of: str) -> Iterator[None]:
    """Let the configuration name the breaking plugin for a while, wherever it names another."""
    config = folder / CONFIG
    text = config.read_text(encoding="utf-8")
    assert f"connector: {instead_of}" in text
    changed = text.replace(f"connector: {instead_of}", "connector: breaking")
    config.write_text(changed, encoding="utf-8")
    yield
    config.write_text(text, encoding="utf-8")


@contextmanager
def broken_database(folder: Path, when: str, says: str) -> Iterator[None]:
    """Let the ledger's database refuse something, and quote a value when it does.

    Args:
        folder: of a deployment whose ledger exists.
        when: `INSERT ON spell`, or whatever else a trigger can be set on.
        says: the message.
    """
    quoted = says.replace("'", "''")
    trigger = f"CREATE TRIGGER broken BEFORE {when} BEGIN SELECT RAISE(ABORT, '{quoted}'); END"
    _execute(folder, trigger)
    yield
    # The trigger held the value: it must be gone before anybody looks for it.
    _execute(folder, "DROP TRIGGER broken", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")


def _execute(folder: Path, *statements: str) -> None:
    path = folder / "var" / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        for statement in statements:
            connection.execute(statement).fetchall()


def break_facts(folder: Path, canary: str, *, judge_again: bool) -> None:
    """Seal nonsense with a value in it as everybody's facts; perhaps have it judged again."""
    spells = t(Spell)
    with opened(folder) as d:
        with d.ledger.read() as connection:
            people = connection.execute(
                select(spells.c.id, spells.c.person_id).where(spells.c.sealed.is_not(None))
            ).all()
        nonsense = {"birth_date": canary, "hire_date": canary, "tags": canary}
        with d.ledger.write() as connection:
            for spell_id, person_id in people:
                seal = d.ledger.vault.load([person_id]).seal_json
                sealed = seal(person_id, KeyKind.PROFILE, "spell", nonsense)
                changed = {"sealed": sealed} | ({"judged_facts": None} if judge_again else {})
                this = spells.c.id == spell_id
                connection.execute(update(spells).where(this).values(**changed))
