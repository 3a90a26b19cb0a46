"""`run --dry-run`: the real intake and rules over a copy of the ledger, thrown away afterwards.

A forecast that reasons differently from the run it foretells is worth nothing, so nothing is
reasoned about here: the same services work on a copy. The copy is as sealed as the ledger, lies in
memory where the machine has a file system for that, and no mail or platform can be reached from it.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Engine, MetaData, insert, select
from sqlmodel import SQLModel

from alumni_sync.deployment import Configuration, Deployment, deployment_key, sqlite_path
from alumni_sync.domain import ExitKind
from alumni_sync.errors import PermanentError
from alumni_sync.ledger.engine import transaction
from alumni_sync.ledger.keystore import METADATA as KEY_STORE
from alumni_sync.ledger.store import Ledger, ledger_is_empty
from alumni_sync.ledger.tables import Lease, t
from alumni_sync.ports import (
    Clock,
    CommunityPlatform,
    ConnectorHealth,
    ConnectorInfo,
    Cursor,
    HrisConnector,
    Mailer,
    Page,
    SourceRecord,
    Window,
)

IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 a folder for a private copy, with a random name
CHUNK: Final = 1_000
MASTER_BYTES: Final = 32


@dataclass(slots=True)
class Unmapped:
    """Exit codes that the mapping does not know. A source may be read twice; a row counts once."""

    rows: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, source: str, records: Sequence[SourceRecord]) -> None:
        """Look through a page."""
        for record in records:
            code = record.facts.get("exit_code")
            if record.facts.get("exit_kind") == ExitKind.UNKNOWN and isinstance(code, str):
                self.rows[source, record.where] = code

    def counts(self) -> dict[str, Counter[str]]:
        """Return source → code → rows."""
        found: dict[str, Counter[str]] = {}
        for (source, _), code in self.rows.items():
            found.setdefault(source, Counter())[code] += 1
        return found


class _Watched:
    """A connector whose pages are looked at on their way."""

    info: ConnectorInfo

    def __init__(self, connector: HrisConnector, source: str, unmapped: Unmapped) -> None:
        self.info = connector.info
        self._connector = connector
        self._source = source
        self._unmapped = unmapped

    def check(self) -> ConnectorHealth:
        return self._connector.check()

    def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
        for page in self._connector.pull(window, cursor):
            self._unmapped.note(self._source, page.records)
            yield page

    def current(self, person_ids: Sequence[str]) -> Iterator[SourceRecord]:
        return self._connector.current(person_ids)

    def profile_url(self, person_id: str) -> str | None:
        return self._connector.profile_url(person_id)


class Rehearsal(Deployment):
    """A deployment whose ledger is a copy, and from which nothing outside can be written."""

    def __init__(self, configuration: Configuration, ledger: Ledger, clock: Clock) -> None:
        """Use `rehearse`."""
        super().__init__(configuration, ledger, clock)
        self.unmapped = Unmapped()

    def connector(self, source: str) -> Any:  # noqa: ANN401 a Protocol with a constructor cannot be wrapped in types
        """Return the connector of a source, watched."""
        return _Watched(super().connector(source), source, self.unmapped)

    def platform(self) -> CommunityPlatform:
        """Refuse: a rehearsal writes nowhere."""
        raise PermanentError(self.platform_name, "dry run", "nothing is written in a dry run")

    def mailer(self) -> Mailer:
        """Refuse: a rehearsal sends nothing."""
        raise PermanentError("mail", "dry run", "nothing is sent in a dry run")


@contextmanager
def rehearse(configuration: Configuration, clock: Clock) -> Iterator[Rehearsal]:
    """Yield a deployment over a copy of ledger and key store; both are gone afterwards.

    Raises:
        ConfigError: there is a ledger, but its schema is old or its key is missing.
    """
    place = str(IN_MEMORY) if os.access(IN_MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="alumni-sync-", dir=place) as folder:
        urls = f"sqlite:///{folder}/ledger.db", f"sqlite:///{folder}/keys.db"
        if _exists(configuration):
            master = deployment_key(configuration.settings, make=False)
            with (
                Deployment.of(configuration, clock=clock, create=False) as real,
                Ledger.open(*urls, master) as copy,
            ):
                _copy(real.ledger, copy)
                yield Rehearsal(configuration, copy, clock)
        else:
            with Ledger.open(*urls, os.urandom(MASTER_BYTES)) as empty:
                yield Rehearsal(configuration, empty, clock)


def _exists(configuration: Configuration) -> bool:
    path = sqlite_path(configuration.settings.ledger.url)
    if path is not None and not path.exists():
        return False
    return not ledger_is_empty(configuration.settings.ledger.url)


def _copy(origin: Ledger, target: Ledger) -> None:
    _copy_tables(origin.vault.store.engine, target.vault.store.engine, KEY_STORE, ())
    target.hashes = origin.hashes  # made with what only the origin knew when both were opened
    _copy_tables(origin.engine, target.engine, SQLModel.metadata, (t(Lease).name,))


def _copy_tables(
    origin: Engine, target: Engine, metadata: MetaData, left_out: Sequence[str]
) -> None:
    """Copy all rows, in an order that foreign keys allow; both databases have the schema."""
    with transaction(origin, write=False) as reading, transaction(target, write=True) as writing:
        for table in metadata.sorted_tables:
            if table.name in left_out:
                continue
            writing.execute(table.delete())  # what a new store holds of itself
            rows = reading.execution_options(yield_per=CHUNK).execute(select(table)).mappings()
            for chunk in rows.partitions(CHUNK):
                writing.execute(insert(table), [dict(row) for row in chunk])
