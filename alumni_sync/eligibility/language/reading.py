"""Rule packs from YAML, and from the decision tables beside it.

The shape is checked by pydantic, conditions are read by `conditions`; every problem has its line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import ValidationError

from alumni_sync.eligibility.language.builtin import BUILT_IN, NEVER_IN_GOOD_STANDING
from alumni_sync.eligibility.language.conditions import Reader
from alumni_sync.eligibility.language.fields import ALWAYS_HARMLESS, NEVER_HARMLESS, RULE_FIELDS
from alumni_sync.eligibility.language.forbidden import refusal
from alumni_sync.eligibility.language.pack import UNPLACED, Rule, RulePack, unplaced_rule
from alumni_sync.eligibility.language.scope import OUTSIDE_AUDIENCE, OUTSIDE_PILOT
from alumni_sync.eligibility.language.shape import PackInput
from alumni_sync.eligibility.language.tables import table_rules
from alumni_sync.eligibility.language.written import compiled
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.yaml_lines import Document, parse_yaml, problems_of, read_yaml

RESERVED: Final = frozenset(
    {*(rule.id for rule in BUILT_IN), UNPLACED, OUTSIDE_AUDIENCE, OUTSIDE_PILOT}
)

ReadTable = Callable[[str], bytes]
"""Name of a table, as the pack has it → its content; raises `OSError` or `KeyError`."""


def load_pack(path: Path) -> RulePack:
    """Read a rule pack with its tables; the built-in rules are part of what is returned.

    Raises:
        ConfigError: every problem of the files, each with its line. A broken pack judges nobody.
    """
    return _pack_of(read_yaml(path), _beside(path))


def parse_pack(
    text: str, name: str = "pack.yaml", tables: Mapping[str, bytes] | None = None
) -> RulePack:
    """Read a rule pack from text.

    Args:
        text: of the pack.
        name: stands for the file in messages.
        tables: name → content of the decision tables that the pack names.
    """
    return _pack_of(parse_yaml(text, name), (tables or {}).__getitem__)


def _beside(path: Path) -> ReadTable:
    return lambda name: (path.parent / name).read_bytes()


def _pack_of(document: Document, read: ReadTable) -> RulePack:
    reader = Reader(document, list(document.problems))
    try:
        shape = PackInput.model_validate(document.value)
    except ValidationError as error:
        raise ConfigError([*reader.problems, *problems_of(error, document, PackInput)]) from None
    rules = []
    for n, written in enumerate(shape.rules):
        when = reader.clause(written.when, ("rules", n, "when"))
        rules.append(compiled(reader, written, when, ("rules", n)))
    for n, name in enumerate(shape.tables):
        text = _table_text(reader, name, n, read)
        rules.extend(table_rules(name, text, reader.problems) if text is not None else ())
    reader.problems.extend(_doubled(rules))
    reader.problems.extend(_misplaced(document, shape))
    if reader.problems:
        raise ConfigError(reader.problems)
    kinds = [kind.value for kind in shape.good_standing]
    return RulePack(
        name=shape.pack,
        rules=(*BUILT_IN, *rules, unplaced_rule(kinds, (*BUILT_IN, *rules))),
        harmless=ALWAYS_HARMLESS | set(shape.harmless_if_unmapped),
        adults_only=shape.adults_only,
        good_standing=frozenset(kinds),
    )


def _table_text(reader: Reader, name: str, position: int, read: ReadTable) -> str | None:
    """Return the text of a table; None where it cannot be read, which was noted."""
    path, place = PurePosixPath(name), ("tables", position)
    if path.is_absolute() or ".." in path.parts or "\\" in name or path.suffix != ".csv":
        reader.problem(place, f"{name} is no table beside the pack", "like `conduct.csv`")
        return None
    try:
        return read(name).decode("utf-8-sig")
    except UnicodeDecodeError:
        reader.problem(place, f"{name} is not UTF-8", "save it as “CSV UTF-8”")
    except (OSError, KeyError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "it is not there"
        reader.problem(place, f"{name} cannot be read: {why}")
    return None


def _doubled(rules: Iterable[Rule]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for rule in rules:
        where = f"{rule.where} {rule.id}"
        if rule.id in seen:
            what = f"{rule.id} stands twice, first in {seen[rule.id]}"
            yield Problem(where, what, "an id names one rule")
        if rule.id in RESERVED:
            yield Problem(where, f"{rule.id} is a built-in rule", "take another id")
        seen.setdefault(rule.id, rule.where)


def _misplaced(document: Document, shape: PackInput) -> Iterator[Problem]:
    if not shape.rules and not shape.tables:
        yield Problem(
            document.where(("rules",)), "must not be empty", "an empty pack decides nothing"
        )
    for position, name in enumerate(shape.tables):
        if name in shape.tables[:position]:
            yield Problem(document.where(("tables", position)), f"{name} stands twice")
    for position, kind in enumerate(shape.good_standing):
        if kind in NEVER_IN_GOOD_STANDING:
            where = document.where(("good_standing", position))
            yield Problem(where, f"{kind.value} is never good standing", "take it out")
    for position, name in enumerate(shape.harmless_if_unmapped):
        where = document.where(("harmless_if_unmapped", position))
        if name not in RULE_FIELDS:
            yield Problem(
                where, *(refusal(name) or (f"{name} is no field that a rule may look at",))
            )
        elif name in NEVER_HARMLESS:
            yield Problem(where, f"without {name} no verdict is possible", "map it in every source")
        elif name == "birth_date":
            yield Problem(where, "birth_date has a key of its own", "use `adults_only`")
