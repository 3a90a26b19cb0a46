"""Rule packs from YAML.

The shape is checked by pydantic, conditions are read by `conditions`; every problem has its line.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alumni_sync.domain import ExitKind, Verdict
from alumni_sync.eligibility.builtin import BUILT_IN, NEVER_IN_GOOD_STANDING
from alumni_sync.eligibility.clauses import IsKnown, Offset, literals
from alumni_sync.eligibility.conditions import Reader, read_day
from alumni_sync.eligibility.fields import ALWAYS_HARMLESS, NEVER_HARMLESS, RULE_FIELDS
from alumni_sync.eligibility.pack import (
    UNPLACED,
    HoldOutreach,
    Outcome,
    Rule,
    RulePack,
    SetFlag,
    unplaced_rule,
)
from alumni_sync.eligibility.scope import OUTSIDE_AUDIENCE, OUTSIDE_PILOT
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.ports import Purpose
from alumni_sync.yaml_lines import Document, Location, parse_yaml, problems_of, read_yaml

NAME: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"
RESERVED: Final = frozenset(
    {*(rule.id for rule in BUILT_IN), UNPLACED, OUTSIDE_AUDIENCE, OUTSIDE_PILOT}
)
ADVERSE: Final = tuple(verdict.value for verdict in Verdict if verdict is not Verdict.ELIGIBLE)

Name = Annotated[str, Field(pattern=NAME)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class RuleInput(_Strict):
    """One rule as it stands in the file; `when` and `then` are read by hand."""

    id: Name
    when: Any
    then: Any


class PackInput(_Strict):
    """One pack as it stands in the file."""

    pack: Name
    good_standing: tuple[ExitKind, ...]
    adults_only: bool | frozenset[str] = False
    harmless_if_unmapped: tuple[str, ...] = ()
    rules: tuple[RuleInput, ...]


def load_pack(path: Path) -> RulePack:
    """Read a rule pack; the built-in rules are part of what is returned.

    Raises:
        ConfigError: every problem of the file, each with its line. A broken pack judges nobody.
    """
    return _pack_of(read_yaml(path))


def parse_pack(text: str, name: str = "pack.yaml") -> RulePack:
    """Read a rule pack from text; `name` stands for the file in messages."""
    return _pack_of(parse_yaml(text, name))


def _pack_of(document: Document) -> RulePack:
    reader = Reader(document, list(document.problems))
    try:
        shape = PackInput.model_validate(document.value)
    except ValidationError as error:
        raise ConfigError([*reader.problems, *problems_of(error, document, PackInput)]) from None
    rules = tuple(_rule(reader, rule, ("rules", n)) for n, rule in enumerate(shape.rules))
    reader.problems.extend(_doubled(document, shape))
    reader.problems.extend(_misplaced(document, shape))
    if reader.problems:
        raise ConfigError(reader.problems)
    kinds = [kind.value for kind in shape.good_standing]
    return RulePack(
        name=shape.pack,
        rules=(*BUILT_IN, *rules, unplaced_rule(kinds, (*BUILT_IN, *rules))),
        harmless=ALWAYS_HARMLESS | set(shape.harmless_if_unmapped),
        adults_only=shape.adults_only,
    )


def _rule(reader: Reader, rule: RuleInput, location: Location) -> Rule:
    when = reader.clause(rule.when, (*location, "when"))
    then = _outcome(reader, rule.then, (*location, "then"))
    if not isinstance(then, SetFlag):
        for leaf, positive in literals(when):
            if isinstance(leaf, IsKnown) and positive:
                reader.problem(
                    (*location, "when"),
                    f"{leaf.field}: `is_known: true` would let a missing fact help",
                    "write `is_known: false`, or leave it out: what is unknown goes to review",
                )
    return Rule(rule.id, when, then)


def _outcome(reader: Reader, value: object, location: Location) -> Outcome:
    match value:
        case str() if value in ADVERSE:
            return Verdict(value)
        case {"flag": str(flag), **rest} if not rest and re.match(NAME, flag):
            return SetFlag(flag)
        case {"outreach_hold": {"purpose": purpose, **keys}, **rest} if not rest:
            return _hold(reader, purpose, keys, (*location, "outreach_hold"))
        case _:
            reader.problem(
                location,
                "is no outcome",
                f"{', '.join(ADVERSE)}, {{flag: NAME}} or {{outreach_hold: {{purpose: …}}}}",
            )
            return Verdict.REVIEW


def _hold(
    reader: Reader, purpose: object, rest: dict[object, object], location: Location
) -> Outcome:
    known = [member.value for member in Purpose if member is not Purpose.COMMUNITY]
    if purpose not in known:
        reader.problem((*location, "purpose"), "is no purpose", f"one of {', '.join(known)}")
    until = rest.pop("until", None)
    for key in rest:
        reader.problem((*location, str(key)), "is not a known key", "known here: purpose, until")
    day = read_day(until) if isinstance(until, str) else None
    if until is not None and not isinstance(day, Offset):
        reader.problem(
            (*location, "until"), "must count from a date", "like `6 months after exit_date`"
        )
        day = None
    return HoldOutreach(str(purpose), day if isinstance(day, Offset) else None)


def _doubled(document: Document, shape: PackInput) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for position, rule in enumerate(shape.rules):
        where = document.where(("rules", position, "id"))
        if rule.id in seen:
            yield Problem(where, f"{rule.id} stands twice", "an id names one rule")
        if rule.id in RESERVED:
            yield Problem(where, f"{rule.id} is a built-in rule", "take another id")
        seen[rule.id] = position


def _misplaced(document: Document, shape: PackInput) -> Iterator[Problem]:
    if not shape.rules:
        yield Problem(
            document.where(("rules",)), "must not be empty", "an empty pack decides nothing"
        )
    for position, kind in enumerate(shape.good_standing):
        if kind in NEVER_IN_GOOD_STANDING:
            where = document.where(("good_standing", position))
            yield Problem(where, f"{kind.value} is never good standing", "take it out")
    for position, name in enumerate(shape.harmless_if_unmapped):
        where = document.where(("harmless_if_unmapped", position))
        if name not in RULE_FIELDS:
            yield Problem(where, f"{name} is no field that a rule may look at")
        elif name in NEVER_HARMLESS:
            yield Problem(where, f"without {name} no verdict is possible", "map it in every source")
        elif name == "birth_date":
            yield Problem(where, "birth_date has a key of its own", "use `adults_only`")
