"""Decision tables: a CSV that a spreadsheet opens, one rule a row.

A column is a field, with an operator where it is not the usual one; a cell is what it is compared
with, empty for no condition. Rows become the same rules as YAML, through the same reader, so that a
table cannot say what a pack cannot. Problems name file, line and column.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

from pydantic import ValidationError

from alumni_sync.domain import FieldType
from alumni_sync.eligibility.language.cells import as_day, condition, outcome, several
from alumni_sync.eligibility.language.clauses import All, Clause
from alumni_sync.eligibility.language.conditions import OPERATORS, Reader
from alumni_sync.eligibility.language.fields import RULE_FIELDS
from alumni_sync.eligibility.language.forbidden import refusal
from alumni_sync.eligibility.language.pack import Rule
from alumni_sync.eligibility.language.shape import RuleInput
from alumni_sync.eligibility.language.written import compiled
from alumni_sync.errors import Problem
from alumni_sync.yaml_lines import Document, Location, problems_of, suggest

COMMENT: Final = "comment"
NEEDED: Final = ("id", "then")
WINDOW: Final[Mapping[str, str]] = {"valid_from": "from", "valid_to": "to", "valid_by": "by"}
PLACES: Final = ("sources", "jurisdictions")
SETTINGS: Final = (*NEEDED, *WINDOW, *PLACES, COMMENT)
"""Columns that are no condition; `comment` is not read."""

_SAYS_SEPARATOR: Final = re.compile(r"sep=([,;\t])\s*$", re.IGNORECASE)
_NEW_LINE: Final = re.compile(r"\r\n?")

_USUAL: Final[Mapping[FieldType, str]] = {FieldType.TAGS: "contains"}
"""What a column without an operator means; `equals` for the other types."""

Row = Mapping[str, str]
"""Header → text of the cells that are not empty."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of conditions."""

    field: str
    operator: str
    positive: bool


class _Table(Document):
    """Says where something stands in a table: `conduct.csv:3 exit_kind`."""

    def where(self, location: Location) -> str:
        """Return file, line and column; a location is the line, then the column or a key."""
        line, *rest = location or (1,)
        names = [str(part) for part in rest]
        if names[:1] == ["valid"]:
            columns = {key: column for column, key in WINDOW.items()}
            names = [columns.get(name, "valid_from") for name in (*names[1:], "from")]
        return f"{self.name}:{line} {' '.join(names[:1])}".rstrip()


def table_rules(name: str, text: str, problems: list[Problem]) -> tuple[Rule, ...]:
    """Return the rules of a table; notes what is wrong with it in `problems`."""
    reader = Reader(_Table(name, None, {}), problems)
    lines = _lines(reader, text)
    first, written = next(lines, (1, []))
    header = [cell.lower() for cell in written]
    columns = _columns(reader, first, header)
    if columns is None:
        return ()
    before = len(problems)
    rows = [(line, _row(reader, line, header, cells)) for line, cells in lines]
    if not rows and len(problems) == before:
        reader.problem((first,), "has no row below it", "an empty table decides nothing")
    found = (_rule(reader, line, row, columns) for line, row in rows)
    return tuple(rule for rule in found if rule is not None)


def _lines(reader: Reader, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty with the line on which it begins.

    Spreadsheets separate by comma, semicolon or tab, as the country has it, and some say which in a
    first line (`sep=;`).
    """
    lines = list(StringIO(_NEW_LINE.sub("\n", text.removeprefix("\ufeff"))))
    said = _SAYS_SEPARATOR.match(lines[0]) if lines else None
    if said:
        lines[0] = "\n"
    header = next((line for line in lines if line.strip()), "")
    separator = said[1] if said else max(",;\t", key=header.count)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    begin = 1
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield begin, [cell.strip() for cell in cells]
            begin = rows.line_num + 1
    except csv.Error as error:
        reader.problem((begin,), f"is no CSV: {error}", "is there a quotation mark too many?")


def _columns(reader: Reader, line: int, header: Sequence[str]) -> dict[str, _Column] | None:
    """Return the columns of conditions by their header; None where the header cannot be used."""
    before = len(reader.problems)
    found: dict[str, _Column] = {}
    for position, cell in enumerate(header):
        if cell and cell in header[:position]:
            reader.problem((line, cell), "stands twice", "keep one column")
        elif cell and cell not in SETTINGS:
            column = _column(reader, line, cell)
            if column is not None:
                found[cell] = column
    for needed in NEEDED:
        if needed not in header:
            reader.problem((line,), f"has no column {needed}", f"needed: {', '.join(NEEDED)}")
    if not found and len(reader.problems) == before:
        reader.problem((line,), "has no column with a condition", "name a column after a field")
    return found if len(reader.problems) == before else None


def _column(reader: Reader, line: int, header: str) -> _Column | None:
    """Return what `exit_kind`, `job_level at least` or `country not` stands for."""
    field, *words = header.split()
    kind = RULE_FIELDS.get(field)
    if kind is None:
        typo = (
            "is neither a field nor a column that a table has",
            suggest(field, {*RULE_FIELDS, *SETTINGS}),
        )
        reader.problem((line, header), *(refusal(field) or typo))
        return None
    positive = words[:1] != ["not"]
    usual = _USUAL.get(kind, "equals")
    operator = "_".join(words if positive else words[1:]) or usual
    if operator not in OPERATORS:
        reader.problem((line, header), f"{operator} is no operator", suggest(operator, OPERATORS))
        return None
    return _Column(field, operator, positive)


def _row(reader: Reader, line: int, header: Sequence[str], cells: Sequence[str]) -> Row:
    for extra in cells[len(header) :]:
        if extra:
            do = "put a cell in which the separator stands in quotes"
            reader.problem((line,), "has more cells than the first line", do)
            break
    named = dict(zip(header, cells, strict=False))
    if any(cell for name, cell in named.items() if not name):
        reader.problem((line,), "has a cell in a column without a name", "name it, or empty it")
    return {name: cell for name, cell in named.items() if name and cell}


def _rule(reader: Reader, line: int, row: Row, columns: Mapping[str, _Column]) -> Rule | None:
    """Return the rule of a row; None where it cannot be read, which was noted."""
    parts = [
        _condition(reader, (line, header), column, row[header])
        for header, column in columns.items()
        if header in row
    ]
    if not parts:
        do = "fill in a condition; a rule about everybody is none"
        reader.problem((line,), "has no condition", do)
    try:
        written = RuleInput.model_validate(_written(row))
    except ValidationError as error:
        reader.problems.extend(problems_of(error, reader.document, RuleInput, (line,)))
        return None
    when = parts[0] if len(parts) == 1 else All(tuple(parts))
    return compiled(reader, written, when, (line,))


def _written(row: Row) -> dict[str, Any]:
    """Return a row as the mapping that stands in YAML for such a rule."""
    written: dict[str, Any] = {"when": None}
    if "id" in row:
        written["id"] = row["id"]
    if "then" in row:
        written["then"] = outcome(row["then"])
    window = {key: as_day(row[column]) for column, key in WINDOW.items() if column in row}
    if window:
        written["valid"] = window
    return written | {name: several(row[name]) for name in PLACES if name in row}


def _condition(reader: Reader, location: Location, column: _Column, cell: str) -> Clause:
    operator, operand = condition(RULE_FIELDS[column.field], column.operator, cell)
    if operand == "-":
        reader.problem(location, "is only a dash", "leave the cell empty for no condition")
    said: dict[str, Any] = {column.field: {operator: operand}}
    return reader.clause(said if column.positive else {"not": said}, location)
