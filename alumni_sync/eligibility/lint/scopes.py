"""Audience and pilot: values that nobody has or that let nobody in, and programmes for nobody.

They become rules like all others, and are looked at like them; only where they stand is another
file, so that a place is found by field and value.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from alumni_sync.domain import FieldType, Verdict
from alumni_sync.eligibility.evaluation.columns import fold
from alumni_sync.eligibility.language.clauses import Clause, Contains, OneOf
from alumni_sync.eligibility.language.fields import KNOWN_CODES, RULE_FIELDS
from alumni_sync.eligibility.language.pack import RulePack
from alumni_sync.eligibility.language.scope import (
    OUTSIDE_AUDIENCE,
    OUTSIDE_PILOT,
    audience_rules,
    pilot_rules,
)
from alumni_sync.eligibility.language.texts import dead_text
from alumni_sync.eligibility.lint.diagrams import TooLarge
from alumni_sync.eligibility.lint.finding import Finding, Kind
from alumni_sync.eligibility.lint.names import FILLED_BY_THE_FLOW, leaver
from alumni_sync.eligibility.lint.space import Example, Place, Space
from alumni_sync.eligibility.lint.terrain import IS_FALSE, IS_TRUE

Where = Callable[[str, str, int | None], str]
"""`audience` or `pilot.segments`, field ("" for none) and position → file and line."""

AUDIENCE: Final = "audience"
PILOT: Final = "pilot.segments"
_RULE: Final = {AUDIENCE: OUTSIDE_AUDIENCE, PILOT: OUTSIDE_PILOT}
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_ALPHABETS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK"})


@dataclass(frozen=True, slots=True)
class Selected:
    """Whom a programme addresses, and what is known of its sources.

    Attributes:
        audience: field → values; {} for everybody.
        segments: of the pilot; None for no pilot.
        mapped: source → fields that its mapping fills; a source that is not there is not known.
        values: source → field → the only values that its mapping hands on, where that is known.
    """

    audience: Mapping[str, Sequence[str]]
    segments: Mapping[str, Sequence[str]] | None
    mapped: Mapping[str, frozenset[str]]
    values: Mapping[str, Mapping[str, frozenset[str]]]

    def lists(self) -> Iterator[tuple[str, str, Sequence[str]]]:
        """Yield section, field and values."""
        for section, wanted in ((AUDIENCE, self.audience), (PILOT, self.segments)):
            yield from ((section, field, values) for field, values in (wanted or {}).items())


def lint_scope(
    pack: RulePack, places: Sequence[Place], selected: Selected, where: Where
) -> Iterator[Finding]:
    """Yield what is wrong with audience and pilot.

    Args:
        pack: as it was read, whose rules count where it is asked who may be eligible at all.
        places: of all sources.
        selected: audience and pilot, as they stand in the configuration.
        where: says where a value stands.
    """
    extra = audience_rules(selected.audience)
    if selected.segments is not None:
        extra += pilot_rules(selected.segments)
    if not extra:
        return
    told = list(_misspelt(places, selected, where))
    yield from told
    clauses = [_has(field, value) for _, field, values in selected.lists() for value in values]
    space = Space(replace(pack, rules=(*pack.rules, *extra)), places, clauses)
    outside = [(space.rules[rule.id], IS_FALSE) for rule in extra if rule.id in space.rules]
    named = {one.where[0] for one in told}
    try:
        yield from _never_met(space, selected, where, outside, named)
        yield from _nobody(space, where, outside)
    except TooLarge:
        what = "Too large to decide: whether audience, pilot and rules let anybody in."
        yield _finding(Kind.UNDECIDED, AUDIENCE, where(AUDIENCE, "", None), what, {})


def _misspelt(places: Sequence[Place], selected: Selected, where: Where) -> Iterator[Finding]:
    """Yield each value and field that is wrong by itself."""
    sources = [source for source, _ in places]
    known = all(source in selected.mapped for source in sources)
    for section, field, values in selected.lists():
        missing = known and not any(field in selected.mapped[source] for source in sources)
        if missing and field not in FILLED_BY_THE_FLOW:
            what = f"{section} asks for {field}, which no source has: it is unknown of everybody."
            yield _finding(Kind.UNKNOWN_FIELD, section, where(section, field, None), what, {})
            continue
        for position, value in enumerate(values):
            wrong = _wrong(field, value, values[:position]) or _unheard(field, value, selected)
            if wrong:
                what = f"{section} names {field} “{value.strip()}”, which {wrong}."
                at = where(section, field, position)
                yield _finding(Kind.UNKNOWN_CODE, section, at, what, {field: value})


def _wrong(field: str, value: str, before: Sequence[str]) -> str:
    """Return what is wrong with a value as it is written; "" for nothing."""
    listed = KNOWN_CODES.get(field)
    if dead := dead_text(value, instead="name each value in full"):
        return dead[0].removeprefix(f"{value.strip()} ")
    if any(letter.isspace() and letter != " " for letter in value.strip()) or "  " in value.strip():
        return "has a blank in it that is not a single ordinary one"
    if any(len(_alphabets(word)) > 1 for word in _LETTERS.findall(value)):
        return "has letters of two alphabets in one word"
    if fold(value) in map(fold, before):
        return "stands there twice"
    if listed is not None and fold(value) not in map(fold, listed):
        return "does not exist"
    return ""


def _alphabets(word: str) -> set[str]:
    names = {unicodedata.name(letter, "").split(" ")[0] for letter in word}
    return names & _ALPHABETS


def _unheard(field: str, value: str, selected: Selected) -> str:
    """Return that no mapping hands a value on; "" where one may, or where that is not known."""
    filling = [source for source, fields in selected.mapped.items() if field in fields]
    lists = [selected.values.get(source, {}).get(field) for source in filling]
    if not lists or any(one is None for one in lists):
        return ""
    heard = {fold(one) for values in lists for one in values or ()}
    return "" if fold(value) in heard else "no mapping hands on"


def _never_met(
    space: Space,
    selected: Selected,
    where: Where,
    inside: Sequence[tuple[int, frozenset[int]]],
    named: set[str],
) -> Iterator[Finding]:
    """Yield each segment of the pilot of which nobody is in the audience.

    That the audience has more than the pilot is what a pilot is for.
    """
    for field, values in (selected.segments or {}).items():
        for position, value in enumerate(values):
            has = (space.everywhere(_has(field, value)), IS_TRUE)
            at = where(PILOT, field, position)
            if at in named or space.path(has, *inside) is not None:
                continue
            what = (
                f"{PILOT} names {field} “{value.strip()}”, and nobody with it is in: audience and "
                "pilot together leave them out."
            )
            shown = space.example(space.path(has) or {})
            yield _finding(Kind.UNREACHABLE, PILOT, at, what, {field: value}, shown)


def _nobody(
    space: Space, where: Where, inside: Sequence[tuple[int, frozenset[int]]]
) -> Iterator[Finding]:
    """Yield each source of which nobody can be eligible."""
    rules = [
        (space.rules[rule.id], IS_FALSE)
        for rule in space.pack.rules
        if rule.id in space.rules and isinstance(rule.then, Verdict)
    ]
    for place in space.places:
        here = (space.only_at(place), IS_TRUE)
        if space.path(here, *rules) is not None:
            continue
        within = space.path(here, *inside)
        why = "audience and pilot" if within is None else "audience, pilot and rules"
        source = " in ".join(filter(None, place)) or "any source"
        what = f"Nobody of {source} can ever be eligible: {why} leave nobody in."
        shown = space.example(within or space.path(here) or {})
        yield _finding(
            Kind.UNREACHABLE, AUDIENCE, where(AUDIENCE, "", None), what, shown.facts, shown
        )


def _has(field: str, value: str) -> Clause:
    if RULE_FIELDS[field] is FieldType.TAGS:
        return Contains(field, value)
    return OneOf(field, (value,))


def _finding(
    kind: Kind,
    section: str,
    where: str,
    what: str,
    facts: Mapping[str, object],
    shown: Example | None = None,
) -> Finding:
    example = shown or leaver(facts)
    about = tuple(sorted(facts)) if shown is None or len(facts) == 1 else ()
    return Finding(
        kind, (_RULE[section],), (where,), what, example.facts, example.today, example.place, about
    )
