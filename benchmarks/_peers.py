"""The two rule engines, each asked as whoever knows it would ask it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import rule_engine
import zen
from _expressions import EXPRESSIONS, VERDICTS

Person = dict[str, Any]
Holds = Callable[[Person], Any]

_NAMES: Final = [said.rule for said in EXPRESSIONS]
_NO_LEAVER: Final = range(2, 6)
"""Rules about people who are no leavers at present: what opens a case is silent about them."""
_CASES: Final = {("excluded",), ("review",)}
_FLAGS: Final = {"expert", "expert-nominated"}
_HOLDS: Final = {"redundant"}


class Peer:
    """One engine with the twenty rules compiled, each an expression."""

    def __init__(self, name: str, holds: Sequence[Holds]) -> None:
        """Ask `holds`, in the order of `EXPRESSIONS`."""
        self.name = name
        self._rules = list(zip((said.rule for said in EXPRESSIONS), holds, strict=True))
        self._verdicts = list(zip(holds, VERDICTS, strict=False))

    def verdict(self, person: Person) -> str:
        """Return the verdict: that of the first rule that holds."""
        for holds, verdict in self._verdicts:
            if holds(person):
                return verdict
        return "eligible"

    def rules(self, person: Person) -> list[str]:
        """Return every rule that holds."""
        return [rule for rule, holds in self._rules if holds(person)]

    def fields_that_raise(self, person: Person) -> int:
        """Return of how many fields a null stops the verdict with an exception."""
        return sum(self._raises({**person, field: None}) for field in person)

    def _raises(self, person: Person) -> bool:
        try:
            self.rules(person)
        except (RuntimeError, TypeError, rule_engine.EngineError):
            return True
        return False


def peers() -> tuple[Peer, Peer]:
    """Return both engines."""
    zens = [zen.compile_expression(said.zen).evaluate for said in EXPRESSIONS]
    rules = [rule_engine.Rule(said.for_rule_engine).matches for said in EXPRESSIONS]
    return Peer("zen", zens), Peer("rule-engine", rules)


def zen_at_once() -> Holds:
    """Return all twenty as one expression of zen: fewer calls, and no name of a rule."""
    return zen.compile_expression(f"[{', '.join(said.zen for said in EXPRESSIONS)}]").evaluate


def spoken(rules: Sequence[str]) -> tuple[list[str], bool, bool]:
    """Return what `rules` mean: those about the verdict that speak, a flag, an outreach hold."""
    places = [_NAMES.index(rule) for rule in rules]
    if any(place in _NO_LEAVER for place in places):
        places = [place for place in places if VERDICTS[place : place + 1] not in _CASES]
    about_verdicts = sorted(_NAMES[place] for place in places if place < len(VERDICTS))
    return about_verdicts, not _FLAGS.isdisjoint(rules), not _HOLDS.isdisjoint(rules)
