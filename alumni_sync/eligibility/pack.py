"""Rules and rule packs as frozen values, and the revision that names their content."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.clauses import Clause, Offset, fields_of
from alumni_sync.eligibility.fields import ALWAYS_HARMLESS

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


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: what verdicts, cases and audit name; letters, digits, hyphens.
        when: the condition.
        then: a verdict (adverse), a flag or an outreach hold.
        suspends: built in only: who it concerns is no leaver at present, so that nothing opens a
            case about them.
    """

    id: str
    when: Clause
    then: Outcome
    suspends: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """Return every field that the rule looks at, the one a hold counts from included."""
        extra = (
            {self.then.until.field}
            if isinstance(self.then, HoldOutreach) and self.then.until
            else set()
        )
        return fields_of(self.when) | extra


@dataclass(frozen=True, slots=True)
class RulePack:
    """Rules with how to read what a source does not have.

    Attributes:
        harmless: fields that say nothing where a source's mapping does not have them. Others are
            unknown there, and unknown leads to review. An empty value is always unknown.
        adults_only: sources without birth dates that employ adults only; True for all of them.
    """

    name: str
    rules: tuple[Rule, ...]
    harmless: frozenset[str] = ALWAYS_HARMLESS
    adults_only: bool | frozenset[str] = False

    @property
    def fields(self) -> frozenset[str]:
        """Return every field that some rule looks at."""
        return frozenset().union(*(rule.fields for rule in self.rules))

    @property
    def revision(self) -> str:
        """Return a hash of the content; comments, layout and order of the rules do not count."""
        rules = sorted((_plain(rule) for rule in self.rules), key=lambda rule: str(rule["id"]))
        return revision_of(
            {"rules": rules, "harmless": _plain(self.harmless), "adults": _plain(self.adults_only)}
        )

    def for_source(self, source: str, *extra: Rule) -> "RulePack":
        """Return the pack as it judges one source, with rules that the configuration adds."""
        adults = (
            self.adults_only if isinstance(self.adults_only, bool) else source in self.adults_only
        )
        harmless = self.harmless | {"birth_date"} if adults else self.harmless
        return replace(self, rules=(*self.rules, *extra), harmless=harmless, adults_only=adults)


def revision_of(content: Mapping[str, Any]) -> str:
    """Return the revision of plain content, over its canonical JSON."""
    canonical = json.dumps(
        content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )
    return hashlib.sha256(canonical.encode()).hexdigest()[:REVISION_LENGTH]


def _plain(value: Any) -> Any:  # noqa: ANN401 the content of frozen records, as JSON has it
    """Return frozen records as plain values, each with its type's name."""
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"": type(value).__name__, **named}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
