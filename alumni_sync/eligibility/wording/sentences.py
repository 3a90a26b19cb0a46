"""Rules in words, made from their structure: what a rule says is what it does.

Sentences name fields, codes and dates of the rule, never a value of a person.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final, assert_never

from alumni_sync.domain import FieldType, Verdict
from alumni_sync.eligibility.language.clauses import (
    Ago,
    All,
    AnyOf,
    Bound,
    Clause,
    Compare,
    Comparison,
    Contains,
    Duration,
    IsKnown,
    Leaf,
    Matches,
    Not,
    Offset,
    OneOf,
    RunDay,
)
from alumni_sync.eligibility.language.fields import FIELD_TYPES, NO, YES
from alumni_sync.eligibility.language.pack import HoldOutreach, Outcome, Rule, SetFlag
from alumni_sync.eligibility.wording.words import ENGLISH, Words

_OPPOSITE: Final = {YES: NO, NO: YES}
_FEW: Final = range(2, 5)
"""Polish and Russian have a form for two to four, and for what ends like them…"""
_TEENS: Final = range(12, 15)
"""…but for these."""


def rule_sentence(rule: Rule, words: Words = ENGLISH) -> str:
    """Return what the rule does, such as “Excluded when the exit kind is misconduct.”."""
    outcome = outcome_words(rule.then, words)
    return words.when.format(Outcome=_capital(outcome), clause=clause_words(rule.condition, words))


def reason_sentence(rule: Rule, words: Words = ENGLISH) -> str:
    """Return why somebody got this outcome: the same condition, as a statement."""
    outcome = outcome_words(rule.then, words)
    return words.spoke.format(Outcome=_capital(outcome), clause=clause_words(rule.condition, words))


def undecided_sentence(
    rule: Rule,
    unknown: Sequence[str],
    unreadable: Collection[str] = (),
    words: Words = ENGLISH,
) -> str:
    """Return why a rule could not be decided, with the fields that are missing or unreadable."""
    named = ", ".join(
        words.unreadable.format(field=field_words(name, words))
        if name in unreadable
        else field_words(name, words)
        for name in unknown
    )
    return words.undecided.format(clause=clause_words(rule.condition, words), fields=named)


def outcome_words(outcome: Outcome, words: Words = ENGLISH) -> str:
    """Return the outcome as words that can follow “is”."""
    match outcome:
        case Verdict():
            return words.verdicts[outcome]
        case SetFlag(flag):
            return words.flag.format(flag=words.values.get(flag, flag))
        case HoldOutreach(purpose, until):
            spoken = _value(purpose, words)
            if until is None:
                return words.hold.format(purpose=spoken)
            return words.hold_until.format(purpose=spoken, until=_bound(until, words))
        case _:
            assert_never(outcome)


def clause_words(clause: Clause, words: Words = ENGLISH, *, positive: bool = True) -> str:
    """Return a condition as words; `not` is spoken at the leaves, where people expect it."""
    match clause:
        case Not(part):
            return clause_words(part, words, positive=not positive)
        case All(parts) | AnyOf(parts):
            joined = words.both if isinstance(clause, All) == positive else words.either
            return joined.join(_part(part, words, positive=positive) for part in parts)
        case leaf:
            return _leaf(leaf, words, 0 if positive else 1)


def field_words(field: str, words: Words = ENGLISH) -> str:
    """Return a field as words."""
    return words.fields.get(field, field.replace("_", " "))


def _part(clause: Clause, words: Words, *, positive: bool) -> str:
    """Return a part of a longer condition, in brackets where it joins several itself."""
    inner = clause
    while isinstance(inner, Not):
        inner = inner.part
    spoken = clause_words(clause, words, positive=positive)
    return f"({spoken})" if _joins(inner) else spoken


def _joins(clause: Clause) -> bool:
    """Say whether a condition is spoken as several."""
    if isinstance(clause, RunDay):
        return clause.start is not None and clause.end is not None
    return isinstance(clause, All | AnyOf)


def _leaf(leaf: Leaf, words: Words, form: int) -> str:
    match leaf:
        case OneOf(field, values):
            return _one_of(field, values, words, form)
        case Contains(field, value):
            return words.contains[form].format(
                field=field_words(field, words), value=_value(value, words)
            )
        case Matches(field, pattern):
            return words.matches[form].format(field=field_words(field, words), value=f"“{pattern}”")
        case IsKnown(field):
            return words.known[form].format(field=field_words(field, words))
        case Compare():
            return _compare(leaf, words, form)
        case RunDay(start, end):
            return _run_day(start, end, words, form)
        case _:
            assert_never(leaf)


def _one_of(field: str, values: tuple[str | int, ...], words: Words, form: int) -> str:
    state = str(values[0])
    if len(values) == 1 and (field, state) in words.states:
        return words.states[field, _OPPOSITE[state] if form else state]
    *some, last = (_value(value, words) for value in values)
    listed = words.either.join([", ".join(some), last] if some else [last])
    return words.is_one_of[form].format(field=field_words(field, words), values=listed)


def _compare(leaf: Compare, words: Words, form: int) -> str:
    table = words.compare
    if FIELD_TYPES[leaf.field] is FieldType.INTEGER:
        table = words.compare_number
    elif isinstance(leaf.bound, Ago):
        table = words.compare_ago if leaf.bound.duration.count else words.compare_today
    template = table[leaf.comparison][form]
    return template.format(field=field_words(leaf.field, words), bound=_bound(leaf.bound, words))


def _run_day(start: date | None, end: date | None, words: Words, form: int) -> str:
    ends = ((Comparison.AT_LEAST, start), (Comparison.AT_MOST, end))
    spoken = (
        words.compare[comparison][form].format(field=words.run_day, bound=day.isoformat())
        for comparison, day in ends
        if day is not None
    )
    return (words.either if form else words.both).join(spoken)


def _bound(bound: Bound, words: Words) -> str:
    match bound:
        case Ago(duration):
            return _duration(duration, words)
        case Offset(duration, field, later):
            return words.offset[later].format(
                duration=_duration(duration, words), field=field_words(field, words)
            )
        case date():
            return bound.isoformat()
        case number:
            return str(number)


def _duration(duration: Duration, words: Words) -> str:
    one, *few, many = words.units[duration.unit]
    count = duration.count
    if count == 1:
        return one
    some = few and count % 10 in _FEW and count % 100 not in _TEENS
    return (few[0] if some else many).format(count=count)


def _value(value: str | int, words: Words) -> str:
    return words.values.get(str(value)) or str(value).replace("_", " ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
