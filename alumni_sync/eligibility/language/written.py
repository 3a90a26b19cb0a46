"""From one rule as written, in YAML or in a row of a table, to the rule that judges."""

from collections.abc import Iterator
from typing import Final

from alumni_sync.domain import TWO_PERSON_KINDS, Verdict
from alumni_sync.eligibility.evaluation.columns import fold
from alumni_sync.eligibility.evaluation.operators import wildcards
from alumni_sync.eligibility.language.clauses import (
    All,
    Clause,
    IsKnown,
    Leaf,
    Matches,
    OneOf,
    fields_of,
    literals,
)
from alumni_sync.eligibility.language.conditions import Reader
from alumni_sync.eligibility.language.outcomes import read_outcome
from alumni_sync.eligibility.language.pack import Rule, SetFlag, Window
from alumni_sync.eligibility.language.shape import RuleInput, WindowInput
from alumni_sync.yaml_lines import Location

_CONDUCT: Final = " or ".join(sorted(TWO_PERSON_KINDS))
_OF_THE_EXIT: Final = frozenset({"exit_kind", "exit_code"})


def compiled(reader: Reader, written: RuleInput, when: Clause, location: Location) -> Rule:
    """Return the rule; what is wrong with it is noted with `reader`."""
    then, besides = read_outcome(reader, written.then, (*location, "then"))
    for what, do in _against(
        when, adverse=isinstance(then, Verdict), flag=isinstance(then, SetFlag)
    ):
        reader.problem((*location, "when"), what, do)
    if besides:
        parts = when.parts if isinstance(when, All) else (when,)
        when = All((*parts, *besides))
    return Rule(
        written.id,
        when,
        then,
        valid=_window(written.valid),
        sources=written.sources or frozenset(),
        jurisdictions=written.jurisdictions or frozenset(),
        where=reader.document.where(location).partition(" ")[0],
    )


def _window(written: WindowInput | None) -> Window | None:
    return Window(written.start, written.end, written.by) if written else None


def _against(when: Clause, *, adverse: bool, flag: bool) -> Iterator[tuple[str, str]]:
    """Yield what such a rule may not look at, and what to do."""
    for leaf, positive in literals(when):
        if isinstance(leaf, IsKnown) and positive and not flag:
            yield (
                f"{leaf.field}: `is_known: true` would let a missing fact help",
                "write `is_known: false`, or leave it out: what is unknown goes to review",
            )
    beside = ", ".join(sorted(fields_of(when) - _OF_THE_EXIT))
    named = any(positive and _on_conduct(leaf) for leaf, positive in literals(when))
    if adverse and named and beside:
        yield (
            f"on {_CONDUCT} only exit_kind and exit_code of this exit count, not {beside}",
            "take it out, or make a rule of its own of it",
        )


def _on_conduct(leaf: Leaf) -> bool:
    """Say whether a condition names an exit over misconduct or a dispute."""
    kinds = {kind.value for kind in TWO_PERSON_KINDS}
    match leaf:
        case OneOf("exit_kind", values):
            return not kinds.isdisjoint(values)
        case Matches("exit_kind", pattern):
            return any(map(wildcards(fold(pattern)), kinds))
        case _:
            return False
