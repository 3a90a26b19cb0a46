"""Holds that end on different days: the later end counts, and no precedence says that it should."""

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.language.clauses import (
    Ago,
    All,
    Clause,
    Compare,
    Comparison,
    Leaf,
    RunDay,
    fields_of,
)
from alumni_sync.eligibility.language.pack import Rule
from alumni_sync.eligibility.lint.finding import Finding, Kind, finding
from alumni_sync.eligibility.lint.space import Space
from alumni_sync.eligibility.lint.terrain import IS_TRUE, NOT_TRUE
from alumni_sync.eligibility.wording.sentences import clause_words


def end_of(rule: Rule) -> tuple[Clause, Leaf] | None:
    """Return whom a rule holds, and until when; None where it holds nobody until a day.

    `held_until` is the only way to say it, or its condition written by hand.
    """
    parts = rule.when.parts if isinstance(rule.when, All) else (rule.when,)
    ends = [part for part in parts if isinstance(part, RunDay | Compare) and _ends_a_hold(part)]
    if rule.then is not Verdict.HELD or len(ends) != 1:
        return None
    return All(tuple(part for part in parts if part is not ends[0])), ends[0]


def _ends_a_hold(part: RunDay | Compare) -> bool:
    match part:
        case RunDay(None, _):
            return True
        case Compare(_, Comparison.AT_LEAST, Ago()):
            return True
        case _:
            return False


def ends_apart(one: Rule, other: Rule) -> bool:
    """Say whether two rules hold people until days that are not the same."""
    here, there = end_of(one), end_of(other)
    return here is not None and there is not None and here[1] != there[1]


def held_twice(space: Space, one: Rule, other: Rule) -> Finding | None:
    """Return that two rules hold people of one kind until different days."""
    here, there = end_of(one), end_of(other)
    if here is None or there is None or here[1] == there[1]:
        return None
    path = space.path((space.rules[one.id], IS_TRUE), (space.rules[other.id], IS_TRUE))
    if path is None or fields_of(here[0]) != fields_of(there[0]):
        return None
    people = space.everywhere(here[0]), space.everywhere(there[0])
    days = f"{clause_words(here[1])}, and {clause_words(there[1])}"
    if people[0] == people[1]:
        sentence = (
            f"{one.id} and {other.id} hold the same people as long as {days}: the later end "
            "counts. Keep one of them."
        )
        return finding(Kind.CONTRADICTING, (one, other), sentence, space.example(path))
    if any(space.path((a, IS_TRUE), (b, NOT_TRUE)) is None for a, b in (people, people[::-1])):
        return None  # the one is an exception to the other
    sentence = (
        f"{one.id} and {other.id} look at the same facts and meet: some leavers are held as long "
        f"as {days}, and the later end counts. Draw the line between them."
    )
    return finding(Kind.OVERLAPPING, (one, other), sentence, space.example(path))
