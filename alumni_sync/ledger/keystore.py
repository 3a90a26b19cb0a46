"""The key store: two wrapped keys a person, in a database of their own with short-lived backups.

A key is 32 random bytes, wrapped with AES-256-GCM under the deployment's key. Whoever's wrapped
key is gone cannot be read any more, not even from a restored ledger backup. Gone means: its bytes
are in no table, no write-ahead log and no free page.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    bindparam,
    delete,
    select,
    update,
)

from alumni_sync.crash import crash_point
from alumni_sync.errors import ConfigError, LedgerError
from alumni_sync.ledger.among import among
from alumni_sync.ledger.columns import Bytes, UtcDateTime
from alumni_sync.ledger.engine import harmless_errors, make_engine, transaction
from alumni_sync.ledger.hashing import derive_key
from alumni_sync.ledger.prepared import LookUps, Query
from alumni_sync.ledger.upsert import insert_ignore, upsert

_NONCE: Final = 12
_KEY: Final = 32
_CHECK: Final = "deployment-key-check"
_ROOT: Final = "hash-root"
_PAGE: Final = 1_000

METADATA: Final = MetaData()
WRAPPED_KEY: Final = Table(
    "wrapped_key",
    METADATA,
    Column("subject", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("profile", Bytes),  # a wrapped key; null once destroyed
    Column("evidence", Bytes),
    sqlite_with_rowid=False,  # one tree instead of table and index: fewer places a key can be
)
JOURNAL: Final = Table(
    "shredded",
    METADATA,
    Column("subject", String, primary_key=True),
    Column("kind", String, primary_key=True),
)
"""Whose key was destroyed. Kept beside the keys, so that a restored ledger learns of it."""

RESTRICTED: Final = Table("restricted", METADATA, Column("subject", String, primary_key=True))
"""Whose data may only be kept (GDPR Art. 18). Here as well, so that a restored ledger learns it."""

SUPPRESSED: Final = Table(
    "suppressed",
    METADATA,
    Column("address_hash", String, primary_key=True),
    Column("scope", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("rejustify_at", UtcDateTime, nullable=False),
)
"""Who is not to be written to, by the keyed hash of an address: for a restored ledger, too."""

HASH_ROOT: Final = Table(
    "hash_root",
    METADATA,
    Column("name", String, primary_key=True),
    Column("wrapped", Bytes, nullable=False),
)
"""The first deployment key, once another one took its place: keyed hashes are made with it."""


Keys = dict[tuple[str, str], tuple[int, bytes]]
"""(subject, kind) → (version, key), in memory for the length of one page of work."""


Chance = tuple[bytes, bytes]
"""A new key and the nonce that it is wrapped with."""


_AMONG: Final = Query(select(WRAPPED_KEY).where(among(WRAPPED_KEY.c.subject)))
_REWRAP: Final = (
    update(WRAPPED_KEY)
    .where(WRAPPED_KEY.c.subject == bindparam("which"))
    .values({kind: bindparam(f"new_{kind}") for kind in ("profile", "evidence")})
)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One entry of the do-not-write list, as the ledger has it (`ledger.tables.Suppression`)."""

    address_hash: str
    scope: str
    reason: str
    created_at: datetime
    rejustify_at: datetime

    def row(self) -> dict[str, object]:
        """Return it by the names of its columns."""
        return {column.name: getattr(self, column.name) for column in SUPPRESSED.c}


class SealBroken(LedgerError):
    """A value or key was altered, moved from another row, or sealed under another key."""


class OtherKey(LedgerError):
    """The key store is wrapped by another deployment key than ours."""


class KeyKind(StrEnum):
    """A person's two keys: they die at different times (4-consent, Retention)."""

    PROFILE = "profile"
    EVIDENCE = "evidence"


BOTH: Final = (KeyKind.PROFILE, KeyKind.EVIDENCE)
_NAMES: Final = tuple(kind.value for kind in BOTH)


class KeyStore:
    """Creates, hands out and destroys the wrapped keys."""

    def __init__(
        self, url: str, master: bytes, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Open the store; raises `ConfigError` where `master` is not the key it was made with."""
        self.engine = make_engine(url, secure_delete=True)
        self._look_ups = LookUps(self.engine)
        self._master = master
        self._wrapper = _wrapper(master)
        self._pause = pause
        try:
            with harmless_errors():
                METADATA.create_all(self.engine)
            self._check_master()
        except BaseException:
            self.close()
            raise

    def _check_master(self) -> None:
        """Store a wrapped constant once; refuse a deployment key that cannot open it."""
        try:
            self.create([_CHECK])
        except OtherKey:
            raise ConfigError.of(
                "keys.master",
                "is not the key that this key store was made with",
                "restore the right key, or end the `keys rotate` that was interrupted; "
                "nothing was read or written",
            ) from None

    def _refuse_stale(self, connection: Connection) -> None:
        """Refuse to wrap with a key that another process has replaced: nobody could open that.

        On PostgreSQL no rotation passes from here to the end of the transaction; on SQLite none
        passes a write transaction anyway.
        """
        query = select(WRAPPED_KEY.c.profile).where(WRAPPED_KEY.c.subject == _CHECK)
        wrapped = connection.execute(query.with_for_update(read=True)).scalar()
        try:
            if wrapped is not None:
                self._unwrap(_CHECK, KeyKind.PROFILE, bytes(wrapped))
        except SealBroken:
            msg = "the deployment key was rotated: start this process again"
            raise OtherKey(msg) from None

    def root(self) -> bytes:
        """Return what keyed hashes are made with: the deployment's first key, whatever came after.

        Erased people are known by such hashes alone, so they can never be made anew.
        """
        with transaction(self.engine, write=False) as connection:
            wrapped = connection.execute(select(HASH_ROOT.c.wrapped)).scalar()
        return self._master if wrapped is None else self._unwrap(_ROOT, _ROOT, bytes(wrapped))

    def keep_root(self, root: bytes) -> None:
        """Keep what keyed hashes are made with where it is not there (a store made anew)."""
        row = {"name": _ROOT, "wrapped": _wrap(self._wrapper, _ROOT, _ROOT, root)}
        with transaction(self.engine, write=True) as connection:
            insert_ignore(connection, HASH_ROOT, [row], key=("name",))

    def rewrap(self, master: bytes) -> int:
        """Wrap every key under `master` instead, all or none; return how many people have some.

        This store can be used no longer then; a new one is opened with `master`. The keys
        themselves stay, and so does everything they sealed.
        """
        root, wrapper, last, people = self.root(), _wrapper(master), "", 0
        with transaction(self.engine, write=True) as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("LOCK TABLE wrapped_key IN EXCLUSIVE MODE")
            self._refuse_stale(connection)
            while rows := self._page_after(connection, last):
                again = [self._rewrapped(wrapper, *row) for row in rows]
                connection.execute(_REWRAP, again)
                last, people = rows[-1][0], people + len(rows)
            row = {"name": _ROOT, "wrapped": _wrap(wrapper, _ROOT, _ROOT, root)}
            upsert(connection, HASH_ROOT, [row], key=["name"], update=["wrapped"])
        crash_point("keys.rotated")
        self.forget_bytes()
        return people - 1  # the constant is nobody

    def _page_after(self, connection: Connection, last: str) -> Sequence[Row[Any]]:
        columns = (WRAPPED_KEY.c.subject, *(WRAPPED_KEY.c[kind] for kind in _NAMES))
        query = select(*columns).where(WRAPPED_KEY.c.subject > last)
        return connection.execute(query.order_by(WRAPPED_KEY.c.subject).limit(_PAGE)).all()

    def _rewrapped(
        self, wrapper: AESGCM, subject: str, *wrapped: bytes | None
    ) -> dict[str, object]:
        """Return one row's parameters, each key that is there wrapped anew."""
        again: dict[str, object] = {"which": subject}
        for kind, old in zip(_NAMES, wrapped, strict=True):
            key = None if old is None else self._unwrap(subject, kind, bytes(old))
            again[f"new_{kind}"] = None if key is None else _wrap(wrapper, subject, kind, key)
        return again

    def _unwrap(self, subject: str, kind: str, wrapped: bytes) -> bytes:
        """Return the key; raises `SealBroken` where it is not the one wrapped for this subject."""
        try:
            return self._wrapper.decrypt(
                wrapped[:_NONCE], wrapped[_NONCE:], f"{subject}|{kind}".encode()
            )
        except (InvalidTag, ValueError):  # altered, or cut so short that it has no nonce
            pass
        msg = f"the wrapped {kind} key of {subject} does not open"
        raise SealBroken(msg)

    def create(self, subjects: Sequence[str], kinds: Iterable[KeyKind] = BOTH) -> Keys:
        """Make keys for new subjects and return them; who has some keeps them. Own transaction."""
        wanted = [kind.value for kind in kinds]
        made: Keys = {}
        chance = _chance(len(subjects) * len(wanted))
        rows = [self._new_row(subject, wanted, chance, made) for subject in subjects]
        with transaction(self.engine, write=True) as connection:
            self._refuse_stale(connection)
            added = insert_ignore(connection, WRAPPED_KEY, rows, key=("subject",))
        return made if added == len(rows) else self.load(subjects)

    def _new_row(
        self, subject: str, kinds: Sequence[str], chance: Iterator[Chance], made: Keys
    ) -> dict[str, object]:
        """Return a row with a new wrapped key of each kind; put the keys themselves into `made`."""
        row: dict[str, object] = {
            "subject": subject,
            "version": 1,
            "profile": None,
            "evidence": None,
        }
        for kind in kinds:
            key, nonce = next(chance)
            row[kind] = _wrapped(self._wrapper, subject, kind, key, nonce)
            made[subject, kind] = (1, key)
        return row

    def load(self, subjects: Sequence[str]) -> Keys:
        """Return the keys of `subjects` that are still there."""
        keys: Keys = {}
        with harmless_errors():
            rows = self._look_ups.all(_AMONG, {"among": subjects})
        for subject, version, *wrapped in map(tuple, rows):
            for kind, sealed in zip(_NAMES, wrapped, strict=True):
                if sealed is not None:
                    keys[subject, kind] = version, self._unwrap(subject, kind, sealed)
        return keys

    def shred(self, subjects: Sequence[str], kinds: Iterable[KeyKind] = BOTH) -> int:
        """Destroy keys for good; return how many there were.

        SQLite zeroes what it frees (`secure_delete`) and the write-ahead log is truncated;
        PostgreSQL rewrites the table (`VACUUM FULL`), since an old row version stays in its page.
        """
        gone = 0
        these = {"among": subjects}
        with transaction(self.engine, write=True) as connection:
            for kind in kinds:
                column = WRAPPED_KEY.c[kind.value]
                alive = among(WRAPPED_KEY.c.subject) & column.is_not(None)
                found = connection.execute(select(WRAPPED_KEY.c.subject).where(alive), these)
                rows = [{"subject": subject, "kind": kind.value} for (subject,) in found]
                insert_ignore(connection, JOURNAL, rows, key=("subject", "kind"))
                connection.execute(update(WRAPPED_KEY).where(alive).values({column: None}), these)
                gone += len(rows)
        if gone:
            self.forget_bytes()
        return gone

    def shredded(self) -> list[tuple[str, str]]:
        """Return (subject, kind) of every key that was destroyed."""
        with transaction(self.engine, write=False) as connection:
            return [(subject, kind) for subject, kind in connection.execute(select(JOURNAL))]

    def note_restricted(self, subject: str, *, restricted: bool) -> None:
        """Note beside the keys that somebody's data may only be kept, or that this is over."""
        with transaction(self.engine, write=True) as connection:
            if restricted:
                insert_ignore(connection, RESTRICTED, [{"subject": subject}], key=("subject",))
            else:
                connection.execute(delete(RESTRICTED).where(RESTRICTED.c.subject == subject))

    def restricted(self) -> list[str]:
        """Return whose data may only be kept."""
        with transaction(self.engine, write=False) as connection:
            return list(connection.execute(select(RESTRICTED.c.subject)).scalars())

    def note_suppressed(self, entries: Sequence[Suppressed]) -> None:
        """Note beside the keys who is not to be written to; an entry that is there is replaced."""
        rows, values = [one.row() for one in entries], list(SUPPRESSED.c.keys()[1:])
        with transaction(self.engine, write=True) as connection:
            upsert(connection, SUPPRESSED, rows, key=["address_hash"], update=values)

    def suppressed(self) -> dict[str, Suppressed]:
        """Return who is not to be written to, by the keyed hash of the address."""
        with transaction(self.engine, write=False) as connection:
            rows = connection.execute(select(SUPPRESSED)).mappings()
            return {row["address_hash"]: Suppressed(**row) for row in rows}

    def forget_suppressed(self, address_hash: str) -> None:
        """Forget an entry because it was lifted: within the transaction that lifts it."""
        with transaction(self.engine, write=True) as connection:
            this = SUPPRESSED.c.address_hash == address_hash
            connection.execute(delete(SUPPRESSED).where(this))

    def forget_bytes(self) -> None:
        """Remove what deletion leaves behind: the log on SQLite, dead tuples on PostgreSQL."""
        with harmless_errors(), self.engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("VACUUM FULL wrapped_key")
            else:
                self._truncate_log(connection)

    def _truncate_log(self, connection: Connection) -> None:
        """Checkpoint until the log is empty; a reader may hold it back for a moment."""
        for attempt in range(50):
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
            if not busy:
                return
            self._pause(0.02 * (attempt + 1))
        msg = "the key store's log could not be emptied: a reader holds it; run housekeeping again"
        raise LedgerError(msg)

    def close(self) -> None:
        """Close all connections."""
        self._look_ups.close()
        self.engine.dispose()


def _wrapper(master: bytes) -> AESGCM:
    return AESGCM(derive_key(master, "wrap"))


def _chance(count: int) -> Iterator[Chance]:
    """Yield that many new keys and nonces, with one call for randomness."""
    size = _KEY + _NONCE
    random = os.urandom(size * count)
    for start in range(0, len(random), size):
        yield random[start : start + _KEY], random[start + _KEY : start + size]


def _wrap(wrapper: AESGCM, subject: str, kind: str, key: bytes) -> bytes:
    return _wrapped(wrapper, subject, kind, key, os.urandom(_NONCE))


def _wrapped(wrapper: AESGCM, subject: str, kind: str, key: bytes, nonce: bytes) -> bytes:
    return nonce + wrapper.encrypt(nonce, key, f"{subject}|{kind}".encode())
