"""What new facts did to a case: the decision that was ruled on beside the one that stands. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from alumni_sync.domain import LEAVER_FIELDS
from alumni_sync.eligibility.judging.records import DecisionRecord

NEW_FACTS: Final = "new_facts"
NEW_RULES: Final = "new_rules"
"""Why a case changed by itself: a fact that rules look at, or nothing but the rules."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is otherwise than it was, old and new.

    Attributes:
        facts: field → its value before and now, as the ledger's JSON has it (dates as ISO text;
            None: unknown); only fields that rules looked at.
        rules: ids of the rules that spoke, before and now; empty where they are the same.
        verdict: before and now; empty where it is the same.
    """

    facts: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    rules: tuple[tuple[str, ...], tuple[str, ...]] | tuple[()] = ()
    verdict: tuple[str, str] | tuple[()] = ()

    @property
    def names(self) -> list[str]:
        """Return the names of the facts that changed, which stand in plain."""
        return list(self.facts)

    @property
    def reason(self) -> str:
        """Return why the case changed, as a code."""
        return NEW_FACTS if self.facts else NEW_RULES

    def plain(self) -> dict[str, Any]:
        """Return what is sealed: everything, as JSON."""
        return {
            "facts": {name: list(both) for name, both in self.facts.items()},
            "rules": [list(rules) for rules in self.rules],
            "verdict": list(self.verdict),
        }

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Return what `plain` gave."""
        return cls(
            {name: (before, now) for name, (before, now) in content["facts"].items()},
            tuple(tuple(rules) for rules in content["rules"]),  # type: ignore[arg-type]  # 0 or 2
            tuple(content["verdict"]),
        )


def changes_between(before: DecisionRecord, now: DecisionRecord) -> Changes:
    """Return what is otherwise in a decision than in the one that was ruled on.

    A field that only one of two revisions of the rules looks at has not changed: nothing is known
    of what it was.
    """
    names = before.facts.keys() | now.facts.keys()
    if before.judgement.revision != now.judgement.revision:
        names = before.facts.keys() & now.facts.keys()
    facts = {
        name: (before.facts.get(name), now.facts.get(name))
        for name in sorted(names, key=_place)
        if before.facts.get(name) != now.facts.get(name)
    }
    rules = (before.judgement.rules, now.judgement.rules)
    verdict = (before.judgement.verdict.value, now.judgement.verdict.value)
    return Changes(
        facts,
        rules if rules[0] != rules[1] else (),
        verdict if verdict[0] != verdict[1] else (),
    )


def _place(name: str) -> tuple[int, str]:
    """Return where a field stands among the facts of a leaver; what is none of them comes last."""
    fields = list(LEAVER_FIELDS)
    return (fields.index(name) if name in fields else len(fields), name)
