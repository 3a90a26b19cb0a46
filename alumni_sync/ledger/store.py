"""The ledger as the stages see it: transactions, the vault and keyed hashes, opened together."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, Row, inspect

from alumni_sync.errors import ConfigError
from alumni_sync.ledger.engine import harmless_errors, make_engine, transaction
from alumni_sync.ledger.hashing import MASTER_BYTES, KeyedHashes
from alumni_sync.ledger.keystore import KeyStore
from alumni_sync.ledger.prepared import LookUps, Query
from alumni_sync.ledger.schema import migrate, pending_migrations
from alumni_sync.ledger.together import Together
from alumni_sync.ledger.vault import Vault

T = TypeVar("T")


class Ledger:
    """Engine, vault and hashes of one deployment."""

    def __init__(self, engine: Engine, keys: KeyStore, master: bytes) -> None:
        """Use `Ledger.open`."""
        self.engine = engine
        self.vault = Vault(keys)
        self.hashes = KeyedHashes(master, keys.root())
        self._keys = keys
        self._together = Together(engine)
        self._look_ups = LookUps(engine)

    @classmethod
    def open(cls, url: str, keys_url: str, master: bytes | None, *, create: bool = True) -> Self:
        """Open ledger and key store.

        Args:
            url: SQLAlchemy URL of the ledger.
            keys_url: SQLAlchemy URL of the key store, another database.
            master: the deployment's key, 32 bytes.
            create: bring the schema up to date; otherwise an old schema is an error.

        Raises:
            ConfigError: no key, the wrong key, or a schema that is not up to date.
            LedgerError: the database refused.
        """
        if master is None or len(master) != MASTER_BYTES:
            raise ConfigError.of(
                "keys.master", f"must be {MASTER_BYTES} bytes", "see docs/settings.md, keys"
            )
        if url == keys_url:
            raise ConfigError.of(
                "keys.store", "is the ledger's own database", "give the keys one of their own"
            )
        engine = make_engine(url)
        try:
            _prepare_schema(engine, create=create)
            return cls(engine, KeyStore(keys_url, master), master)
        except BaseException:
            engine.dispose()
            raise

    def read(self) -> AbstractContextManager[Connection]:
        """Open a read transaction; keep it short, and nothing outside is called within."""
        return transaction(self.engine, write=False)

    def write(self) -> AbstractContextManager[Connection]:
        """Open a write transaction; committed at the end, rolled back on any exception."""
        return transaction(self.engine, write=True)

    def write_together(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns within a write transaction that it may share: `together`.

        For what many people do at once; `work` is short and calls nothing outside.
        """
        return self._together.write(work)

    def look_up(self, query: Query, values: Mapping[str, object]) -> Row[Any] | None:
        """Return the first row of a query, in a read transaction of its own."""
        with harmless_errors():
            found = self._look_ups.all(query, values)
        return found[0] if found else None

    def close(self) -> None:
        """Close all connections."""
        self._look_ups.close()
        self.engine.dispose()
        self._keys.close()

    def __enter__(self) -> Self:
        """Return the open ledger."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        self.close()


def _prepare_schema(engine: Engine, *, create: bool) -> None:
    """Bring the schema up to date, or refuse an old one."""
    with harmless_errors():
        if create:
            migrate(engine)
        elif behind := pending_migrations(engine):
            raise ConfigError.of(
                "ledger.url",
                f"the schema is {len(behind)} revision(s) behind",
                "run: alumni-sync ledger migrate",
            )


def ledger_is_empty(url: str) -> bool:
    """Say whether nothing was ever written there: only then may a new deployment key be made."""
    engine = make_engine(url)
    try:
        with harmless_errors():
            return not inspect(engine).has_table("alembic_version")
    finally:
        engine.dispose()
