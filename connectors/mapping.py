"""The mapping file of a source: which column fills which field of the canonical leaver.

Written by an HRIS admin, so everything that is wrong is said at once, with its line. The format is
described for them in docs/connectors-csv.md. This module knows the file; `mapping_columns` applies
it to rows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Annotated, Final, Literal
from urllib.parse import quote

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from alumni_sync.domain import LEAVER_FIELDS, ExitKind, MappingSaid
from alumni_sync.errors import ConfigError
from alumni_sync.yaml_lines import parse_yaml, problems_of, read_yaml
from connectors.mapping_codes import ExitCodes
from connectors.mapping_dates import DateForm
from connectors.mapping_lint import lint_mapping

PERSON_PLACEHOLDER: Final = "person_id"
EXIT_LABEL: Final = "exit_label"
"""Stands for a field where a column is read for what the source calls a code."""

_FILLED_BY_CODES: Final = "exit_kind"


def _is_field(name: str) -> str:
    if name == _FILLED_BY_CODES:
        raise ValueError("is filled by the exit code | use `exit_codes:`")
    if name not in LEAVER_FIELDS:
        raise ValueError("is no field of a leaver | see the table in docs/connectors-csv.md")
    return name


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _column(value: object) -> object:
    """Let `field: Column` and `field: [Column, Column]` stand for the long form."""
    if isinstance(value, bool | int | float):  # a column called `No` is false to YAML
        raise ValueError("is not text | put the column's name in quotes")  # noqa: TRY004 pydantic turns a ValueError into a problem with its line
    if isinstance(value, str):
        return {"column": value}
    return {"columns": value} if isinstance(value, list) else value


def _clear_order(forms: tuple[DateForm, ...]) -> tuple[DateForm, ...]:
    if {DateForm.DMY, DateForm.MDY} <= set(forms):
        raise ValueError("allows both dmy and mdy, so 03/04 means nothing | choose one")
    return forms


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error.msg}") from None
    return pattern


def _one_group(pattern: str) -> str:
    if re.compile(_compiles(pattern)).groups != 1:
        raise ValueError("must have one pair of parentheses around the number")
    return pattern


def _template(text: str) -> str:
    try:
        names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        names = set()
    if names != {PERSON_PLACEHOLDER} or not text.startswith(("https://", "http://")):
        raise ValueError("must be a web address with {person_id} in it, and no other braces")
    return text


Text = Annotated[str, Field(min_length=1)]
Forms = Annotated[
    tuple[DateForm, ...],
    BeforeValidator(_as_list),
    AfterValidator(_clear_order),
    Field(min_length=1),
]
Pattern = Annotated[str, AfterValidator(_compiles)]


class Part(BaseModel):
    """What all parts of a mapping share: unknown keys are errors, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class FieldSource(Part):
    """Where one field comes from: a column, several joined, or a constant; and how it is read."""

    column: Text | None = None
    columns: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    join: str = " "
    constant: Text | None = None
    values: dict[Text, str] = Field(default_factory=dict)
    otherwise: Literal["keep", "empty", "reject"] = "keep"
    dates: Forms | None = None
    split: Text = ",;|"

    @property
    def only(self) -> frozenset[str]:
        """Return the only values that this can give; empty where it hands on what it finds."""
        if self.constant is not None:
            return frozenset({self.constant})
        listed = self.values and self.otherwise != "keep"
        return frozenset(self.values.values()) if listed else frozenset()

    @model_validator(mode="after")
    def _one_origin(self) -> "FieldSource":
        origins = [self.column, self.columns, self.constant]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("must name one of `column`, `columns` and `constant`")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns that are read, in their order."""
        return self.columns or ((self.column,) if self.column else ())


class CodeTable(Part):
    """Exit codes → kinds: exact ones, patterns, or one kind for everybody in the file.

    `label` is the column in which the export says a code in words, where it has one: a code whose
    words change is not trusted any more.
    """

    exact: dict[Text, ExitKind] = Field(default_factory=dict)
    patterns: dict[Pattern, ExitKind] = Field(default_factory=dict)
    everybody: ExitKind | None = None
    label: Text | None = None

    @model_validator(mode="after")
    def _not_both(self) -> "CodeTable":
        if self.everybody is not None and (self.exact or self.patterns):
            raise ValueError("`everybody` stands alone | take out `exact` and `patterns`")
        if self.everybody is None and not self.exact and not self.patterns:
            raise ValueError("says nothing | give `exact`, `patterns` or `everybody`")
        if self.everybody is not None and self.label is not None:
            raise ValueError("`everybody` has no codes that a `label` could be of | take it out")
        return self


class DeclaredTotal(Part):
    """Where the file itself says how many rows it has."""

    trailer: Annotated[str, AfterValidator(_one_group)] | None = None  # pattern of the last row
    column: Text | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "DeclaredTotal":
        if (self.trailer is None) == (self.column is None):
            raise ValueError("must have either `trailer` or `column`")
        return self


class SourceMapping(Part):
    """A whole mapping file."""

    fields: dict[
        Annotated[str, AfterValidator(_is_field)], Annotated[FieldSource, BeforeValidator(_column)]
    ]
    exit_codes: CodeTable
    dates: Forms = (DateForm.ISO,)
    pivot: Annotated[int, Field(ge=0, le=100)] | None = None
    empty: tuple[Text, ...] = ()
    total: DeclaredTotal | None = None
    profile_url: Annotated[str, AfterValidator(_template)] | None = None

    @property
    def columns(self) -> Mapping[str, tuple[str, ...]]:
        """Return column → the fields that it fills."""
        found: dict[str, tuple[str, ...]] = {}
        for field, source in self.fields.items():
            for name in source.names:
                found[name] = (*found.get(name, ()), field)
        if self.total and self.total.column:
            found.setdefault(self.total.column, ("total",))
        if self.exit_codes.label:
            found.setdefault(self.exit_codes.label, (EXIT_LABEL,))
        return found

    def codes(self) -> ExitCodes:
        """Return the compiled table of exit codes."""
        return ExitCodes(self.exit_codes.exact, list(self.exit_codes.patterns.items()))

    def said(self) -> MappingSaid:
        """Return what the mapping says, in a form in which two of them can be compared."""
        table, codes = self.exit_codes, self.codes()
        shared = (self.dates, self.pivot, self.empty)
        everybody = table.everybody
        return MappingSaid(
            kind=codes.kind if everybody is None else lambda _code: everybody,
            codes=table.exact,
            patterns=(everybody, *table.patterns.items()),
            fields={name: (source, shared) for name, source in self.fields.items()},
            values={name: kept for name, source in self.fields.items() if (kept := source.only)},
        )

    def person_page(self, person_id: str) -> str | None:
        """Return the HRIS page of a person."""
        if self.profile_url is None:
            return None
        return self.profile_url.format(person_id=quote(person_id, safe=""))


@dataclass(frozen=True, slots=True)
class LoadedMapping:
    """A mapping with the bytes it was read from: they are part of what a read is made of."""

    mapping: SourceMapping
    content: bytes
    name: str


def load_mapping(path: Path, released: bytes | None = None) -> LoadedMapping:
    """Read and check a mapping file.

    Args:
        path: of the file.
        released: the content to use in place of the file's.

    Raises:
        ConfigError: with every problem found, each with its line.
    """
    content = released
    if content is None:
        if not path.exists():
            what, todo = "cannot be read: there is no such file", "write it: docs/connectors-csv.md"
            raise ConfigError.of(str(path), what, todo)
        document = read_yaml(path)
        content = path.read_bytes()
    else:
        document = parse_yaml(content.decode("utf-8-sig", "replace"), path.name)
    problems = list(document.problems)
    mapping = None
    try:
        mapping = SourceMapping.model_validate({} if document.value is None else document.value)
    except ValidationError as error:
        problems.extend(problems_of(error, document, SourceMapping))
    problems.extend(lint_mapping(document))
    if problems or mapping is None:
        raise ConfigError(problems)
    return LoadedMapping(mapping, content, path.name)
