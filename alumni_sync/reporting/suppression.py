"""Small cells are not published, nor can they be worked out from the totals. Pure.

A count under 5 points at people whom colleagues can name. Figures that add up form a tree: the
total, its parts, their parts. Hiding one part alone is no use, since the rest of the tree gives it
away; so further cells are hidden until no reader can narrow a hidden one down to fewer than five
values. Both kinds of hidden cells look the same, or the mark itself would tell.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

SMALLEST_SHOWN: Final = 5
"""Cells under this are hidden (1-product); zero is one of them: it speaks of everybody."""


@dataclass(frozen=True, slots=True)
class Count:
    """A figure that is the sum of its parts, or has none."""

    name: str
    value: int
    parts: tuple["Count", ...] = ()

    @classmethod
    def of(cls, name: str, parts: Sequence["Count"]) -> "Count":
        """Return the sum of `parts`."""
        return cls(name, sum(part.value for part in parts), tuple(parts))


@dataclass(frozen=True, slots=True)
class Published:
    """A figure as it may be shown; `value` is None where it is hidden."""

    name: str
    value: int | None
    parts: tuple["Published", ...] = ()

    def part(self, name: str) -> "Published | None":
        """Return the part with this name, None if there is none."""
        return next((part for part in self.parts if part.name == name), None)


@dataclass
class _Node:
    """A cell while it is decided; `low` and `high` are what a reader can work out."""

    name: str
    value: int
    parts: list["_Node"]
    parent: "_Node | None" = None
    hidden: bool = False
    low: float = 0
    high: float = math.inf
    siblings: list["_Node"] = field(default_factory=list)


def publish(count: Count) -> Published:
    """Return `count` with every cell hidden that is small or would give a small one away."""
    root = _grow(count, None)
    nodes = list(_walk(root))
    for node in nodes:
        node.hidden = node.value < SMALLEST_SHOWN
    while (exposed := _first_exposed(root, nodes)) is not None:
        _next_to_hide(exposed).hidden = True
    return _published(root)


def _grow(count: Count, parent: _Node | None) -> _Node:
    node = _Node(count.name, count.value, [], parent)
    node.parts = [_grow(part, node) for part in count.parts]
    for part in node.parts:
        part.siblings = [other for other in node.parts if other is not part]
    return node


def _walk(node: _Node) -> Iterator[_Node]:
    yield node
    for part in node.parts:
        yield from _walk(part)


def _first_exposed(root: _Node, nodes: Sequence[_Node]) -> _Node | None:
    """Return a hidden cell that a reader can narrow down too far, None if there is none."""
    _bound_from_parts(root)
    _bound_from_total(root)
    return next(
        (node for node in nodes if node.hidden and node.high - node.low < SMALLEST_SHOWN), None
    )


def _bound_from_parts(node: _Node) -> None:
    for part in node.parts:
        _bound_from_parts(part)
    if not node.hidden:
        node.low = node.high = node.value
    elif node.parts:
        node.low = sum(part.low for part in node.parts)
        node.high = sum(part.high for part in node.parts)
    else:
        node.low, node.high = 0, math.inf


def _bound_from_total(node: _Node) -> None:
    """Tighten the parts by what is left of the total when the other parts are taken off."""
    before = [(part.low, part.high) for part in node.parts]
    for part in node.parts:
        rest = [pair for other, pair in zip(node.parts, before, strict=True) if other is not part]
        part.low = max(part.low, node.low - sum(high for _, high in rest))
        part.high = min(part.high, node.high - sum(low for low, _ in rest))
        _bound_from_total(part)


def _next_to_hide(exposed: _Node) -> _Node:
    """Return the cell whose hiding costs least and protects `exposed`.

    There always is one: a hidden cell beside which nothing is shown can be anything up to a total
    that is shown, and shown totals are not small.
    """
    if exposed.parts and not any(part.hidden for part in exposed.parts):
        return min(exposed.parts, key=_cost)  # they give it away, whatever stands beside it
    return min(_shown_beside(exposed), key=_cost)


def _shown_beside(exposed: _Node) -> Iterator[_Node]:
    """Yield shown cells by which a reader works out `exposed`: its own parts, and what is beside.

    A sibling that is hidden is worked out from its parts as long as they are shown.
    """
    for node in (exposed, *exposed.siblings):
        if not node.hidden:
            yield node
        else:
            yield from (part for part in _walk(node) if not part.hidden)


def _cost(node: _Node) -> int:
    return node.value


def _published(node: _Node) -> Published:
    value = None if node.hidden else node.value
    return Published(node.name, value, tuple(_published(part) for part in node.parts))
