"""What each kind of finding claims, asked of the evaluator: nothing of the algebra is in here."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from alumni_sync.domain import PRECEDENCE, ExitKind, FieldType, Verdict
from alumni_sync.eligibility.evaluation.columns import Columns, build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.evaluation.explain import explain_rules
from alumni_sync.eligibility.evaluation.operators import Evaluation
from alumni_sync.eligibility.language.clauses import (
    Ago,
    All,
    Clause,
    Compare,
    Contains,
    Leaf,
    Matches,
    OneOf,
    RunDay,
    literals,
)
from alumni_sync.eligibility.language.fields import FIELD_TYPES, STATE_FIELDS
from alumni_sync.eligibility.language.pack import (
    UNPLACED,
    HoldOutreach,
    Rule,
    RulePack,
    kinds_placed,
    unplaced_rule,
)
from alumni_sync.eligibility.lint.finding import Finding, Kind

TODAY: Final = date(2026, 11, 3)
CROWD: Final = 400
MOST_DAYS: Final = 6
FOREVER: Final = date.max

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody, somewhere, on some day."""

    facts: Mapping[str, Any]
    today: date
    place: Place


@dataclass(frozen=True, slots=True)
class Judged:
    """What a pack says of one leaver."""

    verdict: Verdict
    rules: tuple[str, ...]
    flags: frozenset[str]
    closed: Mapping[str, date]
    said: Mapping[str, bool | None]


def judge(pack: RulePack, *people: Leaver) -> list[Judged]:
    """Return what the evaluator says of each; a rule that does not apply there is false."""
    groups: dict[tuple[date, Place], list[int]] = defaultdict(list)
    for position, who in enumerate(people):
        groups[who.today, who.place].append(position)
    found: dict[int, Judged] = {}
    for (today, place), members in groups.items():
        records = [people[position].facts for position in members]
        judged = _judged_together(pack, records, today, place)
        found |= dict(zip(members, judged, strict=True))
    return [found[position] for position in range(len(people))]


def _judged_together(
    pack: RulePack, records: Sequence[Mapping[str, Any]], today: date, place: Place
) -> Iterator[Judged]:
    here = pack.for_source(*place)
    frame = build_frame(records, sorted(here.fields))
    evaluation = Evaluation(Columns(frame), here.harmless, today)
    truths = {rule.id: evaluation.truth(rule.condition) for rule in here.rules}
    for row, (_, said) in enumerate(evaluate(frame, here, today).iterrows()):
        answers: dict[str, bool | None] = dict.fromkeys((rule.id for rule in pack.rules), False)
        for rule_id, truth in truths.items():
            answers[rule_id] = None if truth.unknown[row] else bool(truth.true[row])
        closed: dict[str, date] = {}
        for hold in said["holds"]:
            closed[hold.purpose] = max(closed.get(hold.purpose, date.min), hold.until or FOREVER)
        yield Judged(Verdict(said["verdict"]), said["rules"], said["flags"], closed, answers)


def judge_shown(pack: RulePack, who: Leaver) -> Judged:
    """Return what is said of one leaver, which `explain_rules` has to say as well."""
    (judged,) = judge(pack, who)
    here = pack.for_source(*who.place)
    explained = {one.id: one.holds for one in explain_rules(here, who.facts, who.today)}
    assert explained == {rule.id: judged.said[rule.id] for rule in here.rules}
    return judged


def shown(found: Finding) -> Leaver:
    """Return the leaver that a finding shows."""
    return Leaver(found.example, found.today, found.place)


def assert_claim(pack: RulePack, found: Finding, crowd: Sequence[Leaver]) -> None:
    """Assert what a finding claims of its example, and of everybody in a crowd."""
    by_id = {rule.id: rule for rule in pack.rules}
    rules = [by_id[rule_id] for rule_id in found.rules]
    assert [rule.where for rule in rules] == list(found.where)
    CLAIMS[found.kind](pack, rules, found, crowd)


def _identical(pack: RulePack, rules: list[Rule], found: Finding, crowd: Sequence[Leaver]) -> None:
    one, other = rules
    assert one.then == other.then
    assert judge_shown(pack, shown(found)).said[one.id] is not False
    for said in (each.said for each in judge(pack, shown(found), *crowd)):
        if isinstance(one.then, Verdict | HoldOutreach):
            assert said[one.id] == said[other.id]
        else:
            assert (said[one.id] is True) == (said[other.id] is True)


def _subsumed(pack: RulePack, rules: list[Rule], found: Finding, crowd: Sequence[Leaver]) -> None:
    inner, *outers = rules
    here = judge_shown(pack, shown(found))
    assert here.said[inner.id] is not False
    assert any(here.said[outer.id] is not False for outer in outers)
    without = _without(pack, inner)
    everybody = shown(found), *crowd
    judged = judge(pack, *everybody), judge(without, *everybody)
    for before, after in zip(*judged, strict=True):
        assert (before.verdict, before.flags) == (after.verdict, after.flags)
        assert before.closed == after.closed


def _contradicting(
    pack: RulePack, rules: list[Rule], found: Finding, crowd: Sequence[Leaver]
) -> None:
    said = [each.said for each in judge(pack, shown(found), *crowd)]
    if len(rules) == 1:
        (rule,) = rules
        answers = {one[rule.id] for one in said}
        assert (True not in answers) or (False not in answers)
        return
    one, other = rules
    assert said[0][one.id] is said[0][other.id] is True
    if one.then == other.then:  # two ends of one hold
        people = [All(rule.when.parts[:-1]) for rule in rules if isinstance(rule.when, All)]
        for who in (shown(found), *crowd):
            assert holds(pack, who, people[0]) == holds(pack, who, people[1])
        return
    assert one.then != other.then
    assert all((each[one.id] is True) == (each[other.id] is True) for each in said)


def _overlapping(
    pack: RulePack, rules: list[Rule], found: Finding, crowd: Sequence[Leaver]
) -> None:
    one, other = rules
    assert one.then != other.then or one.then is Verdict.HELD
    said = judge_shown(pack, shown(found)).said
    assert said[one.id] is said[other.id] is True
    alone = [each.said for each in judge(pack, *crowd)]
    assert any(each[one.id] is True and each[other.id] is False for each in alone)
    assert any(each[other.id] is True and each[one.id] is False for each in alone)


def _unreachable(
    pack: RulePack, rules: list[Rule], found: Finding, crowd: Sequence[Leaver]
) -> None:
    rule, *covers = rules
    here = judge_shown(pack, shown(found))
    assert here.said[rule.id] is True
    assert any(here.said[cover.id] is not False for cover in covers)
    assert isinstance(rule.then, Verdict)
    everybody = shown(found), *crowd
    without = judge(_without(pack, rule), *everybody)
    for judged, otherwise in zip(judge(pack, *everybody), without, strict=True):
        if "everybody would get" in found.sentence:
            assert judged.verdict is otherwise.verdict
        if judged.said[rule.id] is True:
            suspended = any(r.suspends and judged.said[r.id] for r in pack.rules)
            worse = PRECEDENCE.index(judged.verdict) < PRECEDENCE.index(rule.then)
            assert worse or suspended


def _gap(pack: RulePack, rules: list[Rule], found: Finding, crowd: Sequence[Leaver]) -> None:
    judged = judge_shown(pack, shown(found))
    if rules[0].id == UNPLACED:
        assert (UNPLACED,) == judged.rules
        assert judged.verdict is Verdict.REVIEW
        return
    assert judged.verdict is Verdict.ELIGIBLE
    assert {False} == {judged.said[rule.id] for rule in rules}
    if "a value is left out" in found.sentence:
        _falls_between(pack, rules, shown(found), crowd)
    else:
        assert holds(pack, shown(found), rules[0].when)


def _falls_between(pack: RulePack, rules: list[Rule], who: Leaver, crowd: Sequence[Leaver]) -> None:
    """Assert that with another value of one field each of two rules speaks of somebody."""
    name = next(one for one in rules[0].fields if _reaches(pack, rules, who, one, crowd))
    own = who.facts[name]
    values = sorted({str(one.facts.get(name)): one.facts.get(name) for one in crowd}.items())
    others = [value for _, value in values if value is not None]
    said = {value: _with(pack, who, name, value) for value in others}
    lower = [value for value, answers in said.items() if answers[rules[0].id]]
    upper = [value for value, answers in said.items() if answers[rules[1].id]]
    assert max(lower) < own < min(upper)


def _reaches(
    pack: RulePack, rules: list[Rule], who: Leaver, name: str, crowd: Sequence[Leaver]
) -> bool:
    values = [one.facts[name] for one in crowd if one.facts.get(name) is not None]
    if not values or isinstance(values[0], list):
        return False
    said = [_with(pack, who, name, value) for value in values]
    return all(any(answers[rule.id] for answers in said) for rule in rules)


def _with(pack: RulePack, who: Leaver, name: str, value: object) -> Mapping[str, bool | None]:
    (judged,) = judge(pack, replace(who, facts={**who.facts, name: value}))
    return judged.said


def _good_standing(
    pack: RulePack, rules: list[Rule], found: Finding, crowd: Sequence[Leaver]
) -> None:
    here = judge_shown(pack, shown(found))
    assert here.said[rules[0].id] is True
    kind = str(found.example["exit_kind"])
    assert kind in pack.good_standing
    for who in crowd:
        (judged,) = judge(pack, replace(who, facts={**who.facts, "exit_kind": kind}))
        assert judged.verdict is not Verdict.ELIGIBLE
        assert any(judged.said[rule.id] is not False for rule in rules)


def _unknown_field(
    pack: RulePack, rules: list[Rule], found: Finding, _crowd: Sequence[Leaver]
) -> None:
    (rule,) = rules
    assert judge_shown(pack, shown(found)).said[rule.id] is not True


def _unknown_code(
    pack: RulePack, rules: list[Rule], found: Finding, _crowd: Sequence[Leaver]
) -> None:
    (rule,) = rules
    if "is about the source" in found.sentence:
        assert judge_shown(pack, shown(found)).said[rule.id] is False
        return
    here = [place for place in _places(pack) if rule.applies_to(*place)]
    who = Leaver(found.example, found.today, here[0])
    assert judge_shown(pack, who).said[rule.id] is True  # if only somebody had it


CLAIMS: Final[Mapping[Kind, Callable[[RulePack, list[Rule], Finding, Sequence[Leaver]], None]]] = {
    Kind.IDENTICAL: _identical,
    Kind.SUBSUMED: _subsumed,
    Kind.CONTRADICTING: _contradicting,
    Kind.OVERLAPPING: _overlapping,
    Kind.UNREACHABLE: _unreachable,
    Kind.GAP: _gap,
    Kind.GOOD_STANDING: _good_standing,
    Kind.UNKNOWN_FIELD: _unknown_field,
    Kind.UNKNOWN_CODE: _unknown_code,
}


def _without(pack: RulePack, rule: Rule) -> RulePack:
    """Return the pack without a rule; what it alone may have placed is placed nowhere then."""
    rest = [one for one in pack.rules if one.id not in {rule.id, UNPLACED}]
    (unplaced,) = (one for one in pack.rules if one.id == UNPLACED)
    (leaf,) = (leaf for leaf, _ in literals(unplaced.when))
    assert isinstance(leaf, OneOf)
    still = set(map(str, leaf.values)) - (kinds_placed([rule]) - kinds_placed(rest))
    return replace(pack, rules=(*rest, unplaced_rule(still | pack.good_standing, ())))


def holds(pack: RulePack, who: Leaver, clause: Clause) -> bool:
    """Say whether a condition is true of somebody."""
    here = pack.for_source(*who.place)
    columns = Columns(build_frame([who.facts], sorted(pack.fields)))
    return bool(Evaluation(columns, here.harmless, who.today).truth(clause).true[0])


def crowd_for(pack: RulePack, size: int = CROWD, places: Sequence[Place] = ()) -> list[Leaver]:
    """Return leavers whose facts are the values that a pack names, their neighbours, and none."""
    draw = random.Random(pack.revision)  # noqa: S311 not for secrecy
    leaves = list(dict.fromkeys(leaf for r in pack.rules for leaf, _ in literals(r.condition)))
    values = {name: _values(name, leaves) for name in sorted(pack.fields - STATE_FIELDS.keys())}
    days = sorted({TODAY, *_days_of_run(leaves)})
    days = draw.sample(days, min(len(days), MOST_DAYS))
    return [
        Leaver(
            _states(draw) | dict(_drawn(draw, values)),
            draw.choice(days),
            draw.choice(list(places) or _places(pack)),
        )
        for _ in range(size)
    ]


def _states(draw: random.Random) -> dict[str, str]:
    usual = {name: "yes" if name == "has_left" else "no" for name in STATE_FIELDS}
    if draw.random() < 0.1:
        usual["has_left"] = "no"
    return usual


def _drawn(draw: random.Random, values: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, Any]]:
    for name, known in values.items():
        chance = draw.random()
        if name == "record_status" or chance < 0.85:
            yield name, draw.choice(known)
        elif chance < 0.95:
            yield name, None


def _values(name: str, leaves: Sequence[Leaf]) -> Sequence[Any]:
    """Return values of a field about which rules may differ, guessed from what they name."""
    kind = FIELD_TYPES[name]
    own = [leaf for leaf in leaves if name in str(leaf)]
    if name == "exit_kind":
        return [one.value for one in ExitKind]
    if name == "record_status":
        return ["left", "left", "left", "rescinded", "deleted"]
    if kind is FieldType.INTEGER:
        return range(-1, 12)
    if kind is FieldType.DATE:
        return [day.isoformat() for day in _days(own)]
    if kind is FieldType.TAGS:
        named = [leaf.value for leaf in own if isinstance(leaf, Contains)]
        return [[], *([tag] for tag in named), named]
    return [*_texts(own), "else"]


def _texts(leaves: Sequence[Leaf]) -> Iterator[str]:
    for leaf in leaves:
        match leaf:
            case OneOf(_, values):
                yield from map(str, values)
            case Contains(_, part):
                yield from (part, f"x{part}", f"{part}x", f"it {part}", f"{part}er")
            case Matches(_, pattern):
                for star in ("", "x", "support", "er"):
                    yield pattern.replace("*", star).replace("?", "x").strip() or "x"
            case _:
                pass


def _days(leaves: Sequence[Leaf]) -> list[date]:
    base = [TODAY, date(2026, 10, 31), date(2026, 2, 28), date(2025, 1, 31), date(2024, 2, 29)]
    for leaf in leaves:
        if isinstance(leaf, Compare) and isinstance(leaf.bound, date):
            base.append(leaf.bound)
        elif isinstance(leaf, Compare) and isinstance(leaf.bound, Ago):
            ago = leaf.bound.duration
            base.append(TODAY - timedelta(days=ago.days + round(ago.months * 30.4375)))
    near = [day + timedelta(days=step) for day in base for step in (-400, -31, -2, -1, 0, 1, 30)]
    return sorted(set(near))


def _days_of_run(leaves: Sequence[Leaf]) -> Iterator[date]:
    for leaf in leaves:
        if isinstance(leaf, RunDay):
            for day in filter(None, (leaf.start, leaf.end)):
                yield from (day + timedelta(days=step) for step in (-1, 0, 1))


def _places(pack: RulePack) -> list[Place]:
    sources = {"", *(name for rule in pack.rules for name in rule.sources)}
    jurisdictions = {"", *(name for rule in pack.rules for name in rule.jurisdictions)}
    return [(source, place) for source in sorted(sources) for place in sorted(jurisdictions)]
