"""The JSON Schema of a rule pack, made from the models and the operators that read it.

For editors: they complete keys, fields, operators and codes, and mark what does not fit while it
is typed. The reader of packs knows more: what a rule of a kind may look at, ids that stand twice.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from alumni_sync.domain import ExitKind, FieldType
from alumni_sync.eligibility.language.builtin import NEVER_IN_GOOD_STANDING
from alumni_sync.eligibility.language.clauses import Unit
from alumni_sync.eligibility.language.conditions import JOINING, OPERATORS
from alumni_sync.eligibility.language.fields import (
    KNOWN_CODES,
    NEVER_HARMLESS,
    NO,
    RULE_FIELDS,
    YES,
)
from alumni_sync.eligibility.language.outcomes import ADVERSE, PURPOSES
from alumni_sync.eligibility.language.shape import NAME, PackInput
from alumni_sync.eligibility.wording.words import ENGLISH

Schema = dict[str, Any]

FILE: Final = "pack.schema.json"
"""What it is called beside the packs."""

_UNITS: Final = "|".join(unit.value.removesuffix("s") for unit in Unit)
_SPAN: Final = rf"\d+ ({_UNITS})s?"
_DATES: Final = [name for name, kind in RULE_FIELDS.items() if kind is FieldType.DATE]
_SAYS: Final[Mapping[str, str]] = {
    "equals": "it is this value",
    "one_of": "it is one of these",
    "contains": "the tag is there; the text has this in it",
    "matches": "the whole text fits; * is any text, ? one character",
    "between": "from the first to the second, both included",
    "at_least": "it is this or more, this day or later",
    "at_most": "it is this or less, this day or earlier",
    "before": "it is an earlier day",
    "after": "it is a later day",
    "is_known": "true: there is a value (in rules for flags only); false: there is none",
    "all": "every one of them holds",
    "any": "at least one of them holds",
    "not": "it does not hold",
}


def pack_schema() -> Schema:
    """Return the schema."""
    schema = PackInput.model_json_schema()
    definitions = schema["$defs"]
    definitions["RuleInput"]["properties"]["when"] = _ref("condition")
    definitions["RuleInput"]["properties"]["then"] = _ref("outcome")
    window = definitions["WindowInput"]
    window["anyOf"] = [{"required": ["from"]}, {"required": ["to"]}]
    for end in ("from", "to"):
        window["properties"][end] = _ref("date")
    properties = schema["properties"]
    good = [kind.value for kind in ExitKind if kind not in NEVER_IN_GOOD_STANDING]
    properties["good_standing"]["items"] = {"enum": good}
    harmless = sorted(RULE_FIELDS.keys() - NEVER_HARMLESS - {"birth_date"})
    properties["harmless_if_unmapped"]["items"] = {"enum": harmless}
    properties["tables"]["items"] = {"type": "string", "pattern": r"\.csv$"}
    schema["anyOf"] = [{"required": ["rules"]}, {"required": ["tables"]}]
    definitions.pop("ExitKind")
    schema["$defs"] = definitions | _days() | {"condition": _condition(), "outcome": _outcome()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Rule pack",
    }


def schema_text() -> str:
    """Return the schema as the file beside the packs has it."""
    return json.dumps(pack_schema(), indent=2, ensure_ascii=False) + "\n"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _days() -> Schema:
    fields = "|".join(_DATES)
    return {
        "date": {
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}$",
            "description": "a day, like 2026-01-31",
        },
        "offset": {
            "type": "string",
            "pattern": rf"^{_SPAN} (before|after) ({fields})$",
            "description": "a day counted from another one, like 6 months after exit_date",
        },
        "day": {
            "anyOf": [
                _ref("date"),
                {"const": "today"},
                {
                    "type": "string",
                    "pattern": f"^{_SPAN} ago$",
                    "description": "counted from the day of the run, like 18 years ago",
                },
                _ref("offset"),
            ]
        },
    }


def _one_key(properties: Mapping[str, Schema]) -> Schema:
    """Return a mapping that has exactly one of these keys."""
    return {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _condition() -> Schema:
    several = {"type": "array", "minItems": 1, "items": _ref("condition")}
    joined = {
        name: {"description": _SAYS[name], **(_ref("condition") if name == "not" else several)}
        for name in JOINING
    }
    fields = {name: _field(name, kind) for name, kind in RULE_FIELDS.items()}
    return {
        "description": "one field with one operator, or all, any, not",
        **_one_key(fields | joined),
    }


def _field(name: str, kind: FieldType) -> Schema:
    operators = {
        operator: {"description": _SAYS[operator], **_operand(name, kind, operator)}
        for operator, kinds in OPERATORS.items()
        if kind in kinds
    }
    return {"description": f"{ENGLISH.fields[name]} ({kind})", **_one_key(operators)}


def _operand(name: str, kind: FieldType, operator: str) -> Schema:
    value = _value(name, kind)
    match operator:
        case "is_known":
            return {"type": "boolean"}
        case "contains" | "matches":
            return {"type": "string", "minLength": 1}
        case "one_of":
            return {"type": "array", "minItems": 1, "items": value}
        case "between":
            return {"type": "array", "minItems": 2, "maxItems": 2, "items": value}
        case _:
            return value


def _value(name: str, kind: FieldType) -> Schema:
    if kind is FieldType.INTEGER:
        return {"type": "integer"}
    if kind is FieldType.DATE:
        return _ref("day")
    known: Iterable[object] = KNOWN_CODES.get(name, ())
    if not known:
        return {"type": "string"}
    if set(known) == {YES, NO}:  # a bare `yes` is a boolean for some readers of YAML
        known = (*known, True, False)
    return {"enum": list(known)}


def _outcome() -> Schema:
    until = _ref("offset")
    keys: dict[str, Schema] = {
        "held_until": {
            "description": "held until the end of a day, then judged anew",
            "anyOf": [_ref("date"), until],
        },
        "flag": {
            "description": "a flag; an unknown fact gives none",
            "type": "string",
            "pattern": NAME,
        },
        "outreach_hold": {
            "description": "one purpose stays closed; an unknown fact closes it",
            "type": "object",
            "properties": {"purpose": {"enum": list(PURPOSES)}, "until": until},
            "required": ["purpose"],
            "additionalProperties": False,
        },
    }
    return {"description": "what follows", "anyOf": [{"enum": list(ADVERSE)}, _one_key(keys)]}
