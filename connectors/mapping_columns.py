"""Applies a mapping to rows, column by column: canonical facts, or why a row cannot be used.

By column because a payroll export has few different values in most of them, and because a loop over
people in Python is what makes such programs slow. A value that is there but cannot be read makes
its row unusable; an empty one is unknown. Of people without an exit only what places them is
translated: who still works here, or comes back, is told by person, hire date and status alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from alumni_sync.domain import LEAVER_FIELDS, ExitKind, Fact, FieldType, RecordStatus
from connectors.mapping import FieldSource, SourceMapping
from connectors.mapping_cells import (
    MappedReader,
    Reader,
    Remembering,
    TagReader,
    Unreadable,
    clean,
    forbidden,
    needs_cleaning,
    read_country,
    read_integer,
    read_language,
    read_text,
    read_yes_no,
)
from connectors.mapping_codes import UNDISCLOSED_CODE
from connectors.mapping_dates import DateReader

PLACING: Final = (
    "employee_number",
    "hire_date",
    "person_id",
    "person_key",
    "record_status",
    "spell_id",
)
"""Fields that say whose employment a row is about; of people without an exit, the only ones."""

MISSING: Final = "missing"
BEFORE_HIRE: Final = "before-hire-date"

_LEFT: Final = RecordStatus.LEFT.value
_WITH_EXIT: Final = frozenset({_LEFT, RecordStatus.RESCINDED.value, None})
_NO_SHOW: Final = ExitKind.NO_SHOW.value
_UNDISCLOSED: Final = ExitKind.UNDISCLOSED.value
_ALWAYS: Final = ("person_id", "hire_date", "spell_id", "record_status")
_OF_AN_EXIT: Final = ("last_working_day", "exit_date")
_STATUSES: Final = {status.value: status.value for status in RecordStatus}
_READERS: Final[Mapping[str, Reader]] = {
    "country": read_country,
    "do_not_consider": read_yes_no,
    "job_level": read_integer,
    "language": read_language,
    "record_status": MappedReader(_STATUSES, "reject", read_text),
}

Values = list[Fact]
Problems = dict[int, list[tuple[str, str]]]


@dataclass(slots=True)
class Translation:
    """What a block of rows became.

    Attributes:
        facts: by row.
        problems: of those that cannot be used.
        labels: what the source calls each row's exit code; "" where it does not say.
    """

    facts: list[dict[str, Fact]]
    problems: Problems = field(default_factory=dict)
    labels: Sequence[str] = ()


def fold_name(name: str) -> str:
    """Return a column name as it is compared: cleaned, single blanks, any case."""
    return " ".join(clean(name).split()).casefold()


class _Plan:
    """How one field is filled: from which positions of a row, and read by what."""

    def __init__(self, name: str, source: FieldSource, mapping: SourceMapping) -> None:
        self.name = name
        self.source = source
        self.positions: tuple[int, ...] = ()
        read = _reader_of(name, source, mapping)
        self.remembering = None if read is read_text else Remembering(read)

    def read(self, cells: Mapping[int, Sequence[str]], count: int, problems: Problems) -> Values:
        """Return the field's value for each row; an unreadable one is null and a problem."""
        if self.source.constant is not None:
            column: Sequence[str] = [self.source.constant] * count
        elif len(self.positions) == 1:
            column = cells[self.positions[0]]
        else:
            parts = zip(*(cells[position] for position in self.positions), strict=True)
            column = [self.source.join.join(filter(None, part)) for part in parts]
        if self.remembering is None:
            return [cell or None for cell in column]
        remembering = self.remembering
        values = list(map(remembering.__getitem__, column))
        if not remembering.failed:
            return values  # type: ignore[return-value]  # nothing unreadable was ever remembered
        for row, value in enumerate(values):
            if isinstance(value, Unreadable):
                problems.setdefault(row, []).append((self.name, value.reason))
                values[row] = None
        return values  # type: ignore[return-value]  # what was unreadable is null now


def _reader_of(name: str, source: FieldSource, mapping: SourceMapping) -> Reader:
    kind = LEAVER_FIELDS[name]
    if kind is FieldType.DATE:
        return DateReader(source.dates or mapping.dates, mapping.pivot)
    read = _READERS.get(name, read_text)
    if source.values:
        read = MappedReader(source.values, source.otherwise, read)
    return TagReader(source.split, read) if kind is FieldType.TAGS else read


class ColumnTranslator:
    """Translates blocks of rows of one file; keeps nothing but what cells were read before."""

    def __init__(self, mapping: SourceMapping, header: Sequence[str]) -> None:
        """Find the mapping's columns in `header`; those must all be there (see the connector)."""
        self._codes = mapping.codes()
        self._everybody = mapping.exit_codes.everybody
        self._empty = frozenset(mapping.empty)
        positions = {fold_name(name): position for position, name in enumerate(header)}
        self._plans = [_Plan(name, source, mapping) for name, source in mapping.fields.items()]
        for plan in self._plans:
            plan.positions = tuple(positions[fold_name(name)] for name in plan.source.names)
        self._label = positions[fold_name(label)] if (label := mapping.exit_codes.label) else None
        self._fields: dict[int, list[str]] = {}
        for plan in self._plans:
            for position in plan.positions:
                self._fields.setdefault(position, []).append(plan.name)
        self._mapped = frozenset(mapping.fields)
        self._exit_fields = tuple(name for name in _OF_AN_EXIT if name in self._mapped)

    def translate(self, rows: Sequence[Sequence[str]], *, odd: bool) -> Translation:
        """Translate rows that all have as many cells as the header.

        Args:
            rows: cells as the file has them.
            odd: whether any cell has characters that need more than stripping blanks.
        """
        if not rows:
            return Translation([])
        problems: Problems = {}
        cells = self._cells(rows, problems, odd=odd)
        values = {plan.name: plan.read(cells, len(rows), problems) for plan in self._plans}
        self._fill_codes(values)
        self._fill_status(values, problems)
        self._fill_places(values)
        names = tuple(sorted(values))
        facts = [
            dict(zip(names, row, strict=True))
            for row in zip(*(values[name] for name in names), strict=True)
        ]
        self._reduce(facts, problems)
        self._require(values, problems)
        return Translation(facts, problems, self._labels(rows, values["exit_kind"]))

    def _labels(self, rows: Sequence[Sequence[str]], kinds: Values) -> Sequence[str]:
        """Return what the source calls the code of each row; not of codes that we must not know."""
        if self._label is None:
            return [""] * len(rows)
        labels = [" ".join(clean(row[self._label]).split()).casefold() for row in rows]
        return [
            "" if kind == _UNDISCLOSED else label for label, kind in zip(labels, kinds, strict=True)
        ]

    def _cells(
        self, rows: Sequence[Sequence[str]], problems: Problems, *, odd: bool
    ) -> dict[int, Sequence[str]]:
        """Return the cleaned cells of each column that the mapping reads."""
        columns = list(zip(*rows, strict=True))
        cells: dict[int, Sequence[str]] = {}
        for position, names in self._fields.items():
            column = list(map(str.strip, columns[position]))
            if odd and needs_cleaning("".join(columns[position])):
                self._clean(column, names, problems)
            if self._empty:
                column = ["" if cell in self._empty else cell for cell in column]
            cells[position] = column
        return cells

    def _clean(self, column: list[str], names: Sequence[str], problems: Problems) -> None:
        """Clean the cells of a column in place; forbidden characters are a problem of its field."""
        for row, cell in enumerate(column):
            if needs_cleaning(cell):
                column[row] = clean(cell)
                why = forbidden(column[row])
                if why is not None:
                    column[row] = ""
                    problems.setdefault(row, []).extend((name, why.reason) for name in names)

    def _fill_codes(self, values: dict[str, Values]) -> None:
        """Map exit codes to kinds; forget codes that are none of our business."""
        if self._everybody is not None:
            values["exit_kind"] = [self._everybody.value] * len(values["person_id"])
            return
        codes = values["exit_code"]
        known = {code: self._codes.kind(str(code) if code else None).value for code in set(codes)}
        values["exit_kind"] = [known[code] for code in codes]
        if _UNDISCLOSED in known.values():
            values["exit_code"] = [
                UNDISCLOSED_CODE if known[code] == _UNDISCLOSED else code for code in codes
            ]

    def _fill_status(self, values: dict[str, Values], problems: Problems) -> None:
        """Fill the dates of an exit from each other, and the status from them if it is not mapped.

        A blank last working day is the exit date: later, never earlier, than the true one. A blank
        exit date stays a gap where the mapping has both.
        """
        none: Values = [None] * len(values["person_id"])
        last, ends = values.get("last_working_day", none), values.get("exit_date", none)
        if "record_status" not in self._mapped:
            values["record_status"] = [
                RecordStatus.ACTIVE.value if day is None and end is None else _LEFT
                for day, end in zip(last, ends, strict=True)
            ]
            for row, found in problems.items():  # an unreadable date is a date all the same
                if any(name in {"last_working_day", "exit_date"} for name, _ in found):
                    values["record_status"][row] = _LEFT
        if "exit_date" not in self._mapped:
            ends = last
        values["exit_date"] = ends
        values["last_working_day"] = [
            end if day is None else day for day, end in zip(last, ends, strict=True)
        ]

    def _fill_places(self, values: dict[str, Values]) -> None:
        """Give employee number, spell and the leaver's note their defaults."""
        if "employee_number" not in self._mapped:
            values["employee_number"] = values["person_id"]
        if "spell_id" not in self._mapped:
            values["spell_id"] = [str(day) if day else None for day in values["hire_date"]]
        if "do_not_consider" in values:  # a box that nobody ticked is an answer, not a gap
            values["do_not_consider"] = [note or "no" for note in values["do_not_consider"]]

    def _reduce(self, facts: list[dict[str, Fact]], problems: Problems) -> None:
        """Keep only what places a person of everybody who has no exit, nor had one coming."""
        for row, record in enumerate(facts):
            if record["record_status"] in _WITH_EXIT:
                continue
            facts[row] = {name: record[name] for name in PLACING if name in record}
            if row in problems:
                kept = [found for found in problems.pop(row) if found[0] in PLACING]
                if kept:
                    problems[row] = kept

    def _require(self, values: dict[str, Values], problems: Problems) -> None:
        """Note what is missing or contradicts itself."""
        names = (*_ALWAYS, *_OF_AN_EXIT, "exit_kind")
        rows: Iterator[tuple[Any, ...]] = zip(*(values[name] for name in names), strict=True)
        for row, (person, hired, spell, status, last, end, kind) in enumerate(rows):
            if person and hired and spell:
                if status and (status != _LEFT or kind == _NO_SHOW):
                    continue
                if status and last and end and hired <= last and hired <= end:
                    continue
            found = dict(zip(names, (person, hired, spell, status, last, end, kind), strict=True))
            known = problems.get(row, [])
            problems.setdefault(row, []).extend(_faults(found, known, self._exit_fields))


def _faults(
    row: Mapping[str, Any], known: Sequence[tuple[str, str]], exit_fields: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Return the gaps and contradictions of one row, without fields whose fault is known."""
    hired = row["hire_date"]
    required = _ALWAYS + (exit_fields if row["record_status"] == _LEFT else ())
    faulty = {name for name, _ in known}
    if not hired:  # the default of the spell is missing only because that is
        faulty.add("spell_id")
    faults = [(name, MISSING) for name in required if not row[name] and name not in faulty]
    early = (name for name in exit_fields if hired and row[name] and row[name] < hired)
    return faults + [(name, BEFORE_HIRE) for name in early]
