"""Decision diagrams with three ends: what a rule says, as a graph over the axes of a space.

A node asks one axis and has a child for each of its points. Nodes are shared, children that are all
the same need no node, and axes are asked in one order: so two diagrams are the same number exactly
where they say the same, and a question about several is a walk through them side by side.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

FALSE: Final = 0
UNKNOWN: Final = 1
TRUE: Final = 2
ENDS: Final = (FALSE, UNKNOWN, TRUE)
_FIRST_NODE: Final = 3

MOST_STEPS: Final = 5_000_000
MOST_STEPS_OF_ONE: Final = 300_000
"""So much work is done for one pack, and for one question; what is not decided then stays so."""

Path = Mapping[int, int]
"""Axis → point, for the axes that matter."""


class TooLarge(Exception):
    """A question that cannot be decided within the bound."""


@dataclass(slots=True)
class Diagrams:
    """The nodes of one space, each once.

    Attributes:
        steps: work that may still be done for all questions, and for this one; counted down, so
            that nobody waits for ever.
    """

    steps: int = MOST_STEPS
    steps_of_one: int = MOST_STEPS_OF_ONE
    _nodes: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    _known: dict[tuple[int, tuple[int, ...]], int] = field(default_factory=dict)
    _joined: dict[tuple[bool, int, int], int] = field(default_factory=dict)
    _reached: dict[tuple[int, frozenset[int]], Mapping[int, int] | None] = field(
        default_factory=dict
    )

    def node(self, axis: int, children: Iterable[int]) -> int:
        """Return the node that asks `axis`; a child that asks too must ask a later axis."""
        below = tuple(children)
        if len(set(below)) == 1:
            return below[0]
        key = (axis, below)
        if key not in self._known:
            self.work(1)
            self._known[key] = len(self._nodes) + _FIRST_NODE
            self._nodes.append(key)
        return self._known[key]

    def join(self, one: int, other: int, *, both: bool) -> int:
        """Return what Kleene's `and` (or `or`) makes of two diagrams: the lesser, or the greater.

        Memory is shared with every earlier call.
        """
        choose: Callable[[int, int], int] = min if both else max
        decisive, neutral = (FALSE, TRUE) if both else (TRUE, FALSE)
        if other in {one, neutral} or one == decisive:
            return one
        if one == neutral or other == decisive:
            return other
        if one < _FIRST_NODE and other < _FIRST_NODE:
            return choose(one, other)
        key = (both, min(one, other), max(one, other))
        if key not in self._joined:
            axis = min(self.axis(one), self.axis(other))
            pairs = zip(self._below(one, axis), self._below(other, axis), strict=False)
            self._joined[key] = self.node(axis, self._each(pairs, both=both))
        return self._joined[key]

    def _each(self, pairs: Iterable[tuple[int, int]], *, both: bool) -> tuple[int, ...]:
        found = [self.join(one, other, both=both) for one, other in pairs]
        self.work(len(found))
        return tuple(found)

    def axis(self, node: int) -> int:
        """Return the axis that a node asks; an end asks none, which counts as the last."""
        return self._nodes[node - _FIRST_NODE][0] if node >= _FIRST_NODE else 1 << 30

    def children(self, node: int) -> tuple[int, ...]:
        """Return the children of a node that is no end."""
        return self._nodes[node - _FIRST_NODE][1]

    def _below(self, node: int, axis: int) -> Iterable[int]:
        """Return the children at `axis`: the node itself, again and again, where it asks later."""
        return self.children(node) if self.axis(node) == axis else _Same(node)

    def at(self, node: int, path: Path) -> int:
        """Return the end that a path leads to; on an axis that it does not name, the first."""
        while node >= _FIRST_NODE:
            node = self.children(node)[path.get(self.axis(node), 0)]
        return node

    def reach(self, node: int, ends: frozenset[int]) -> Mapping[int, int] | None:
        """Return axis → its points (as bits) from which one of `ends` can be reached.

        An axis that is not named allows all of them; None where no such end can be reached.
        """
        if node < _FIRST_NODE:
            return {} if node in ends else None
        key = (node, ends)
        if key not in self._reached:
            self._reached[key] = self._reach(node, ends)
        return self._reached[key]

    def _reach(self, node: int, ends: frozenset[int]) -> Mapping[int, int] | None:
        found: dict[int, int] | None = None
        axis = self.axis(node)
        for point, child in enumerate(self.children(node)):
            below = self.reach(child, ends)
            if below is None:
                continue
            here = {axis: 1 << point, **below}
            if found is None:
                found = here
            else:
                found = {n: bits | here[n] for n, bits in found.items() if n in here}
        return found

    def search(self, wanted: Sequence[tuple[int, frozenset[int]]]) -> Path | None:
        """Return a path on which every diagram ends where it should; None where there is none.

        Args:
            wanted: diagram and the ends that it may have.
        """
        return self._search(_open(wanted), set()) if not _lost(wanted) else None

    def _search(self, wanted: "_Wanted", failed: set["_Wanted"]) -> dict[int, int] | None:
        if not wanted:
            return {}
        if wanted in failed:
            return None
        self.work(1)
        axis = min(self.axis(node) for node, _ in wanted)
        tried: set[_Wanted] = set()
        for point, below in enumerate(self._step(wanted, axis)):
            if _lost(below) or (rest := _open(below)) in tried:
                continue
            tried.add(rest)
            found = self._search(rest, failed)
            if found is not None:
                return {axis: point, **found}
        failed.add(wanted)
        return None

    def _step(self, wanted: "_Wanted", axis: int) -> Iterable[Sequence[tuple[int, frozenset[int]]]]:
        """Yield what is wanted below each point of an axis."""
        asked = [
            self.children(node) if self.axis(node) == axis else _Same(node) for node, _ in wanted
        ]
        ends = [allowed for _, allowed in wanted]
        for below in zip(*asked, strict=False):
            self.work(1)
            yield list(zip(below, ends, strict=True))

    def work(self, steps: int) -> None:
        """Count work that is done.

        Raises:
            TooLarge: it is more than one pack may cost.
        """
        self.steps -= steps
        self.steps_of_one -= steps
        if self.steps < 0 or self.steps_of_one < 0:
            raise TooLarge

    def begin(self) -> None:
        """Begin a new question."""
        self.steps_of_one = MOST_STEPS_OF_ONE


_Wanted = frozenset[tuple[int, frozenset[int]]]


class _Same:
    """The same node for every point of an axis."""

    def __init__(self, node: int) -> None:
        self._node = node

    def __iter__(self) -> "_Same":
        return self

    def __next__(self) -> int:
        return self._node


def _lost(wanted: Iterable[tuple[int, frozenset[int]]]) -> bool:
    """Say whether some diagram has come to an end that it must not have."""
    return any(node < _FIRST_NODE and node not in allowed for node, allowed in wanted)


def _open(wanted: Iterable[tuple[int, frozenset[int]]]) -> _Wanted:
    """Return what is still to be decided."""
    return frozenset(
        (node, allowed)
        for node, allowed in wanted
        if node >= _FIRST_NODE and len(allowed) < len(ENDS)
    )
