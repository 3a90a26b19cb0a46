"""What a pack can tell apart, as axes, and conditions as decision diagrams over them.

Whoever asks about the rules of one pack asks a `space`; whoever compares two packs, a `terrain`
that tells apart whatever one of them does.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final

from alumni_sync.eligibility.evaluation.columns import fold
from alumni_sync.eligibility.language.clauses import All, AnyOf, Clause, Leaf, Not, RunDay
from alumni_sync.eligibility.lint.axes import USUAL, Literal, Reading, tag_of
from alumni_sync.eligibility.lint.diagrams import FALSE, TRUE, UNKNOWN, Diagrams, Path
from alumni_sync.eligibility.lint.mapmaking import TODAY, Atlas, atlas_of

Ends = frozenset[int]
IS_TRUE: Final[Ends] = frozenset({TRUE})
IS_FALSE: Final[Ends] = frozenset({FALSE})
IS_UNKNOWN: Final[Ends] = frozenset({UNKNOWN})
NOT_TRUE: Final[Ends] = frozenset({FALSE, UNKNOWN})
NOT_FALSE: Final[Ends] = frozenset({TRUE, UNKNOWN})
NOT_UNKNOWN: Final[Ends] = frozenset({TRUE, FALSE})


class Terrain:
    """All leavers, as far as some conditions can tell them apart."""

    def __init__(
        self, leaves: Sequence[Leaf], readings: Sequence[Reading], adverse: Collection[Literal]
    ) -> None:
        """Work out the axes.

        Args:
            leaves: of the conditions, each once.
            readings: the ways in which sources read what they do not have.
            adverse: literals whose truth makes a leaver conspicuous.
        """
        self._diagrams = Diagrams()
        self._atlas: Atlas = atlas_of(leaves, readings, adverse)
        self._known: dict[tuple[Clause, bool, int], int] = {}
        self._asked: dict[int, frozenset[int]] = {}
        self._valid = self._possible_days()

    def tried(self, fields: Collection[str]) -> bool:
        """Say whether what is said of some fields rests on ends of months that were tried.

        Then "nobody" is not decided, though "somebody" always is.
        """
        return not self._atlas.tried.isdisjoint(fields)

    def clause(self, clause: Clause, *, positive: bool = True, reading: int = 0) -> int:
        """Return the diagram of a condition (or its opposite), as one kind of sources reads it.

        Raises:
            TooLarge: it takes too long, or looks at a field that does.
        """
        key = (clause, positive, reading)
        if key not in self._known:
            self._known[key] = self._clause(clause, positive=positive, reading=reading)
        return self._known[key]

    def _clause(self, clause: Clause, *, positive: bool, reading: int) -> int:
        match clause:
            case Not(part):
                return self.clause(part, positive=not positive, reading=reading)
            case All(parts) | AnyOf(parts):
                both = isinstance(clause, All) == positive
                found = TRUE if both else FALSE
                for part in parts:
                    said = self.clause(part, positive=positive, reading=reading)
                    found = self._diagrams.join(found, said, both=both)
                return found
            case leaf:
                return self._leaf(leaf, positive, reading)

    def _leaf(self, leaf: Leaf, positive: bool, reading: int) -> int:  # noqa: FBT001 a literal
        if isinstance(leaf, RunDay):
            return self._diagrams.node(TODAY, self._atlas.on_days[leaf, positive])
        number = self._atlas.axis_of(leaf.field)
        axis = self._atlas.axes[number]
        said: Sequence[int] = axis.said[leaf, positive, reading]
        if (tag := tag_of(leaf)) is not None:
            there = (FALSE, TRUE) if positive else (TRUE, FALSE)
            has = self._diagrams.node(self._atlas.tags[fold(tag)], there)
            known = [
                facts is not None and bool(facts.get("tags") is not None) for facts in axis.facts[0]
            ]
            said = [has if k else end for k, end in zip(known, said, strict=True)]
        return self._diagrams.node(number, said)

    def _possible_days(self) -> int:
        """Return the diagram of which dates there can be on which day of a run."""
        found = TRUE
        for number, axis in self._atlas.axes.items():
            if len(axis.facts) > 1:
                on_days = [
                    self._diagrams.node(number, [FALSE if f is None else TRUE for f in facts])
                    for facts in axis.facts
                ]
                here = self._diagrams.node(TODAY, on_days)
                found = self._diagrams.join(found, here, both=True)
        return found

    def path(self, *wanted: tuple[int, Ends]) -> Path | None:
        """Return a path to leavers of whom every diagram says what it should; None for none.

        Raises:
            TooLarge: it takes too long.
        """
        self._diagrams.begin()
        if self._apart(wanted):
            return None
        asked = frozenset().union(*(self._axes_of(node) for node, _ in wanted))
        days = self._axes_of(self._valid)
        if asked & days:
            wanted = (*wanted, (self._valid, IS_TRUE))
        return self._diagrams.search(wanted)

    def _apart(self, wanted: Sequence[tuple[int, Ends]]) -> bool:
        """Say whether two of them cannot meet, as one axis alone shows; False: perhaps."""
        allowed: dict[int, int] = {}
        for node, ends in wanted:
            reached = self._diagrams.reach(node, ends)
            if reached is None:
                return True
            for axis, points in reached.items():
                allowed[axis] = allowed.get(axis, points) & points
                if not allowed[axis]:
                    return True
        return False

    def at(self, node: int, path: Path) -> int:
        """Return what a diagram says of the leavers at the end of a path."""
        return self._diagrams.at(node, path)

    def _axes_of(self, node: int) -> frozenset[int]:
        """Return the axes that a diagram asks."""
        if node not in self._asked:
            own = self._diagrams.axis(node)
            below = self._diagrams.children(node) if node > TRUE else ()
            parts = (self._axes_of(child) for child in set(below))
            self._asked[node] = frozenset({own} if below else ()).union(*parts)
        return self._asked[node]

    def facts(self, path: Path, fields: Collection[str]) -> tuple[dict[str, Any], date]:
        """Return the facts of a leaver at the end of a path, and the day of the run.

        Args:
            path: what it does not name is inconspicuous.
            fields: of which there are to be facts.
        """
        facts: dict[str, Any] = {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in USUAL.items()
            if name in fields
        }
        day = path.get(TODAY, 0)
        for number, axis in self._atlas.axes.items():
            on_day = axis.facts[day if len(axis.facts) > 1 else 0]
            first = next(n for n, found in enumerate(on_day) if found is not None)
            chosen = on_day[path.get(number, first)]
            for name in axis.fields:
                facts.pop(name, None)
            facts |= chosen or {}
        if facts.get("tags") is not None:
            facts["tags"] = [tag for tag, n in self._atlas.tags.items() if path.get(n, 0)]
        return facts, self._atlas.days[day]
