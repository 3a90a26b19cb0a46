"""A company whose rule pack a test edits: what runs judge by, and what waits."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel

from alumni_sync.clock import FixedClock
from alumni_sync.eligibility.judging.judge import VerdictCounts, judge_leavers
from alumni_sync.ledger.store import Ledger
from tests.roster import Leaver, Roster, company

CONDUCT = "- {id: conduct, when: {exit_kind: {one_of: [misconduct, dispute]}}, then: excluded}"
SENIOR = "- {id: senior, when: {job_level: {at_least: 8}}, then: review}"
PLANT = "- {id: plant, when: {department: {equals: Produkcja}}, then: out_of_scope}"
GOOD = ("resignation", "retirement")


def pack_text(*rules: str, good: Iterable[str] = GOOD) -> str:
    """Return a rule pack with these rules."""
    lines = ["pack: edited", f"good_standing: [{', '.join(good)}]", "adults_only: true"]
    lines += ["harmless_if_unmapped: [worker_type]", "rules:", *(f"  {rule}" for rule in rules)]
    return "\n".join(lines) + "\n"


@dataclass
class Book:
    """A roster of leavers, and the file by which they are judged."""

    roster: Roster
    root: Path
    runs: int = 0

    @classmethod
    def of(
        cls,
        root: Path,
        ledger: Ledger,
        clock: FixedClock,
        *rules: str,
        **changed: Any,  # noqa: ANN401 any section
    ) -> "Book":
        """Open a company with these rules."""
        (root / "pack.yaml").write_text(pack_text(*rules), encoding="utf-8")
        roster = Roster.of(root, ledger, clock, rules=root / "pack.yaml", **changed)
        return cls(roster, root)

    def edit(self, *rules: str, good: Iterable[str] = GOOD) -> None:
        """Write other rules into the file."""
        (self.root / "pack.yaml").write_text(pack_text(*rules, good=good), encoding="utf-8")

    def configure(self, **changed: Any) -> None:  # noqa: ANN401 any section
        """Change the configuration."""
        changed = {"rules": self.root / "pack.yaml", **changed}
        self.roster.deployment.settings = company(self.root, **changed)

    def judge(self) -> VerdictCounts:
        """Let a run judge."""
        self.runs += 1
        return judge_leavers(self.roster.deployment, run_id=f"R-{self.runs}")

    def verdict(self, leaver: Leaver) -> str:
        """Return what was said of somebody."""
        return str(self.roster.spell(leaver).verdict)

    def verdicts(self) -> Mapping[str, str]:
        """Return spell → verdict, of everybody."""
        return {spell: str(self.roster.spell(_just(spell)).verdict) for spell in self.roster.facts}

    def everything(self) -> str:
        """Return a hash of all tables of the ledger."""
        held = hashlib.sha256()
        with self.roster.ledger.read() as connection:
            for table in SQLModel.metadata.sorted_tables:
                rows = sorted(map(repr, connection.execute(select(table))))
                held.update(repr((table.name, rows)).encode())
        return held.hexdigest()


def _just(spell: str) -> Leaver:
    return Leaver("", spell, "", "")
