"""What two revisions differ in beyond what the ledger's own facts can show. Pure.

A mapping decides what facts are, so a trial over facts that were read under the old one sees only
part of what the new one does. And whom the programme did not address is forgotten, so that nobody
can foretell what would be said of them. What may make contact more likely counts like a flip.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from alumni_sync.domain import PRECEDENCE, ExitKind, MappingSaid, Verdict
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.language.fields import FIELD_TYPES
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.scope import OUTSIDE_AUDIENCE, OUTSIDE_PILOT

PLACING: Final = frozenset(
    {
        "person_id",
        "person_key",
        "spell_id",
        "employee_number",
        "personal_email",
        "hire_date",
        "rehire_date",
        "last_working_day",
        "exit_date",
        "record_status",
    }
)
"""Fields that say whose employment a row is about and whether it has ended."""

_UNDISCLOSED: Final = ExitKind.UNDISCLOSED.value
_SCOPE_RULES: Final = frozenset({OUTSIDE_AUDIENCE, OUTSIDE_PILOT})

Selection = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class MappingChange:
    """How one mapping differs from another.

    Attributes:
        recode: exit code → exit kind under the new one; None where codes mean what they meant.
        closer: codes whose kind would be further towards eligible.
        unforeseen: what cannot be compared: fields read otherwise, patterns, or the whole.
    """

    recode: Callable[[str], str] | None = None
    closer: tuple[str, ...] = ()
    unforeseen: tuple[str, ...] = ()


def mapping_change(
    old: MappingSaid | None, new: MappingSaid | None, before: RulePack, after: RulePack, today: date
) -> MappingChange:
    """Compare two mappings that are not byte for byte the same.

    Args:
        old: what the active one says; None where that cannot be told.
        new: what the other one says.
        before: the rules that judge under the old one.
        after: the rules that would judge under the new one.
        today: civil day at the site.
    """
    if old is None or new is None:
        return MappingChange(unforeseen=("mapping",))
    looked_at = before.fields | after.fields | PLACING
    names = sorted((old.fields.keys() | new.fields.keys()) & looked_at)
    unforeseen = [name for name in names if old.fields.get(name) != new.fields.get(name)]
    if old.patterns != new.patterns:
        unforeseen.append("exit_codes.patterns")
    moved = [
        code
        for code in sorted(old.codes.keys() | new.codes.keys())
        if old.kind(code) is not new.kind(code)
    ]
    closer = [
        code
        for code in moved
        if _rank(after, new.kind(code), code, today) > _rank(before, old.kind(code), code, today)
    ]
    same = not moved and old.patterns == new.patterns
    return MappingChange(None if same else _recode(new), tuple(closer), tuple(unforeseen))


def _recode(said: MappingSaid) -> Callable[[str], str]:
    """Return exit code → exit kind; of a reason that is none of our business no code was kept."""
    return lambda code: code if code == _UNDISCLOSED else said.kind(code).value


def kinds_closer(before: RulePack, after: RulePack, today: date) -> tuple[ExitKind, ...]:
    """Return the exit kinds that would be further towards eligible, whether anybody has one or not.

    Else whoever declares an exit kind harmless on a day on which nobody has it does so alone.
    """
    return tuple(
        kind for kind in ExitKind if _rank(after, kind, "", today) > _rank(before, kind, "", today)
    )


def _rank(pack: RulePack, kind: ExitKind, code: str, today: date) -> int:
    """Return how eligible somebody is about whom nothing but the exit speaks."""
    alone = replace(pack, harmless=frozenset(FIELD_TYPES))
    fields = sorted(pack.fields)
    said = {"exit_kind": kind.value} | ({"exit_code": code} if code else {})
    frame = build_frame([said], fields)
    verdict = evaluate(frame, alone, today, reasons=False)["verdict"].iloc[0]
    return PRECEDENCE.index(Verdict(verdict))


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a programme addresses: audience, pilot, and rules that leave people out of scope."""

    audience: Selection
    pilot: Mapping[str, Any] | None
    pack: RulePack

    def admits_more_than(self, other: "Scope") -> bool:
        """Say whether somebody may be in here who was not in there."""
        return (
            not _within(self.audience, other.audience)
            or _share(self.pilot) > _share(other.pilot)
            or not _within(_segments(self.pilot), _segments(other.pilot))
        )

    def leaves_out_less_than(self, other: "Scope") -> bool:
        """Say whether a rule is gone that left people out of scope."""
        return not _leaving_out(other.pack) <= _leaving_out(self.pack)


def _within(inner: Selection, outer: Selection) -> bool:
    """Say whether whoever fits `inner` fits `outer`."""
    return all(name in inner and _folded(inner[name]) <= _folded(outer[name]) for name in outer)


def _folded(values: Sequence[str]) -> set[str]:
    return {value.strip().casefold() for value in values}


def _share(pilot: Mapping[str, Any] | None) -> float:
    return 1.0 if pilot is None else float(pilot["share"])


def _segments(pilot: Mapping[str, Any] | None) -> Selection:
    return {} if pilot is None else pilot["segments"]


def _leaving_out(pack: RulePack) -> frozenset[Any]:
    return frozenset(
        (rule.condition, rule.sources, rule.jurisdictions)
        for rule in pack.rules
        if rule.then is Verdict.OUT_OF_SCOPE and rule.id not in _SCOPE_RULES
    )
