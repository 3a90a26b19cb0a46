"""What stands in a cell of a decision table, as the value that YAML would have for it.

What cannot be read stays text, so that the reader of conditions names what it expects.
"""

import re
from datetime import date
from typing import Any, Final

from alumni_sync.domain import FieldType

SEVERAL: Final = "|"
"""Between the values of one cell: a comma may be part of a department's name."""

_ISO: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)")
_DOTTED: Final = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})")
_NUMBER: Final = re.compile(r"-?\d{1,9}")
_OUTCOME: Final = re.compile(r"(flag|held_until|outreach_hold)\s*:\s*(.+)")
_TRUTH: Final = {"yes": True, "true": True, "no": False, "false": False}


def several(cell: str) -> list[str]:
    """Return the values of a cell."""
    return [value.strip() for value in cell.split(SEVERAL)]


def as_day(cell: str) -> date | str:
    """Return the day that `2026-01-31` or `31.01.2026` means; other text as it is.

    `1/2/2026` is left alone: nobody knows which month it is.
    """
    found = _ISO.fullmatch(cell) or _DOTTED.fullmatch(cell)
    if found is None:
        return cell
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return cell


def condition(kind: FieldType, operator: str, cell: str) -> tuple[str, Any]:
    """Return operator and operand of a cell; several values make `equals` a `one_of`."""
    if operator == "is_known":
        return operator, _TRUTH.get(cell.lower(), cell)
    values = [_value(kind, value) for value in several(cell)]
    if operator in {"one_of", "between"}:
        return operator, values
    if len(values) > 1:
        return ("one_of", values) if operator == "equals" else (operator, values)
    return operator, values[0]


def _value(kind: FieldType, cell: str) -> object:
    if kind is FieldType.INTEGER and _NUMBER.fullmatch(cell):
        return int(cell)
    return as_day(cell) if kind is FieldType.DATE else cell


def outcome(cell: str) -> object:
    """Return `then:` of a cell: `excluded`, `flag: retiree`, `held_until: 2 years after exit_date`.

    An outreach hold is `outreach_hold: job_offers until 6 months after exit_date`.
    """
    found = _OUTCOME.fullmatch(cell)
    if found is None:
        return cell.lower()
    key, value = found.groups()
    match key:
        case "flag":
            return {key: value}
        case "held_until":
            return {key: as_day(value)}
        case _:
            purpose, _, until = value.partition(" until ")
            hold = {"purpose": purpose.strip()}
            return {key: hold | {"until": until.strip()} if until else hold}
