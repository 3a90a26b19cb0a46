"""Delimited text → rows of cells with their line numbers, robust against one bad line.

A stray quote makes a CSV reader swallow everything up to the next quote, often thousands of rows.
So a block of lines is read at once only while every line is a row; otherwise line by line, and a
row over several lines counts only if it then has as many cells as the header. A line that fits no
way is given back as broken, and reading goes on with the next.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from connectors.mapping_cells import ODD

STRAY_QUOTE: Final = "stray-quote"
CELL_COUNT: Final = "cell-count"
TOO_LONG: Final = "too-long"
MOST_LINES: Final = 50
"""How many lines a quoted cell may go over before its quote is taken for a stray one."""

_OPEN: Final = "unexpected end of data"


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is no row of this file: its number, why, and its text (memory only)."""

    line: int
    reason: str
    text: str


@dataclass(slots=True)
class Block:
    """Some lines of a file.

    Attributes:
        rows: cells of the rows that have as many as the header; blank rows are left out.
        lines: the line each of `rows` starts at, from 1.
        broken: lines that are no rows.
        odd: whether cells need more than stripping blanks (see `mapping_cells.ODD`).
        cut_off: the file ends within this block, in the middle of a row.
    """

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    broken: list[BrokenLine] = field(default_factory=list)
    odd: bool = False
    cut_off: bool = False


class _Lines:
    """Lines of a file with their numbers; some can be put back."""

    def __init__(self, lines: Iterable[str], read_before: int) -> None:
        self._lines = iter(lines)
        self._back: deque[str] = deque()
        self.number = read_before
        self.unended = False

    def take(self, count: int) -> list[str]:
        taken = [self._back.popleft() for _ in range(min(count, len(self._back)))]
        taken += islice(self._lines, count - len(taken))
        self.number += len(taken)
        self.unended = bool(taken) and not taken[-1].endswith(("\n", "\r"))
        return taken

    def put_back(self, lines: Sequence[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line; a line that is no row gives its pieces between delimiters."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return line.rstrip("\r\n").split(delimiter)


def read_blocks(
    lines: Iterable[str], delimiter: str, width: int, *, read_before: int, size: int
) -> Iterator[Block]:
    """Yield blocks of about `size` lines.

    Args:
        lines: with their line ends.
        delimiter: one character.
        width: how many cells the header has.
        read_before: how many lines were read already.
        size: lines a block.
    """
    source = _Lines(lines, read_before)
    while taken := source.take(size):
        first = source.number - len(taken) + 1
        block = Block(odd=ODD.search("".join(taken)) is not None)
        try:
            rows = list(csv.reader(taken, delimiter=delimiter, strict=True))
        except csv.Error:
            rows = []
        if len(rows) == len(taken):
            numbered: Iterable[tuple[int, list[str]]] = enumerate(rows, first)
            if set(map(len, rows)) == {width}:
                block.rows, block.lines = rows, list(range(first, first + len(rows)))
                numbered = ()
        else:
            source.put_back(taken)
            numbered = _line_by_line(source, len(taken), delimiter, width, block)
        for line, cells in numbered:
            if len(cells) == width:
                block.rows.append(cells)
                block.lines.append(line)
            elif any(cell.strip() for cell in cells):
                block.broken.append(BrokenLine(line, CELL_COUNT, delimiter.join(cells)))
        if source.unended:
            block.cut_off = any(broken.line == source.number for broken in block.broken)
        yield block


def _line_by_line(
    source: _Lines, count: int, delimiter: str, width: int, block: Block
) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with their first line; note what is broken in `block`."""
    end = source.number + count
    while source.number < end and (taken := source.take(1)):
        number, why = source.number, ""
        rows, error = _parse(taken, delimiter)
        if error == _OPEN:
            rest = _rest_of_row(source, taken, delimiter, width)
            block.odd = block.odd or rest is not None  # a cell with a line break in it
            rows, why = ([rest], "") if rest else ([], STRAY_QUOTE)
        elif error:
            why = TOO_LONG if error.startswith("field larger") else STRAY_QUOTE
        if why:
            block.broken.append(BrokenLine(number, why, taken[0].rstrip("\r\n")))
        else:
            yield number, rows[0] if rows else []


def _parse(lines: Sequence[str], delimiter: str) -> tuple[list[list[str]], str]:
    """Return the rows of `lines`, or the reader's complaint."""
    try:
        return list(csv.reader(lines, delimiter=delimiter, strict=True)), ""
    except csv.Error as error:
        return [], str(error)


def _rest_of_row(source: _Lines, taken: list[str], delimiter: str, width: int) -> list[str] | None:
    """Take further lines until a row is complete; put them back if it never is, or does not fit."""
    more: list[str] = []
    while len(more) < MOST_LINES and (line := source.take(1)):
        more += line
        if '"' not in line[0]:
            continue
        rows, error = _parse([*taken, *more], delimiter)
        if len(rows) == 1 and len(rows[0]) == width:
            return rows[0]
        if error != _OPEN:
            break
    source.put_back(more)
    return None
