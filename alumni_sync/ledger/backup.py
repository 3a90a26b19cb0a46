"""Copies of the ledger, and the way back. The key store is not in them, on purpose.

SQLite is copied through its own backup interface (a consistent snapshot while others write);
PostgreSQL through `pg_dump` and `pg_restore`. Who was erased since a backup stays unreadable after
restoring it, because the keys are gone from the key store. Mail and platform start paused then: an
old ledger does not know which mails went out since, and a person must look before anything is sent.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.engine import URL, make_url
from sqlmodel import SQLModel

from alumni_sync.errors import ConfigError, LedgerError, Refused
from alumni_sync.ledger.engine import make_engine, transaction
from alumni_sync.ledger.leases import Owner, is_alive
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Lease, Pause, t
from alumni_sync.ledger.upsert import upsert

RESTORED: Final = "restored"
_MAGIC: Final = b"SQLite format 3\x00"


def back_up(ledger: Ledger, target: Path) -> None:
    """Write a consistent copy of the ledger to `target` (mode 0600), which must not exist.

    Raises:
        Refused: the file is there already.
        LedgerError: the copy could not be made; nothing is left behind.
    """
    if target.exists():
        msg = f"{target} is there already: give a new name, backups are not overwritten"
        raise Refused(msg)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.part")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        if ledger.engine.dialect.name == "sqlite":
            _copy_sqlite(ledger.engine, draft)
        else:
            _pg("pg_dump", ledger.engine.url, "--format=custom", f"--file={draft}")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def restore(url: str, source: Path, now: datetime) -> None:
    """Replace the ledger at `url` by the copy in `source`, with mail and platform paused.

    Raises:
        ConfigError: `source` is no backup of that kind of database.
        Refused: a process is still working on the ledger.
    """
    parsed = make_url(url)
    refuse_while_in_use(url)
    if parsed.get_backend_name() == "sqlite":
        _restore_sqlite(Path(str(parsed.database)), source, now)
    else:
        if source.read_bytes()[:5] != b"PGDMP":
            raise ConfigError.of(str(source), "is no backup of a PostgreSQL ledger")
        options = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
        _pg("pg_restore", parsed, *options, str(source))
    pause_everything(url, now)


def row_counts(ledger: Ledger) -> dict[str, int]:
    """Return how many rows each table has, by name."""
    with ledger.read() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in sorted(SQLModel.metadata.tables.items())
        }


def _copy_sqlite(engine: Engine, target: Path) -> None:
    """Copy page by page; SQLite starts over where a writer changed pages meanwhile."""
    with (
        closing(sqlite3.connect(str(engine.url.database))) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it


def _restore_sqlite(target: Path, source: Path, now: datetime) -> None:
    """Check the copy and pause it, then put it in place of the ledger and its log.

    Paused before it is in place: killed in between, it must not come up and send.
    """
    if source.read_bytes()[: len(_MAGIC)] != _MAGIC:
        raise ConfigError.of(str(source), "is no backup of a SQLite ledger")
    draft = target.with_name(f".{target.name}.restore")
    shutil.copyfile(source, draft)
    draft.chmod(0o600)
    if not _is_ledger(draft):
        draft.unlink()
        raise ConfigError.of(str(source), "is damaged, or not a ledger", "take another backup")
    pause_everything(f"sqlite:///{draft}", now)
    for beside in ("-wal", "-shm"):
        target.with_name(target.name + beside).unlink(missing_ok=True)
    draft.replace(target)


def _is_ledger(path: Path) -> bool:
    """Say whether a SQLite file is sound and has our tables."""
    try:
        with closing(sqlite3.connect(path)) as copy:
            sound = copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            query = "SELECT count(*) FROM sqlite_master WHERE name = 'spell'"
            return bool(sound and copy.execute(query).fetchone() == (1,))
    except sqlite3.DatabaseError:
        return False


def refuse_while_in_use(url: str) -> None:
    """Refuse where a living process holds a lease."""
    engine = make_engine(url)
    try:
        with transaction(engine, write=False) as connection:
            if not connection.dialect.has_table(connection, "lease"):
                return
            for row in connection.execute(select(t(Lease))):
                if is_alive(Owner(row.host, row.pid, row.started)):
                    msg = f"process {row.pid} on {row.host} works on the ledger: stop it first"
                    raise Refused(msg)
    finally:
        engine.dispose()


def pause_everything(url: str, now: datetime) -> None:
    """Pause mail and platform until a person has looked."""
    engine = make_engine(url)
    rows = [
        {"what": what, "reason": RESTORED, "by": "ledger restore", "at": now}
        for what in ("mail", "platform")
    ]
    try:
        with transaction(engine, write=True) as connection:
            upsert(connection, t(Pause), rows, key=["what"], update=["reason", "by", "at"])
    finally:
        engine.dispose()


def _pg(program: str, url: URL, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs on the database; its output may hold values."""
    found = shutil.which(program) or _debian(program)
    if found is None:
        raise ConfigError.of(program, "is not installed", "install PostgreSQL's client programs")
    target = url.set(drivername="postgresql", password=None).render_as_string()
    environment = {"PGPASSWORD": url.password} if url.password else {}
    finished = subprocess.run(  # noqa: S603 a fixed program; arguments are ours
        [found, f"--dbname={target}", *arguments],
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    if finished.returncode:
        msg = f"{program} ended with {finished.returncode}; run it by hand to see why"
        raise LedgerError(msg)


def _debian(program: str) -> str | None:
    """Return Debian's newest copy of a program; they are not on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(found[-1]) if found else None
