"""What cases show of a pack: each rule that somebody wrote, and each clause of it, both ways.

A rule that is true in no case could say anything; one that is false in none, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from alumni_sync.eligibility.evaluation.kleene import Truth
from alumni_sync.eligibility.evaluation.operators import Evaluation
from alumni_sync.eligibility.language.builtin import BUILT_IN
from alumni_sync.eligibility.language.clauses import Leaf, literals
from alumni_sync.eligibility.language.pack import UNPLACED, Rule, RulePack
from alumni_sync.eligibility.wording.sentences import clause_words

_BUILT_IN = frozenset({*(rule.id for rule in BUILT_IN), UNPLACED})


@dataclass(slots=True)
class Hits:
    """In how many cases a rule, or one clause of it, was true, false and unknown.

    Attributes:
        where: file and line of the rule.
        words: the clause; "" for the whole rule.
    """

    rule: str
    where: str
    words: str = ""
    true: int = 0
    false: int = 0
    unknown: int = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """Return what no case has shown: `true`, `false`."""
        return tuple(name for name in ("true", "false") if not getattr(self, name))

    def add(self, truth: Truth) -> None:
        """Count what is said of some leavers."""
        self.true += int(truth.true.sum())
        self.false += int(truth.false.sum())
        self.unknown += int(truth.unknown.sum())


class Coverage:
    """Counts what cases show of each rule that somebody wrote, and of each clause of it."""

    def __init__(self, pack: RulePack) -> None:
        """Begin with nothing shown."""
        self._rules = {rule.id: list(_unseen(rule)) for rule in pack.rules if _is_written(rule)}

    def add(self, here: RulePack, evaluation: Evaluation) -> None:
        """Count what the rules of one place say of some leavers there."""
        for rule in here.rules:
            if rule.id not in self._rules:
                continue
            whole, *clauses = self._rules[rule.id]
            whole.add(evaluation.truth(rule.condition))
            for hits, (leaf, way) in zip(clauses, _clauses(rule), strict=True):
                hits.add(evaluation.truth(leaf, positive=way))

    def hits(self) -> Iterator[Hits]:
        """Yield each rule, followed by its clauses where it has several."""
        for whole, *clauses in self._rules.values():
            yield whole
            yield from clauses if len(clauses) > 1 else ()


def _is_written(rule: Rule) -> bool:
    return rule.id not in _BUILT_IN


def _clauses(rule: Rule) -> list[tuple[Leaf, bool]]:
    """Return the leaves of a rule with their polarity, each once."""
    return list(dict.fromkeys(literals(rule.condition)))


def _unseen(rule: Rule) -> Iterator[Hits]:
    yield Hits(rule.id, rule.where)
    for leaf, way in _clauses(rule):
        yield Hits(rule.id, rule.where, clause_words(leaf, positive=way))
