"""Reading `then:`, what follows from a rule."""

import re
from datetime import date
from typing import Final

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.language.clauses import (
    Ago,
    Clause,
    Compare,
    Comparison,
    Offset,
    RunDay,
)
from alumni_sync.eligibility.language.conditions import Reader, read_day
from alumni_sync.eligibility.language.pack import HoldOutreach, Outcome, SetFlag
from alumni_sync.eligibility.language.shape import NAME
from alumni_sync.ports import Purpose
from alumni_sync.yaml_lines import Location

ADVERSE: Final = tuple(verdict.value for verdict in Verdict if verdict is not Verdict.ELIGIBLE)
PURPOSES: Final = tuple(purpose.value for purpose in Purpose if purpose is not Purpose.COMMUNITY)
_KNOWN: Final = (
    f"{', '.join(ADVERSE)}, {{held_until: …}}, {{flag: NAME}} or {{outreach_hold: {{purpose: …}}}}"
)


def read_outcome(
    reader: Reader, value: object, location: Location
) -> tuple[Outcome, tuple[Clause, ...]]:
    """Return what follows from a rule, and what has to hold besides the condition for it."""
    match value:
        case str() if value in ADVERSE:
            return Verdict(value), ()
        case {"flag": str(flag), **rest} if not rest and re.match(NAME, flag):
            return SetFlag(flag), ()
        case {"held_until": until, **rest} if not rest:
            return Verdict.HELD, _held_until(reader, until, (*location, "held_until"))
        case {"outreach_hold": {"purpose": purpose, **keys}, **rest} if not rest:
            return _outreach_hold(reader, purpose, keys, (*location, "outreach_hold")), ()
        case _:
            reader.problem(location, "is no outcome", _KNOWN)
            return Verdict.REVIEW, ()


def _held_until(reader: Reader, until: object, location: Location) -> tuple[Clause, ...]:
    """Return that the end has not passed: the day itself is the last one of the hold."""
    if isinstance(until, date):
        return (RunDay(None, until),)
    day = read_day(until) if isinstance(until, str) else None
    if isinstance(day, Offset) and day.later:
        return (Compare(day.field, Comparison.AT_LEAST, Ago(day.duration)),)
    reader.problem(
        location,
        "must be a date, or count from one",
        "like 2027-01-01 or `6 months after exit_date`",
    )
    return ()


def _outreach_hold(
    reader: Reader, purpose: object, rest: dict[object, object], location: Location
) -> Outcome:
    if purpose not in PURPOSES:
        reader.problem((*location, "purpose"), "is no purpose", f"one of {', '.join(PURPOSES)}")
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
