"""A backup is worth what restoring it gives; restoring an old one must not mail anybody again."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.errors import ConfigError, LedgerError, Refused
from alumni_sync.ledger.backup import _restore_sqlite, back_up, restore, row_counts
from alumni_sync.ledger.leases import hold
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Pause, Watermark, t
from alumni_sync.ledger.upsert import insert_rows
from tests.conftest import MASTER, NOW

ROW = {"source": "acme-pl", "cursor": "", "basis": "b", "rows": 7, "run_id": "R-1"}


def _add(ledger: Ledger, **changes: object) -> None:
    with ledger.write() as connection:
        insert_rows(connection, t(Watermark), [ROW | changes])


def test_a_restored_ledger_is_the_one_that_was_saved(
    ledger: Ledger, ledger_urls: tuple[str, str], tmp_path: Path
) -> None:
    """Everything written before comes back, everything written after is gone, all is paused."""
    _add(ledger)
    back_up(ledger, tmp_path / "copies" / "one.backup")
    _add(ledger, source="acme-de")
    assert row_counts(ledger)["watermark"] == 2
    ledger.close()

    restore(ledger_urls[0], tmp_path / "copies" / "one.backup", NOW)

    with Ledger.open(*ledger_urls, MASTER) as restored, restored.read() as connection:
        sources = connection.execute(select(t(Watermark).c.source)).scalars().all()
        paused = connection.execute(select(t(Pause).c.what, t(Pause).c.reason)).all()
    assert sources == ["acme-pl"]
    assert sorted(tuple(row) for row in paused) == [("mail", "restored"), ("platform", "restored")]


def test_a_copy_is_paused_before_it_is_in_place(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    """Killed right after the swap, an old ledger would come up and mail everybody again."""
    back_up(sqlite_ledger, tmp_path / "one.backup")
    place = tmp_path / "elsewhere.db"

    _restore_sqlite(place, tmp_path / "one.backup", NOW)

    with closing(sqlite3.connect(place)) as restored:
        paused = restored.execute("SELECT what, reason FROM pause ORDER BY what").fetchall()
    assert [("mail", "restored"), ("platform", "restored")] == paused
    assert ["elsewhere.db"] == [path.name for path in tmp_path.glob("*elsewhere*")]


def test_a_backup_is_its_owners_alone_and_never_overwritten(
    sqlite_ledger: Ledger, tmp_path: Path
) -> None:
    """The last good copy must survive a mistyped name."""
    target = tmp_path / "one.backup"
    back_up(sqlite_ledger, target)

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(Refused, match="is there already"):
        back_up(sqlite_ledger, target)


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00 but cut off"])
def test_what_is_no_backup_replaces_nothing(
    ledger: Ledger, ledger_urls: tuple[str, str], tmp_path: Path, content: bytes
) -> None:
    """Restoring the wrong file must not cost the ledger that is there."""
    _add(ledger)
    (tmp_path / "wrong").write_bytes(content)

    with pytest.raises((ConfigError, LedgerError)):
        restore(ledger_urls[0], tmp_path / "wrong", NOW)

    assert row_counts(ledger)["watermark"] == 1


def test_a_database_that_is_not_a_ledger_replaces_nothing(tmp_path: Path) -> None:
    """Any SQLite file is a sound database; only ours is a ledger."""
    import sqlite3

    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.open(url, f"sqlite:///{tmp_path}/keys.db", MASTER).close()
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE x (y)")
    other.close()

    with pytest.raises(ConfigError, match="not a ledger"):
        restore(url, tmp_path / "other.db", NOW)


def test_nothing_is_replaced_under_a_working_process(
    ledger: Ledger, ledger_urls: tuple[str, str], clock: FixedClock, tmp_path: Path
) -> None:
    """A run that goes on writing into a replaced file would lose what it wrote."""
    back_up(ledger, tmp_path / "one.backup")

    with hold(ledger, clock, "mail"), pytest.raises(Refused, match="stop it first"):
        restore(ledger_urls[0], tmp_path / "one.backup", NOW)
