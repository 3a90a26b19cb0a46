"""Rules and rule packs as frozen values, and the revision that names their content."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any, Final

from alumni_sync.domain import ExitKind, Verdict
from alumni_sync.eligibility.language.clauses import (
    All,
    Clause,
    Compare,
    Comparison,
    Not,
    Offset,
    OneOf,
    RunDay,
    fields_of,
)
from alumni_sync.eligibility.language.fields import ALWAYS_HARMLESS

REVISION_LENGTH: Final = 16
"""Hex digits of a revision: enough to tell revisions apart, short enough to read out."""


@dataclass(frozen=True, slots=True)
class SetFlag:
    """Gives the leaver a flag. An unknown fact gives none."""

    flag: str


@dataclass(frozen=True, slots=True)
class HoldOutreach:
    """Closes one purpose until a day (None: until facts or rules change).

    An unknown fact closes it.
    """

    purpose: str
    until: Offset | None


Outcome = Verdict | SetFlag | HoldOutreach


class Dating(StrEnum):
    """By which day the effective dates of a rule are meant."""

    EXIT_DATE = "exit_date"
    RUN_DATE = "run_date"


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when a rule is in force, both days included; None is an open end."""

    start: date | None
    end: date | None
    by: Dating

    def clauses(self) -> Iterator[Clause]:
        """Yield the window as conditions; an exit date that is not known leaves it undecided."""
        by_exit = self.by is Dating.EXIT_DATE
        if self.start is not None:
            yield (
                Compare("exit_date", Comparison.AT_LEAST, self.start)
                if by_exit
                else RunDay(self.start, None)
            )
        if self.end is not None:
            yield (
                Compare("exit_date", Comparison.AT_MOST, self.end)
                if by_exit
                else RunDay(None, self.end)
            )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: what verdicts, cases and audit name; letters, digits, hyphens.
        when: the condition as it is written; what is evaluated is `condition`.
        then: a verdict (adverse), a flag or an outreach hold.
        suspends: built in only: who it concerns is no leaver at present, so that nothing opens a
            case about them.
        valid: effective dates; None for always.
        sources: where it applies; empty for everywhere.
        jurisdictions: where it applies; empty for everywhere.
        where: file and line for messages; no part of what the rule says.
    """

    id: str
    when: Clause
    then: Outcome
    suspends: bool = False
    valid: Window | None = None
    sources: frozenset[str] = frozenset()
    jurisdictions: frozenset[str] = frozenset()
    where: str = field(default="", compare=False)

    @property
    def condition(self) -> Clause:
        """Return all that has to hold: the condition as written, within the effective dates."""
        if self.valid is None:
            return self.when
        written = self.when.parts if isinstance(self.when, All) else (self.when,)
        return All((*written, *self.valid.clauses()))

    def applies_to(self, source: str, jurisdiction: str) -> bool:
        """Say whether the rule speaks about leavers of a source at all."""
        here = not self.sources or source in self.sources
        return here and (not self.jurisdictions or jurisdiction in self.jurisdictions)

    @property
    def fields(self) -> frozenset[str]:
        """Return every field that the rule looks at, the one a hold counts from included."""
        extra = (
            {self.then.until.field}
            if isinstance(self.then, HoldOutreach) and self.then.until
            else set()
        )
        return fields_of(self.condition) | extra


@dataclass(frozen=True)
class RulePack:
    """Rules with how to read what a source does not have.

    Attributes:
        harmless: fields that say nothing where a source's mapping does not have them. Others are
            unknown there, and unknown leads to review. An empty value is always unknown.
        adults_only: sources without birth dates that employ adults only; True for all of them.
        good_standing: exit kinds that the pack lists so; what judges is the rule made of them.
    """

    name: str
    rules: tuple[Rule, ...]
    harmless: frozenset[str] = ALWAYS_HARMLESS
    adults_only: bool | frozenset[str] = False
    good_standing: frozenset[str] = frozenset()

    @cached_property
    def fields(self) -> frozenset[str]:
        """Return every field that some rule looks at."""
        return frozenset().union(*(rule.fields for rule in self.rules))

    @cached_property
    def revision(self) -> str:
        """Return a hash of the content; comments, layout and order of the rules do not count."""
        rules = sorted((_plain(rule) for rule in self.rules), key=lambda rule: str(rule["id"]))
        return revision_of(
            {"rules": rules, "harmless": _plain(self.harmless), "adults": _plain(self.adults_only)}
        )

    def for_source(self, source: str, jurisdiction: str, *extra: Rule) -> "RulePack":
        """Return the pack as it judges one source, with rules that the configuration adds.

        Rules of other sources and jurisdictions are dropped. An exit kind that is placed by a rule
        of this source is placed here only.
        """
        adults = (
            self.adults_only if isinstance(self.adults_only, bool) else source in self.adults_only
        )
        harmless = self.harmless | {"birth_date"} if adults else self.harmless
        here = [rule for rule in self.rules if rule.applies_to(source, jurisdiction)]
        rules = [_placed_here(rule, here) if rule.id == UNPLACED else rule for rule in here]
        return replace(self, rules=(*rules, *extra), harmless=harmless, adults_only=adults)


UNPLACED: Final = "exit-kind-unplaced"


def unplaced_rule(good_standing: Iterable[str], rules: Iterable[Rule]) -> Rule:
    """Return the rule that sends exit kinds to review about which a pack says nothing.

    A kind is placed when it is in good standing, or when an adverse rule names it and nothing else,
    at every time and everywhere. So taking a rule out of a pack by mistake makes nobody eligible,
    nor does the end of its effective dates, nor a value that is no exit kind at all.
    """
    everywhere = (rule for rule in rules if not rule.sources and not rule.jurisdictions)
    return _unplaced({*good_standing, *kinds_placed(everywhere)})


def _placed_here(unplaced: Rule, rules: Iterable[Rule]) -> Rule:
    """Return the rule about unplaced kinds, knowing that `rules` apply to the source."""
    kinds = {str(value) for leaf in _one_ofs(unplaced.when) for value in leaf.values}
    return _unplaced(kinds | kinds_placed(rules))


def _unplaced(placed: set[str]) -> Rule:
    known = tuple(kind.value for kind in ExitKind if kind.value in placed)
    return Rule(UNPLACED, Not(OneOf("exit_kind", known)), Verdict.REVIEW)


def _one_ofs(clause: Clause) -> Iterator[OneOf]:
    inner = clause.part if isinstance(clause, Not) else clause
    if isinstance(inner, OneOf) and inner.field == "exit_kind":
        yield inner


def kinds_placed(rules: Iterable[Rule]) -> set[str]:
    """Return the exit kinds that adverse rules name, always and nothing else besides."""
    return {
        str(value)
        for rule in rules
        if isinstance(rule.then, Verdict) and rule.valid is None and isinstance(rule.when, OneOf)
        for value in rule.when.values
        if rule.when.field == "exit_kind"
    }


def revision_of(content: Mapping[str, Any]) -> str:
    """Return the revision of plain content, over its canonical JSON."""
    canonical = json.dumps(
        content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )
    return hashlib.sha256(canonical.encode()).hexdigest()[:REVISION_LENGTH]


def _plain(value: Any) -> Any:  # noqa: ANN401 the content of frozen records, as JSON has it
    """Return frozen records as plain values, each with its type's name."""
    if is_dataclass(value) and not isinstance(value, type):
        said = (part.name for part in fields(value) if part.compare)
        named = {name: _plain(getattr(value, name)) for name in said}
        return {"": type(value).__name__, **named}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
