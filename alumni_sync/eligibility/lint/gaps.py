"""Gaps: leavers about whom a pack says nothing, although it speaks of their like elsewhere.

Most leavers are named by no rule, and rightly so: they are eligible. A gap is what looks like an
oversight: an exit kind that nobody has placed; days between the effective dates of rules about the
same people; a source that is left out where several rules say one thing for several places.
"""

from collections.abc import Iterator, Sequence

from alumni_sync.domain import ExitKind, Verdict
from alumni_sync.eligibility.language.clauses import Clause, OneOf
from alumni_sync.eligibility.language.pack import (
    UNPLACED,
    Outcome,
    Rule,
    RulePack,
    SetFlag,
    Window,
)
from alumni_sync.eligibility.lint.bands import Between, betweens
from alumni_sync.eligibility.lint.finding import Finding, Kind, finding
from alumni_sync.eligibility.lint.holes import Hole, alike, holes
from alumni_sync.eligibility.lint.space import Example, Space
from alumni_sync.eligibility.lint.terrain import IS_FALSE, IS_TRUE, Ends
from alumni_sync.eligibility.wording.words import ENGLISH


def asked_besides(pack: RulePack) -> tuple[Clause, ...]:
    """Return conditions that no rule has, and that gaps are looked for with."""
    kinds = (OneOf("exit_kind", (kind.value,)) for kind in ExitKind)
    days = (clause for hole in holes(pack) for clause in hole.days.clauses())
    values = (clause for between in betweens(pack) for clause in between.clauses())
    return (*kinds, *days, *values)


def gaps(space: Space) -> Iterator[Finding]:
    """Yield every gap; none where some rule could not be worked out, for it might fill them."""
    undecided = (rule for rule in space.pack.rules if rule.id in space.undecided)
    if any(not isinstance(rule.then, SetFlag) for rule in undecided):
        return
    yield from _kinds_placed_nowhere(space)
    for hole in holes(space.pack):
        if {hole.one.id, hole.other.id} <= space.rules.keys():
            yield from _days_between(space, hole)
    yield from _places_left_out(space)
    for between in betweens(space.pack):
        if {between.lower.rule.id, between.upper.rule.id} <= space.rules.keys():
            yield from _values_between(space, between)


def _kinds_placed_nowhere(space: Space) -> Iterator[Finding]:
    """Yield the exit kinds about which only the built-in rule for unplaced ones speaks."""
    if UNPLACED not in space.rules:
        return
    silent = [(space.rules[rule.id], IS_FALSE) for rule in _verdicts(space) if rule.id != UNPLACED]
    found: dict[str, Example] = {}
    for kind in ExitKind:
        of_kind = space.everywhere(OneOf("exit_kind", (kind.value,)))
        path = space.path((space.rules[UNPLACED], IS_TRUE), (of_kind, IS_TRUE), *silent)
        if path is not None:
            found[kind.value] = space.example(path)
    if found:
        kinds = ", ".join(ENGLISH.values.get(kind, kind.replace("_", " ")) for kind in found)
        sentence = (
            f"Nothing says what becomes of these exits: {kinds}. They go to review. "
            "Put each into good_standing, or into a rule that names exit kinds and nothing else."
        )
        (unplaced,) = (rule for rule in space.pack.rules if rule.id == UNPLACED)
        yield finding(Kind.GAP, (unplaced,), sentence, next(iter(found.values())))


def _verdicts(space: Space) -> list[Rule]:
    return [rule for rule in space.pack.rules if isinstance(rule.then, Verdict)]


def _days_between(space: Space, hole: Hole) -> Iterator[Finding]:
    """Yield that people of whom both rules speak are spoken of by none in between."""
    wanted = [(space.everywhere(clause), IS_TRUE) for clause in hole.days.clauses()]
    example = _unspoken(space, (hole.one, hole.other), wanted)
    if example is not None:
        by = hole.days.by.value.replace("_", " ")
        sentence = (
            f"Between {hole.one.id} and {hole.other.id} nobody speaks: neither is in force from "
            f"{hole.days.start} to {hole.days.end} ({by}). Mend their dates."
        )
        yield finding(Kind.GAP, (hole.one, hole.other), sentence, example)


def _values_between(space: Space, between: Between) -> Iterator[Finding]:
    """Yield that a value falls between two bands, and that nobody speaks of it."""
    one, other = between.lower.rule, between.upper.rule
    places = [p for p in _places(space, one) if other.applies_to(*p)]
    valid = one.valid.clauses() if one.valid else ()
    wanted = [(space.everywhere(clause), IS_TRUE) for clause in (*between.clauses(), *valid)]
    wanted.append((space.only_at(*places), IS_TRUE))
    kinds = (one.then, other.then)
    speaking = [rule.id for rule in space.pack.rules if any(alike(rule.then, k) for k in kinds)]
    if not space.rules.keys() >= set(speaking):
        return
    path = space.path(*wanted, *((space.rules[rule_id], IS_FALSE) for rule_id in speaking))
    if path is not None:
        example = space.example(path)
        name = ENGLISH.fields[between.lower.field]
        sentence = (
            f"Between {one.id} and {other.id} a value is left out: the {name} may be "
            f"{example.facts.get(between.lower.field)}, all else alike, and nobody speaks. Close "
            "the gap, or say in a rule what becomes of it."
        )
        yield finding(Kind.GAP, (one, other), sentence, example)


def _places_left_out(space: Space) -> Iterator[Finding]:
    """Yield a source that several rules with one condition and outcome leave out."""
    groups: dict[tuple[Clause, Outcome, Window | None], list[Rule]] = {}
    for rule in space.pack.rules:
        if rule.sources or rule.jurisdictions:
            groups.setdefault((rule.when, rule.then, rule.valid), []).append(rule)
    for rules in groups.values():
        out = [p for p in space.places if not any(rule.applies_to(*p) for rule in rules)]
        # One rule that names its place means that place; several look like a list with a hole.
        for place in filter(any, out) if len(rules) > 1 else ():
            valid = rules[0].valid.clauses() if rules[0].valid else ()
            wanted = [(space.everywhere(clause), IS_TRUE) for clause in valid]
            wanted.append((space.only_at(place), IS_TRUE))
            example = _unspoken(space, rules[:1], wanted, here=False)
            if example is not None:
                names = " and ".join(rule.id for rule in rules)
                left_out = " in ".join(filter(None, place))
                sentence = (
                    f"{names} say one thing for several places, and {left_out} is none "
                    "of them. Add it, or say it once for all."
                )
                yield finding(Kind.GAP, tuple(rules), sentence, example)
                break


def _unspoken(
    space: Space, rules: Sequence[Rule], wanted: list[tuple[int, Ends]], *, here: bool = True
) -> Example | None:
    """Return somebody who fits what is written in `rules`, and of whom no rule of the kind speaks.

    Args:
        space: of the pack.
        rules: whose conditions somebody has to fit, effective dates apart.
        wanted: what has to hold besides.
        here: the rules have to apply where the leaver is, too.
    """
    same_kind = [rule.id for rule in space.pack.rules if alike(rule.then, rules[0].then)]
    if not space.rules.keys() >= set(same_kind):
        return None  # one of them may well speak of these people
    for rule in rules:
        wanted.append((space.everywhere(rule.when), IS_TRUE))
        if here:
            wanted.append((space.only_at(*_places(space, rule)), IS_TRUE))
    wanted += [(space.rules[rule_id], IS_FALSE) for rule_id in same_kind]
    path = space.path(*wanted)
    return None if path is None else space.example(path)


def _places(space: Space, rule: Rule) -> list[tuple[str, str]]:
    return [place for place in space.places if rule.applies_to(*place)]
