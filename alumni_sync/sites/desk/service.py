"""What the HR desk asks of the review stage: cases in pages, and one case with its person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alumni_sync.domain import Identity


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case in the list; nothing here is about a person by name.

    Attributes:
        number: as people say it, `EX-000123`.
        verdict: `excluded` or `review`.
        waits: whether somebody still has to rule on it.
        overdue: whether it should have been ruled on by now.
    """

    number: str
    source: str
    verdict: str
    rules: tuple[str, ...]
    status: str
    two_person: bool
    opened_at: datetime
    due_at: datetime
    waits: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some cases, oldest first.

    Attributes:
        after: where the next page starts; None on the last one.
    """

    lines: Sequence[CaseLine]
    after: int | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry of a case's history."""

    at: datetime
    event: str
    actor: str
    verified: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RuleShown:
    """One rule that spoke, in plain words.

    Attributes:
        clauses: each part of its condition, and whether it holds (None: not known).
    """

    name: str
    sentence: str
    clauses: tuple[tuple[str, bool | None], ...] = ()


@dataclass(frozen=True, slots=True)
class CaseShown:
    """A case with its person, for somebody who may see both.

    Attributes:
        facts: (field, value as text) in the order of the canonical leaver.
        rules: those that spoke.
        unknown: fields whose missing value kept a rule from deciding.
        effects: what admitting would do, a sentence each.
        profile_url: of the person in the HRIS; None where there is none.
        admit_url: and `uphold_url`: launchpads in Dagster with a ticket; None where this visitor
            may not rule, or the case does not wait.
        sealed: why the facts cannot be shown (erased, purged); "" where they are.
    """

    line: CaseLine
    name: str
    employee: str
    facts: tuple[tuple[str, str], ...]
    rules: tuple[RuleShown, ...]
    unknown: tuple[str, ...]
    effects: tuple[str, ...]
    profile_url: str | None
    history: tuple[Happened, ...]
    admit_url: str | None
    uphold_url: str | None
    sealed: str = ""


class DeskService(Protocol):
    """Everything behind the desk. Each call is made by somebody, and decides what they may see."""

    def may_open(self, identity: Identity) -> bool:
        """Say whether somebody may see the desk at all."""

    def cases(self, identity: Identity, *, waiting: bool, after: int, limit: int) -> CasePage:
        """Return cases of the sources that somebody may see, from a position on."""

    def case(self, identity: Identity, number: str) -> CaseShown | None:
        """Return a case, and write down who read it; None if there is none that they may see."""
