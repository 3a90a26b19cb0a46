"""What lint finds: a kind of mistake, the rules that make it, and a leaver that shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from alumni_sync.eligibility.language.builtin import BUILT_IN
from alumni_sync.eligibility.language.pack import UNPLACED, Rule
from alumni_sync.eligibility.language.scope import OUTSIDE_AUDIENCE, OUTSIDE_PILOT
from alumni_sync.eligibility.lint.space import Example, Place

_BUILT_IN = frozenset({*(rule.id for rule in BUILT_IN), UNPLACED, OUTSIDE_AUDIENCE, OUTSIDE_PILOT})


class Kind(StrEnum):
    """Kinds of mistakes.

    What each of them claims of its example is what the tests ask of the evaluator.
    """

    IDENTICAL = "identical"
    """Two rules with one outcome that say the same of everybody."""
    SUBSUMED = "subsumed"
    """A rule that adds nothing to another one: without it everybody gets what they get with it."""
    CONTRADICTING = "contradicting"
    """A rule that nobody can fit, or everybody does; two rules with one condition that demand
    different verdicts, or different ends of one hold. (Flags cannot contradict: none is taken.)"""
    OVERLAPPING = "overlapping"
    """Two rules about the very same fields that meet in part and demand different things. A rule
    that lies wholly within a milder one is an exception to it, and no mistake."""
    UNREACHABLE = "unreachable"
    """A rule that never decides: wherever it speaks, others say something more adverse."""
    UNKNOWN_FIELD = "unknown_field"
    """A field that no rule may look at, or that no source has to which the rule applies."""
    UNKNOWN_CODE = "unknown_code"
    """A value that the field never has, or a source that does not exist."""
    GAP = "gap"
    """Leavers about whom the pack says nothing, although it speaks of their like elsewhere."""
    GOOD_STANDING = "good_standing"
    """An exit kind that the pack lists in good standing, and that rules keep out always."""
    UNDECIDED = "undecided"
    """Too large to be decided: what was not looked at is named, not passed over."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake.

    Attributes:
        rules: ids; the first one is what to change.
        where: file and line of each; "" for a built-in rule.
        sentence: what is wrong and what to do, in English.
        example: facts of a leaver that shows it, as `explain_rules` takes them.
        today: the day of the run on which it does.
        place: source and jurisdiction in which it does; "" for any.
        looked_at: what the rules look at; the other facts are only there to be judged.
    """

    kind: Kind
    rules: tuple[str, ...]
    where: tuple[str, ...]
    sentence: str
    example: Mapping[str, Any]
    today: date
    place: Place = ("", "")
    looked_at: tuple[str, ...] = ()


def finding(kind: Kind, rules: tuple[Rule, ...], sentence: str, shown: Example) -> Finding:
    """Return a finding about some rules, shown by a leaver."""
    return Finding(
        kind,
        tuple(rule.id for rule in rules),
        tuple(rule.where for rule in rules),
        sentence,
        shown.facts,
        shown.today,
        shown.place,
        tuple(sorted(frozenset[str]().union(*(rule.fields for rule in rules)))),
    )


def is_written(rule: Rule) -> bool:
    """Say whether somebody wrote the rule; built-in ones nobody can change."""
    return rule.id not in _BUILT_IN
