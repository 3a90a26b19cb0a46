"""`lint`: everything that a look at the pack alone can find."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, product
from typing import Final

from alumni_sync.eligibility.language.pack import Rule, RulePack
from alumni_sync.eligibility.lint.axes import USUAL
from alumni_sync.eligibility.lint.covers import covered
from alumni_sync.eligibility.lint.diagrams import TooLarge
from alumni_sync.eligibility.lint.finding import Finding, Kind, is_written
from alumni_sync.eligibility.lint.gaps import asked_besides, gaps
from alumni_sync.eligibility.lint.names import misnamed, readable
from alumni_sync.eligibility.lint.pairs import alone, compared
from alumni_sync.eligibility.lint.settled import settled
from alumni_sync.eligibility.lint.space import Place, Space
from alumni_sync.eligibility.lint.sparing import spared
from alumni_sync.eligibility.lint.standing import misjudged

_ELSEWHERE: Final = ""
"""A source, or a jurisdiction, that no rule names."""
MOST_PAIRS: Final = 1_000
"""So many pairs are looked at one by one where the pack as a whole is too large."""

_NOBODY: Final = frozenset({Kind.IDENTICAL, Kind.SUBSUMED, Kind.CONTRADICTING, Kind.UNREACHABLE})
"""Kinds that say of nobody, or of everybody, what an example alone does not show."""
_BY_MONTH_ENDS: Final = (
    "(Three dates counted from each other in months and days, the day of the run among them, were "
    "tried at the ends of months only: look twice.)"
)
_SPARE: Final = frozenset({Kind.UNREACHABLE, Kind.SUBSUMED})


@dataclass(frozen=True, slots=True)
class Report:
    """What a look at a pack finds.

    Attributes:
        findings: mistakes, rule by rule; () where nothing is wrong.
        settled: pairs of rules that meet and demand different things, the one that is heard first;
            no mistakes. A pair that is too large is named (`Kind.UNDECIDED`).
    """

    findings: tuple[Finding, ...]
    settled: tuple[Finding, ...] = ()


def lint(
    pack: RulePack,
    *,
    codes: Mapping[str, frozenset[str]] | None = None,
    mapped: Mapping[str, frozenset[str]] | None = None,
    places: Mapping[str, str] | None = None,
    meetings: bool = False,
) -> Report:
    """Return what is wrong with a pack, rule by rule.

    Every finding is decided, not guessed: what cannot be decided within bounds is a finding of its
    own (`Kind.UNDECIDED`).

    Args:
        pack: as it was read, not yet as it judges one source.
        codes: source → exit codes that its mapping hands on.
        mapped: source → fields that its mapping fills.
        places: source → jurisdiction; None where the configuration is not known: then rules may
            meet in any place that they name, and elsewhere.
        meetings: also return what is settled by precedence.
    """
    where = _places(pack, places)
    found = list(misnamed(pack, where, mapped or {}, codes or {}))
    decidable = replace(
        pack,
        rules=tuple(
            rule
            for rule in pack.rules
            if readable(rule) and any(rule.applies_to(*place) for place in where)
        ),
    )
    whole = _Round(Space(decidable, where, asked_besides(decidable)))
    found += [*whole.findings(), *whole.gaps()]
    if whole.open:
        apart, still = _two_by_two(decidable, where, whole.open)
        told = {(one.kind, one.rules) for one in found}
        found += [one for one in apart if (one.kind, one.rules) not in told]
        if still:
            found.append(_undecided([rule for rule in pack.rules if rule.id in still]))
    order = {rule.id: position for position, rule in enumerate(pack.rules)}
    return Report(
        tuple(sorted(found, key=lambda one: (order[one.rules[0]], one.kind, one.rules))),
        tuple(whole.settled()) if meetings else (),
    )


def _places(pack: RulePack, places: Mapping[str, str] | None) -> tuple[Place, ...]:
    if places:
        return tuple(places.items())
    adults = pack.adults_only if isinstance(pack.adults_only, frozenset) else frozenset[str]()
    sources = adults.union(*(rule.sources for rule in pack.rules))
    jurisdictions = frozenset[str]().union(*(rule.jurisdictions for rule in pack.rules))
    return tuple(product((*sorted(sources), _ELSEWHERE), (*sorted(jurisdictions), _ELSEWHERE)))


class _Round:
    """One look at a pack: rule by rule, pair by pair, and as a whole.

    Attributes:
        open: ids of rules about which not every question could be decided.
    """

    def __init__(self, space: Space) -> None:
        """Begin with every rule that could be worked out."""
        self._space = space
        self._found: list[Finding] = []
        self.open = set(space.undecided)
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
        for rule in own:
            if rule.id not in self._done and not self._told(rule):
                self._ask((rule,), partial(spared, self._space, rule, self._done))
        never = {one.rules[0] for one in self._found if one.kind in _SPARE}
        self._found = [  # whom it meets does not matter where a rule never decides
            one
            for one in self._found
            if one.kind is not Kind.OVERLAPPING or never.isdisjoint(one.rules)
        ]
        return self._found

    def gaps(self) -> Iterator[Finding]:
        """Yield about whom the pack as a whole says nothing, or two things at once."""
        try:
            yield from misjudged(self._space, self._done)
            yield from gaps(self._space)
        except TooLarge:
            yield _undecided([rule for rule in self._space.pack.rules if is_written(rule)])

    def settled(self) -> Iterator[Finding]:
        """Yield what is settled between rules about which nothing else was found."""
        told = {frozenset(one.rules) for one in self._found if one.kind is not Kind.UNREACHABLE}
        rules = [rule for rule in self._space.pack.rules if is_written(rule)]
        for one, other in combinations(rules, 2):
            if {one.id, other.id} & self._done or {one.id, other.id} in told:
                continue
            found = self._settled(one, other)
            if found is not None:
                yield found

    def _settled(self, one: Rule, other: Rule) -> Finding | None:
        if not {one.id, other.id} <= self._space.rules.keys():
            return _undecided([one, other])
        try:
            return settled(self._space, one, other)
        except TooLarge:
            return _undecided([one, other])

    def _ask(self, rules: Sequence[Rule], question: Callable[[], Finding | None]) -> None:
        """Ask one question; note what it finds, or that it is too large."""
        try:
            found = question()
        except TooLarge:
            self.open |= {rule.id for rule in rules}
            return
        if found is None:
            return
        if found.kind in _NOBODY and self._space.tried(found.looked_at):
            found = replace(found, sentence=f"{found.sentence} {_BY_MONTH_ENDS}")
        self._found.append(found)
        match found.kind:
            case Kind.CONTRADICTING if len(found.rules) == 1:
                self._done.add(found.rules[0])
            case Kind.IDENTICAL | Kind.SUBSUMED:
                self._done |= {r.id for r in rules if r.id == found.rules[0] and is_written(r)}
            case _:
                pass

    def _told(self, rule: Rule) -> bool:
        """Say whether a rule is to be mended anyway: it never decides, or contradicts another."""
        kinds = {Kind.UNREACHABLE, Kind.CONTRADICTING}
        return any(one.kind in kinds and rule.id in one.rules for one in self._found)

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


def _two_by_two(
    pack: RulePack, places: Sequence[Place], undecided: AbstractSet[str]
) -> tuple[list[Finding], set[str]]:
    """Compare rules that are too large for one look at the pack with one other rule at a time.

    Returns:
        What was found, and the ids of rules that are too large even so.
    """
    rules = [rule for rule in pack.rules if is_written(rule)]
    built_in = [rule for rule in pack.rules if not is_written(rule)]
    found: dict[tuple[Kind, tuple[str, ...]], Finding] = {}
    still: set[str] = set()

    def look(*few: Rule) -> None:
        """Look at a few rules; what is too large by itself is compared with nothing."""
        if still & {rule.id for rule in few}:
            return
        closer = _Round(Space(replace(pack, rules=(*few, *built_in)), places))
        for one in closer.findings():
            found.setdefault((one.kind, one.rules), one)
        still.update(closer.open)

    for rule in rules:
        if rule.id in undecided:
            look(rule)
    pairs = [pair for pair in combinations(rules, 2) if undecided & {rule.id for rule in pair}]
    for pair in pairs[:MOST_PAIRS]:
        look(*pair)
    still.update(undecided if len(pairs) > MOST_PAIRS else ())
    return list(found.values()), still


def _undecided(rules: Sequence[Rule]) -> Finding:
    ids = tuple(rule.id for rule in rules)
    sentence = (
        f"Too large to decide: {', '.join(ids)}. They were not compared with everything. Fewer "
        "patterns on one field, or fewer dates that are compared with each other, would help."
    )
    where = tuple(rule.where for rule in rules)
    return Finding(Kind.UNDECIDED, ids, where, sentence, {}, USUAL["today"])
