"""The file connector: a leaver export as delimited text, read under a mapping file.

Follow docs/connectors-csv.md to connect a source. The pieces: `delivery` finds the files and sees
whether they are finished, `delimited` makes rows of lines, `mapping` knows what the columns mean,
`mapping_columns` applies it, `sheets` puts these together for one file.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from alumni_sync.domain import MappingSaid
from alumni_sync.errors import AlumniSyncError, ConfigError
from alumni_sync.ports import (
    ConnectorHealth,
    ConnectorInfo,
    Cursor,
    Page,
    PluginContext,
    SourceRecord,
    Window,
)
from connectors.delivery import (
    Delivered,
    Listing,
    find_files,
    wait_until_settled,
)
from connectors.mapping import LoadedMapping, load_mapping
from connectors.sheets import SheetReader

PAGE_ROWS: Final = 3_000
READING: Final = b"csv/1"
"""Part of every basis: raise it when the same bytes are read differently than before."""


class CsvSettings(BaseModel):
    """The keys of a source with `connector: csv`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    path: Annotated[str, Field(min_length=1)]
    mapping: Annotated[str, Field(min_length=1)]
    delimiter: Literal["auto", "comma", "semicolon", "tab"] = "auto"
    header_row: Annotated[int, Field(ge=1, le=100)] = 1
    listing: Listing | None = None  # a file and a pattern: full; a folder: changes
    marker: str = ""
    settle_seconds: Annotated[float, Field(ge=0, le=60)] = 0
    declared_total: Annotated[int, Field(ge=0)] | None = None


class CsvConnector:
    """Reads leaver records from delimited files."""

    info: ClassVar[ConnectorInfo] = ConnectorInfo(
        name="csv",
        vendor="any HRIS that exports delimited text",
        docs_url="docs/connectors-csv.md",
        auth="read access to the file",
        capabilities={
            "repeatable": True,
            "full_listing": True,
            "current": True,
            "future_exits": True,
            "rescinded_exits": "where the export has a status",
            "declared_total": "trailer row, column or setting",
        },
        contact_data="the export's own; evidence from contact_given_at and contact_text",
    )
    Settings: ClassVar[type[BaseModel]] = CsvSettings

    def __init__(
        self,
        settings: CsvSettings,
        context: PluginContext,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep settings and context; `pause` waits between the two looks of `settle_seconds`."""
        self._settings = settings
        self._context = context
        self._pause = pause
        root = Path(context.root)
        self._path = root / Path(settings.path).expanduser()
        self._mapping_path = root / Path(settings.mapping).expanduser()
        self._loaded: LoadedMapping | None = None

    def check(self) -> ConnectorHealth:
        """Say whether files and mapping can be read, and which mapped fields the files have."""
        try:
            columns = self._mapping().mapping.columns
            files = self._files()
        except AlumniSyncError as error:
            lines = tuple(str(error).splitlines())
            return ConnectorHealth(ok=False, problems=lines, ours=isinstance(error, ConfigError))
        asked = sorted({field for fields in columns.values() for field in fields})
        absent: set[str] = set()
        problems: list[str] = []
        notes: list[str] = []
        waiting = False
        for path in files:
            try:
                header = self._reader(Delivered.of(path)).header()
            except AlumniSyncError as error:
                problems += str(error).splitlines()
                waiting = waiting or not isinstance(error, ConfigError)
                continue
            if header is None:
                problems.append(f"{path.name}: the file is empty")
                continue
            for column, fields in header.missing(columns).items():
                absent |= set(fields)
                problems.append(f"{path.name}: column `{column}` is missing ({', '.join(fields)})")
            problems += [
                f"{path.name}: column `{column}` stands there twice"
                for column in header.doubled(columns)
            ]
            notes.append(f"{path.name}: {len(header.cells)} columns, {header.delimiter!r}, UTF-8")
        return ConnectorHealth(
            ok=not problems,
            asked=tuple(asked),
            returned=tuple(field for field in asked if field not in absent),
            problems=tuple(problems),
            notes=tuple(notes),
            ours=bool(problems) and not waiting,
        )

    def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages of all files of the read; the window does not matter to a file.

        Args:
            window: ignored: a file is what it is.
            cursor: number of pages that were taken already.

        Raises:
            ConfigError: file or column missing, mapping wrong, not UTF-8.
            Unavailable: not finished yet, or changed meanwhile.
        """
        del window
        pages = self._pages()
        return islice(pages, int(cursor.value), None) if cursor else pages

    def current(self, person_ids: Sequence[str]) -> Iterator[SourceRecord]:
        """Yield the records of the people named; of files that add up, the latest comes last."""
        wanted = frozenset(person_ids)
        for page in self._pages():
            for record in page.records:
                if not record.problems and record.facts["person_id"] in wanted:
                    yield record

    def profile_url(self, person_id: str) -> str | None:
        """Return the page that the mapping's `profile_url` gives for a person."""
        return self._mapping().mapping.person_page(person_id)

    def mapping_said(self) -> MappingSaid:
        """Return what the mapping file says, so that it can be compared with another one."""
        return self._mapping().mapping.said()

    def _mapping(self) -> LoadedMapping:
        if self._loaded is None:
            released = self._context.released.get("mapping")
            self._loaded = load_mapping(self._mapping_path, released)
        return self._loaded

    def _listing(self) -> Listing:
        if self._settings.listing is not None:
            return self._settings.listing
        return Listing.CHANGES if self._path.is_dir() else Listing.FULL

    def _files(self) -> list[Path]:
        found = find_files(self._path, self._listing(), self._settings.marker)
        wait_until_settled(found, self._settings.settle_seconds, self._pause)
        return found

    def _reader(self, file: Delivered) -> SheetReader:
        return SheetReader(
            file,
            self._mapping(),
            delimiter=self._settings.delimiter,
            header_row=self._settings.header_row,
            size=PAGE_ROWS,
        )

    def _pages(self) -> Iterator[Page]:
        """Yield pages; each is held back until it is known whether it is the last."""
        mapping = self._mapping()
        files = [Delivered.of(path) for path in self._files()]
        basis = self._basis(files, mapping)
        full = self._listing() is Listing.FULL
        held: Page | None = None
        number, total = 0, 0
        declared = self._settings.declared_total
        for part, file in enumerate(files):
            for sheet in self._reader(file).read():
                if held is not None:
                    number += 1
                    yield Page(held.records, Cursor(str(number)), None, held.full, basis, held.part)
                if sheet.declared_total is not None:
                    total += sheet.declared_total
                    declared = total
                held = Page(sheet.records, full=full, part=0 if full else part)
        if held is None:
            held = Page([], full=full)
        yield Page(held.records, None, declared, full, basis, held.part)

    def _basis(self, files: Sequence[Delivered], mapping: LoadedMapping) -> str:
        """Return the fingerprint of the bytes that this read is made of, mapping included."""
        parts = [
            READING,
            *(file.digest for file in files),
            hashlib.sha256(mapping.content).digest(),
        ]
        settings = self._settings.model_dump_json().encode()
        return self._context.fingerprint("basis", b"\0".join([*parts, settings]))
