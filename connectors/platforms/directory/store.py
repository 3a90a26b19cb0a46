"""The directory's database: one SQLite file, values of erased members overwritten.

`secure_delete` zeroes what is deleted; VACUUM and a truncated write-ahead log see to the copies
that rebalancing and logging leave behind. Every operation opens the file anew, so that threads and
processes (the withdrawal worker beside a running sync) need nothing but SQLite's own lock.
"""

import json
import mmap
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from alumni_sync.errors import ContractBroken, Unavailable
from alumni_sync.ports import Profile, ProfileField, Purpose, Shown

VENDOR: Final = "directory"
BUSY_SECONDS: Final = 20.0
_CHUNK: Final = 500
_PASSING: Final = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN"}

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS member (
    id INTEGER PRIMARY KEY,         -- given by us, never twice (see state.next_id)
    alumni_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT NOT NULL,            -- to write to; never on the page
    purposes TEXT NOT NULL,         -- JSON list of what the member agreed to
    segments TEXT NOT NULL,         -- JSON list
    visible INTEGER NOT NULL,
    content TEXT NOT NULL,          -- keyed hash of everything above and the fields
    sort_key TEXT NOT NULL,
    card TEXT NOT NULL              -- HTML of what the member shows
);
CREATE TABLE IF NOT EXISTS member_field (
    member_id INTEGER NOT NULL REFERENCES member ON DELETE CASCADE,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    shown INTEGER NOT NULL,         -- to other members
    PRIMARY KEY (member_id, field)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS member_shown ON member (sort_key, id) WHERE visible;  -- the page's order
CREATE TABLE IF NOT EXISTS state (
    generation INTEGER NOT NULL,    -- grows with every change; the page names the one it shows
    next_id INTEGER NOT NULL
);
INSERT INTO state SELECT 0, 1 WHERE NOT EXISTS (SELECT 1 FROM state);
PRAGMA user_version = 1;
"""
_UPSERT: Final = """
INSERT INTO member VALUES (?,?,?,?,?,?,1,?,?,?) ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, email = excluded.email, purposes = excluded.purposes,
    segments = excluded.segments, visible = 1, content = excluded.content,
    sort_key = excluded.sort_key, card = excluded.card
"""
_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    "temp_store = MEMORY",  # VACUUM must leave no copy in a temporary file
    "foreign_keys = ON",
)

Entry = tuple[Profile, str, str]
"""What is written of one member: profile, content hash, card."""


def open_store(path: Path) -> sqlite3.Connection:
    """Open the database, made readable for its owner only where it is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            connection.executescript(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def session(path: Path, operation: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection; SQLite's errors become ours, without their messages.

    Raises:
        Unavailable: locked, full, or the disk failed.
        ContractBroken: not our database, or damaged.
    """
    what, passing = "", False
    try:
        with closing(open_store(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or type(error).__name__
        passing = any(name.startswith(known) for known in _PASSING)
        what = name
    except OSError as error:
        what, passing = f"file error {error.errno}", True
    if what:
        family = Unavailable if passing else ContractBroken
        raise family(VENDOR, operation, what)


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock for the length of a with-block; all of it or nothing is written."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def known(
    connection: sqlite3.Connection, alumni_ids: Sequence[str]
) -> dict[str, tuple[int, str, bool]]:
    """Return alumni id → (row id, content hash, visible) of those who are there."""
    found: dict[str, tuple[int, str, bool]] = {}
    for start in range(0, len(alumni_ids), _CHUNK):
        chunk = alumni_ids[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        query = f"SELECT alumni_id, id, content, visible FROM member WHERE alumni_id IN ({marks})"  # noqa: S608 marks only
        for alumni_id, row_id, content, visible in connection.execute(query, chunk):
            found[alumni_id] = (row_id, content, bool(visible))
    return found


def save(
    connection: sqlite3.Connection, members: Sequence[Entry], before: Mapping[str, int]
) -> None:
    """Write members and make them visible; within the write lock.

    Args:
        connection: of `session`.
        members: what to write.
        before: alumni id → row id of those who are there already.
    """
    fresh = connection.execute("SELECT next_id FROM state").fetchone()[0]
    rows = []
    for profile, content, card in members:
        row_id = before.get(profile.alumni_id)
        if row_id is None:
            row_id, fresh = fresh, fresh + 1
        rows.append((row_id, profile, content, card))
    connection.execute("UPDATE state SET next_id = ?, generation = generation + 1", (fresh,))
    if before:
        connection.executemany(
            "DELETE FROM member_field WHERE member_id = ?", [(row_id,) for row_id, *_ in rows]
        )
    connection.executemany(
        _UPSERT,
        [
            (
                row_id,
                profile.alumni_id,
                profile.name,
                profile.email,
                _json_list(profile.purposes),
                _json_list(profile.segments),
                content,
                _sort_key(profile.name),
                card,
            )
            for row_id, profile, content, card in rows
        ],
    )
    connection.executemany(
        "INSERT INTO member_field VALUES (?,?,?,?)",
        [
            (row_id, str(field), shown.value, shown.to_members)
            for row_id, profile, *_ in rows
            for field, shown in profile.fields.items()
        ],
    )


def _sort_key(name: str) -> str:
    """Return what names are put in order by: Łucja beside Lucja, not after Zofia."""
    if not name.isascii():
        decomposed = unicodedata.normalize("NFKD", name).translate(_STROKES)
        name = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return name.casefold()


_STROKES: Final = str.maketrans("łŁøØđĐ", "lLoOdD")  # letters that Unicode does not take apart


@lru_cache(maxsize=4096)
def _json_list(values: frozenset[str]) -> str:
    """Return a sorted JSON list; members share their combinations of purposes and segments."""
    return json.dumps(sorted(values), ensure_ascii=False)


def load(connection: sqlite3.Connection, after: int, limit: int) -> list[tuple[int, bool, Profile]]:
    """Return up to `limit` members with an id above `after`, as they are held: (id, visible, …)."""
    members = connection.execute(
        "SELECT id, alumni_id, name, email, purposes, segments, visible FROM member "
        "WHERE id > ? ORDER BY id LIMIT ?",
        (after, limit),
    ).fetchall()
    fields: dict[int, dict[ProfileField, Shown]] = {row[0]: {} for row in members}
    if members:
        for row_id, name, value, shown in connection.execute(
            "SELECT * FROM member_field WHERE member_id BETWEEN ? AND ?",
            (members[0][0], members[-1][0]),
        ):
            fields[row_id][ProfileField(name)] = Shown(value, bool(shown))
    return [
        (
            row_id,
            bool(visible),
            Profile(
                alumni_id,
                name,
                email,
                fields[row_id],
                frozenset(Purpose(purpose) for purpose in json.loads(purposes)),
                frozenset(json.loads(segments)),
            ),
        )
        for row_id, alumni_id, name, email, purposes, segments, visible in members
    ]


def generation(connection: sqlite3.Connection) -> int:
    """Return how often the data has changed."""
    return int(connection.execute("SELECT generation FROM state").fetchone()[0])


def compact(connection: sqlite3.Connection) -> bool:
    """Rewrite the file so that nothing deleted is left in it; False while a reader prevents it."""
    connection.execute("VACUUM")
    return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]


def holds_bytes(paths: Sequence[Path], wanted: bytes) -> bool:
    """Say whether any of the files contains `wanted`, free pages and log included."""
    for path in paths:
        if not path.exists() or not path.stat().st_size:
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            if view.find(wanted) >= 0:
                return True
    return False
