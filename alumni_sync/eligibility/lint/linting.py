"""`lint`: everything that a look at the pack alone can find."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations, product
from typing import Final

from alumni_sync.eligibility.lint.axes import USUAL
from alumni_sync.eligibility.lint.covers import covered
from alumni_sync.eligibility.lint.diagrams import TooLarge
from alumni_sync.eligibility.lint.finding import Finding, Kind, is_written
from alumni_sync.eligibility.lint.gaps import asked_besides, gaps
from alumni_sync.eligibility.lint.names import misnamed, readable
from alumni_sync.eligibility.lint.pairs import alone, compared
from alumni_sync.eligibility.lint.space import Place, Space
from alumni_sync.eligibility.pack import UNPLACED, Rule, RulePack

_ELSEWHERE: Final = ""
"""A source, or a jurisdiction, that no rule names."""


def lint(
    pack: RulePack,
    *,
    codes: Mapping[str, frozenset[str]] | None = None,
    mapped: Mapping[str, frozenset[str]] | None = None,
    places: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Return what is wrong with a pack, rule by rule; () where nothing is.

    Every finding is decided, not guessed: what cannot be decided within bounds is a finding of its
    own (`Kind.UNDECIDED`).

    Args:
        pack: as it was read, not yet as it judges one source.
        codes: source → exit codes that its mapping hands on.
        mapped: source → fields that its mapping fills.
        places: source → jurisdiction; None where the configuration is not known: then rules may
            meet in any place that they name, and elsewhere.
    """
    where = _places(pack, places)
    own = [rule for rule in pack.rules if is_written(rule)]
    found = list(misnamed(pack, where, mapped or {}, codes or {}))
    decidable = replace(pack, rules=tuple(rule for rule in pack.rules if readable(rule)))
    try:
        found += _Round(Space(decidable, where, asked_besides(decidable))).findings()
    except TooLarge:
        found.append(_undecided([rule.id for rule in own], own))
    order = {rule.id: position for position, rule in enumerate(pack.rules)}
    return tuple(sorted(found, key=lambda one: (order[one.rules[0]], one.kind, one.rules)))


def _places(pack: RulePack, places: Mapping[str, str] | None) -> tuple[Place, ...]:
    if places:
        return tuple(places.items())
    adults = pack.adults_only if isinstance(pack.adults_only, frozenset) else frozenset[str]()
    sources = adults.union(*(rule.sources for rule in pack.rules))
    jurisdictions = frozenset[str]().union(*(rule.jurisdictions for rule in pack.rules))
    return tuple(product((*sorted(sources), _ELSEWHERE), (*sorted(jurisdictions), _ELSEWHERE)))


class _Round:
    """One look at a pack: rule by rule, pair by pair, and as a whole."""

    def __init__(self, space: Space) -> None:
        """Begin with every rule that could be worked out."""
        self._space = space
        self._found: list[Finding] = []
        self._open = set(space.undecided)
        self._done: set[str] = set()

    def findings(self) -> list[Finding]:
        """Return what was found; a rule about which enough is said is not compared any further."""
        rules = [rule for rule in self._space.pack.rules if rule.id in self._space.rules]
        own = [rule for rule in rules if is_written(rule)]
        for rule in own:
            self._ask((rule,), partial(alone, self._space, rule))
        for one, other in _pairs(own, rules):
            if not {one.id, other.id} & self._done:
                self._ask((one, other), partial(compared, self._space, one, other))
        for rule in own:
            if rule.id not in self._done:
                self._ask((rule,), partial(self._covered, rule))
        never = {one.rules[0] for one in self._found if one.kind is Kind.UNREACHABLE}
        self._found = [  # whom it meets does not matter where a rule never decides
            one
            for one in self._found
            if one.kind is not Kind.OVERLAPPING or never.isdisjoint(one.rules)
        ]
        try:
            self._found += gaps(self._space)
        except TooLarge:
            self._open.add(UNPLACED)
        if self._open:
            ids = [rule.id for rule in self._space.pack.rules if rule.id in self._open]
            self._found.append(_undecided(ids, self._space.pack.rules))
        return self._found

    def _ask(self, rules: Sequence[Rule], question: Callable[[], Finding | None]) -> None:
        """Ask one question; note what it finds, or that it is too large."""
        try:
            found = question()
        except TooLarge:
            self._open |= {rule.id for rule in rules}
            return
        if found is None:
            return
        self._found.append(found)
        match found.kind:
            case Kind.CONTRADICTING if len(found.rules) == 1:
                self._done.add(found.rules[0])
            case Kind.IDENTICAL | Kind.SUBSUMED:
                self._done |= {r.id for r in rules if r.id == found.rules[0] and is_written(r)}
            case _:
                pass

    def _covered(self, rule: Rule) -> Finding | None:
        """Return that a rule never decides, unless it was said to contradict what covers it."""
        found = covered(self._space, rule, self._done)
        told = {
            rule_id
            for one in self._found
            if one.kind is Kind.CONTRADICTING and rule.id in one.rules
            for rule_id in one.rules
        }
        return None if found is None or told >= set(found.rules) else found


def _pairs(own: Sequence[Rule], rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Yield each rule of the pack with every later one, and with every built-in one."""
    yield from combinations(own, 2)
    yield from product(own, [rule for rule in rules if not is_written(rule)])


def _undecided(ids: Sequence[str], rules: Sequence[Rule]) -> Finding:
    where = {rule.id: rule.where for rule in rules}
    sentence = (
        f"Too large to decide: {', '.join(ids)}. They were not compared with everything. Fewer "
        "patterns on one field, or fewer dates that are compared with each other, would help."
    )
    return Finding(
        Kind.UNDECIDED, tuple(ids), tuple(where[one] for one in ids), sentence, {}, USUAL["today"]
    )
