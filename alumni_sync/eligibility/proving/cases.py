"""Cases beside a rule pack: invented leavers, and what the pack is to say of each of them.

`default.cases.yaml` belongs to `default.yaml`. Every problem of the file has its line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alumni_sync.domain import FieldType, Verdict
from alumni_sync.eligibility.language.fields import FIELD_TYPES, KNOWN_CODES, NO, STATE_FIELDS, YES
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.yaml_lines import Document, Location, problems_of, read_yaml, suggest

SUFFIX: Final = ".cases.yaml"

_EXPECTED: Final = {
    FieldType.DATE: "a date, like 2026-01-31",
    FieldType.INTEGER: "a whole number",
    FieldType.TAGS: "a list of texts, like [expert]",
    FieldType.TEXT: "text: put it in quotes",
    FieldType.CODE: "text: put it in quotes",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CaseInput(_Strict):
    """One case as it stands in the file."""

    case: Annotated[str, Field(min_length=1)]
    leaver: dict[str, Any] = {}
    not_mapped: tuple[str, ...] = ()
    today: date | None = None
    source: str | None = None
    jurisdiction: str | None = None
    verdict: Verdict
    rules: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    holds: dict[str, date | None] = {}


class CasesInput(_Strict):
    """All cases of a pack as they stand in the file."""

    pack: str
    today: date
    source: str = ""
    jurisdiction: str = ""
    usual: dict[str, Any] = {}
    cases: Annotated[tuple[CaseInput, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a pack is to say of one leaver.

    Attributes:
        holds: purpose → last day on which it is closed; None for no known end.
    """

    verdict: str
    rules: tuple[str, ...]
    unknown: tuple[str, ...]
    flags: frozenset[str]
    holds: Mapping[str, date | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes:
        where: file and line.
        facts: as the ledger's JSON has them; a field that is no key is not mapped.
        place: source and jurisdiction; "" for any that no rule names.
    """

    name: str
    where: str
    facts: Mapping[str, Any]
    today: date
    place: tuple[str, str]
    expected: Expected


def cases_path(pack: Path) -> Path:
    """Return where the cases of a pack stand."""
    return pack.with_name(f"{pack.stem}{SUFFIX}")


def load_cases(pack: Path) -> tuple[Case, ...]:
    """Read the cases beside a pack.

    Raises:
        ConfigError: there are none, or they cannot be used; every problem with its line.
    """
    path = cases_path(pack)
    if not path.exists():
        raise ConfigError.of(path.name, "is not there", f"write cases beside {pack.name}")
    document = read_yaml(path)
    try:
        shape = CasesInput.model_validate(document.value)
    except ValidationError as error:
        problems = [*document.problems, *problems_of(error, document, CasesInput)]
        raise ConfigError(problems) from None
    problems = [*document.problems, *_problems(document, shape, pack)]
    if problems:
        raise ConfigError(problems)
    return tuple(_case(document, shape, number) for number in range(len(shape.cases)))


def _problems(document: Document, shape: CasesInput, pack: Path) -> Iterator[Problem]:
    if shape.pack != pack.name:
        yield Problem(document.where(("pack",)), f"these are cases of {shape.pack}")
    yield from _bad_facts(document, shape.usual, ("usual",))
    seen: set[str] = set()
    for number, case in enumerate(shape.cases):
        here: Location = ("cases", number)
        if case.case in seen:
            yield Problem(document.where((*here, "case")), "stands twice", "take another name")
        seen.add(case.case)
        yield from _bad_facts(document, case.leaver, (*here, "leaver"))
        for position, name in enumerate(case.not_mapped):
            if name not in FIELD_TYPES:
                where = document.where((*here, "not_mapped", position))
                yield Problem(where, f"{name} is no field", suggest(name, FIELD_TYPES))


def _bad_facts(
    document: Document, facts: Mapping[str, Any], location: Location
) -> Iterator[Problem]:
    """Yield what no source could say of a leaver."""
    for name, value in facts.items():
        where = document.where((*location, name))
        kind = FIELD_TYPES.get(name)
        if kind is None:
            yield Problem(where, "is no field", suggest(name, FIELD_TYPES))
        elif value is not None and not _fits(name, kind, value):
            yield Problem(where, f"must be {_EXPECTED[kind]}", "`~` stands for an empty cell")


def _fits(name: str, kind: FieldType, value: object) -> bool:
    match kind:
        case FieldType.DATE:
            return type(value) is date
        case FieldType.INTEGER:
            return type(value) is int
        case FieldType.TAGS:
            return isinstance(value, list) and all(isinstance(tag, str) for tag in value)
        case _:
            return isinstance(value, str) or (isinstance(value, bool) and _says_yes_or_no(name))


def _says_yes_or_no(name: str) -> bool:
    return name in STATE_FIELDS or YES in KNOWN_CODES.get(name, ())


def _case(document: Document, shape: CasesInput, number: int) -> Case:
    case = shape.cases[number]
    facts = {**shape.usual, **case.leaver}
    plain = {name: _plain(value) for name, value in facts.items() if name not in case.not_mapped}
    source = shape.source if case.source is None else case.source
    jurisdiction = shape.jurisdiction if case.jurisdiction is None else case.jurisdiction
    return Case(
        case.case,
        document.where(("cases", number)).partition(" ")[0],
        plain,
        case.today or shape.today,
        (source, jurisdiction),
        Expected(case.verdict.value, case.rules, case.unknown, frozenset(case.flags), case.holds),
    )


def _plain(value: object) -> object:
    """Return a fact as the ledger's JSON has it; YAML reads a bare `yes` as true."""
    if isinstance(value, bool):
        return YES if value else NO
    return value.isoformat() if isinstance(value, date) else value
