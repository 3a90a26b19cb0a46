"""The space of all leavers that a pack can tell apart, and every rule of it as a diagram there.

The first axis is the place (source and jurisdiction), the second the day of the run, the others are
fields, tags, or groups of dates that are compared with each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.language.clauses import Clause, literals
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.lint.axes import Literal, Reading
from alumni_sync.eligibility.lint.diagrams import FALSE, TRUE, Path, TooLarge
from alumni_sync.eligibility.lint.mapmaking import PLACE
from alumni_sync.eligibility.lint.terrain import Terrain

Place = tuple[str, str]
"""Source and jurisdiction."""


@dataclass(frozen=True, slots=True)
class Example:
    """A leaver that shows something: facts as `explain_rules` takes them, and when and where."""

    facts: Mapping[str, Any]
    today: date
    place: Place


class Space(Terrain):
    """All leavers, as far as the rules of one pack can tell them apart.

    Attributes:
        rules: rule id → its diagram, of those that could be worked out.
        undecided: ids of the others.
    """

    def __init__(
        self, pack: RulePack, places: Sequence[Place], besides: Sequence[Clause] = ()
    ) -> None:
        """Work out the space of a pack.

        Args:
            pack: as it was read, not yet as it judges one source.
            places: where its leavers may be; one at least.
            besides: conditions that are asked for although no rule has them.
        """
        self.pack = pack
        self.places = tuple(places)
        self.rules: dict[str, int] = {}
        self.undecided: list[str] = []
        self._here = [pack.for_source(*place) for place in places]
        readings = list(dict.fromkeys(Reading(here.harmless) for here in self._here))
        self._reading = [readings.index(Reading(here.harmless)) for here in self._here]
        local = [rule for here in self._here for rule in here.rules]
        asked = (*(rule.condition for rule in local), *besides)
        used = dict.fromkeys(leaf for clause in asked for leaf, _ in literals(clause))
        adverse: set[Literal] = {
            literal
            for rule in local
            if isinstance(rule.then, Verdict)
            for literal in literals(rule.condition)
        }
        super().__init__(list(used), readings, adverse)
        self._build()

    def _build(self) -> None:
        for rule in self.pack.rules:
            self._diagrams.begin()
            try:
                self.rules[rule.id] = self._diagrams.node(PLACE, list(self._in_places(rule.id)))
            except TooLarge:
                self.undecided.append(rule.id)

    def _in_places(self, rule_id: str) -> Iterator[int]:
        for here, reading in zip(self._here, self._reading, strict=True):
            rule = next((rule for rule in here.rules if rule.id == rule_id), None)
            yield FALSE if rule is None else self.clause(rule.condition, reading=reading)

    def everywhere(self, clause: Clause) -> int:
        """Return the diagram of a condition, in every place as its sources read it."""
        return self._diagrams.node(PLACE, [self.clause(clause, reading=n) for n in self._reading])

    def only_at(self, *places: Place) -> int:
        """Return the diagram that is true in some places only."""
        return self._diagrams.node(PLACE, [TRUE if p in places else FALSE for p in self.places])

    def example(self, path: Path) -> Example:
        """Return a leaver at the end of a path; what the path does not name is inconspicuous."""
        facts, today = self.facts(path, self.pack.fields)
        return Example(facts, today, self.places[path.get(PLACE, 0)])
