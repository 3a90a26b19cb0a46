"""One delimited file under one mapping → source records, block by block.

Finds the header and the delimiter, leaves out what is no row (blank lines, a header that stands
there again, the trailer), and turns every fault into a record with its line and reason.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from alumni_sync.errors import ConfigError, Problem, Unavailable
from alumni_sync.ports import SourceRecord
from connectors.delimited import Block, BrokenLine, read_blocks, split_line
from connectors.delivery import VENDOR, Delivered
from connectors.mapping import EXIT_LABEL, LoadedMapping
from connectors.mapping_columns import ColumnTranslator, Translation, fold_name

DELIMITERS: Final[Mapping[str, str]] = {"comma": ",", "semicolon": ";", "tab": "\t"}
ROW: Final = "row"
"""Stands for the field where the whole row is at fault."""

_EXCEL_HINT: Final = re.compile(r"\ufeff?sep=.\s*")


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a file: its cells, the delimiter, and how many lines were read until then."""

    cells: tuple[str, ...]
    delimiter: str
    lines: int

    def missing(self, columns: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """Return the columns that are not there, with the fields they were to fill."""
        there = {fold_name(cell) for cell in self.cells}
        return {name: fields for name, fields in columns.items() if fold_name(name) not in there}

    def doubled(self, columns: Mapping[str, Sequence[str]]) -> list[str]:
        """Return the columns of the mapping that stand there more than once."""
        counts = Counter(fold_name(cell) for cell in self.cells)
        return [name for name in columns if counts[fold_name(name)] > 1]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A block of records, and what the file says of its own length, once that is known."""

    records: list[SourceRecord]
    declared_total: int | None


class SheetReader:
    """Reads one file under a mapping."""

    def __init__(
        self, file: Delivered, loaded: LoadedMapping, *, delimiter: str, header_row: int, size: int
    ) -> None:
        """Prepare to read; nothing is opened yet.

        Args:
            file: what to read.
            loaded: the mapping.
            delimiter: a name of `DELIMITERS`, or `auto`.
            header_row: line of the header, from 1.
            size: lines a block.
        """
        self._file = file
        self._name = file.path.name
        self._loaded = loaded
        self._mapping = loaded.mapping
        self._delimiter = delimiter
        self._header_row = header_row
        self._size = size

    def header(self) -> Header | None:
        """Return the header; None for a file without one, which is an empty file."""
        with self._file.lines() as lines:
            return self._read_header(lines)

    def read(self) -> Iterator[Sheet]:
        """Yield all records.

        Raises:
            ConfigError: a column of the mapping is missing or stands there twice.
            Unavailable: the file is cut off, or changes while it is read.
        """
        with self._file.lines() as lines:
            header = self._read_header(lines)
            if header is None:
                return
            self._refuse_columns(header)
            yield from self._sheets(lines, header)

    def _read_header(self, lines: Iterator[str]) -> Header | None:
        read = list(islice(lines, self._header_row))
        if len(read) == self._header_row == 1 and _EXCEL_HINT.fullmatch(read[0]):
            read += islice(lines, 1)
        if len(read) < self._header_row or not read[-1].strip():
            return None
        cells, delimiter = self._split_header(read[-1])
        return Header(tuple(cells), delimiter, len(read))

    def _split_header(self, line: str) -> tuple[list[str], str]:
        """Split with the delimiter under which most columns of the mapping are found."""
        allowed = (
            tuple(DELIMITERS.values())
            if self._delimiter == "auto"
            else (DELIMITERS[self._delimiter],)
        )
        wanted = {fold_name(name) for name in self._mapping.columns}

        def found(delimiter: str) -> tuple[int, int]:
            cells = split_line(line, delimiter)
            return len(wanted & set(map(fold_name, cells))), len(cells)

        delimiter = max(allowed, key=found)
        return split_line(line, delimiter), delimiter

    def _refuse_columns(self, header: Header) -> None:
        columns = self._mapping.columns
        problems = [
            Problem(
                f"{self._name}:{header.lines}",
                f"column `{name}` is missing (for {', '.join(fields)})",
                f"check the export, or the column's name in {self._loaded.name}",
            )
            for name, fields in header.missing(columns).items()
        ]
        problems += [
            Problem(f"{self._name}:{header.lines}", f"column `{name}` stands there twice")
            for name in header.doubled(columns)
        ]
        if problems:
            raise ConfigError(problems)

    def _sheets(self, lines: Iterator[str], header: Header) -> Iterator[Sheet]:
        """Yield sheets; the last block is held back until it is known to be the last."""
        translator = _SheetTranslator(self._name, self._loaded, header)
        held: Block | None = None
        total = _Total(self._loaded, header, self._name)
        blocks = read_blocks(
            lines, header.delimiter, len(header.cells), read_before=header.lines, size=self._size
        )
        for block in blocks:
            if block.cut_off:
                what = f"{self._name} ends in the middle of a row: still being written, or cut off"
                raise Unavailable(VENDOR, "read", what)
            translator.drop_what_is_no_row(block)
            if not block.rows and not block.broken:
                continue
            if held is not None:
                total.look_at(held)
                yield Sheet(translator.records(held), None)
            held = block
        if held is not None:
            total.look_at(held)
            total.take_trailer(held)
            yield Sheet(translator.records(held), total.declared)


class _Total:
    """What a file says of the number of its rows: in a trailer row, or in a column of every row."""

    def __init__(self, loaded: LoadedMapping, header: Header, name: str) -> None:
        self.declared: int | None = None
        self._name = name
        self._trailer: re.Pattern[str] | None = None
        self._position: int | None = None
        declared = loaded.mapping.total
        if declared and declared.trailer:
            self._trailer = re.compile(declared.trailer)
            self._delimiter = header.delimiter
        if declared and declared.column:
            names = [fold_name(cell) for cell in header.cells]
            self._position = names.index(fold_name(declared.column))

    def look_at(self, block: Block) -> None:
        """Read the total from the first row that has one."""
        if self._position is None or self.declared is not None:
            return
        cells = (row[self._position].strip() for row in block.rows)
        self.declared = next((int(cell) for cell in cells if cell.isdecimal()), None)

    def take_trailer(self, block: Block) -> None:
        """Take the trailer out of the last block; raises `Unavailable` if it is not there."""
        if self._trailer is None:
            return
        last_row = block.lines[-1] if block.lines else 0
        last_broken = block.broken[-1].line if block.broken else 0
        text = block.broken[-1].text if last_broken > last_row else ""
        if last_row > last_broken:
            text = self._delimiter.join(block.rows[-1])
        match = self._trailer.search(text)
        if match is None or not match[1].isdecimal():
            what = f"{self._name} has no trailer row yet: still being written, or cut off"
            raise Unavailable(VENDOR, "read", what)
        if last_row > last_broken:
            del block.rows[-1], block.lines[-1]
        else:
            del block.broken[-1]
        self.declared = int(match[1])


class _SheetTranslator:
    """Turns blocks into records in the order of their lines."""

    def __init__(self, name: str, loaded: LoadedMapping, header: Header) -> None:
        self._name = name
        self._header = header
        self._codes = loaded.mapping.codes()
        self._columns = ColumnTranslator(loaded.mapping, header.cells)
        folded = [fold_name(cell) for cell in header.cells]
        wanted = {  # but the words for a code: of some, nobody may know them
            fold_name(column)
            for column, fields in loaded.mapping.columns.items()
            if fields != (EXIT_LABEL,)
        }
        self._positions = [at for at, cell in enumerate(folded) if cell in wanted]
        self._key = folded.index(fold_name(loaded.mapping.fields["person_id"].names[0]))

    def records(self, block: Block) -> list[SourceRecord]:
        """Return the records of a block."""
        done = self._columns.translate(block.rows, odd=block.odd)
        records = [
            SourceRecord(f"{self._name}:{line}", facts, code_label=label)
            for line, facts, label in zip(block.lines, done.facts, done.labels, strict=True)
        ]
        if done.problems or block.broken:
            records = self._with_faults(block, done, records)
        return records

    def drop_what_is_no_row(self, block: Block) -> None:
        """Leave out rows without a value, and a header that stands there again."""
        key, title = self._key, self._header.cells[self._key]
        no_rows = [
            at
            for at, row in enumerate(block.rows)
            if (row[key] == title and tuple(row) == self._header.cells)
            or not (row[key].strip() or any(map(str.strip, row)))
        ]
        for at in reversed(no_rows):
            del block.rows[at], block.lines[at]

    def _with_faults(
        self, block: Block, done: Translation, records: list[SourceRecord]
    ) -> list[SourceRecord]:
        """Put reasons to the records that cannot be used, and broken lines in their places."""
        numbered = list(zip(block.lines, records, strict=True))
        for at, found in done.problems.items():
            line, record = numbered[at]
            raw = self._mapped_cells(block.rows[at])
            numbered[at] = (line, SourceRecord(record.where, record.facts, tuple(found), raw))
        numbered += [(broken.line, self._broken(broken)) for broken in block.broken]
        return [record for _, record in sorted(numbered, key=lambda pair: pair[0])]

    def _mapped_cells(self, row: Sequence[str]) -> str:
        """Return the cells that the mapping reads, and no others, as a person can read them."""
        return "\n".join(
            f"{self._header.cells[at]}: {self._codes.redacted(row[at])}" for at in self._positions
        )

    def _broken(self, broken: BrokenLine) -> SourceRecord:
        pieces = split_line(broken.text, self._header.delimiter)
        raw = self._header.delimiter.join(self._codes.redacted(piece) for piece in pieces)
        where = f"{self._name}:{broken.line}"
        return SourceRecord(where, {}, ((ROW, broken.reason),), raw)
