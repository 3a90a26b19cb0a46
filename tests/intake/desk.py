"""What the tests of intake share: a deployment around a fake HRIS, and looks into the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment
from alumni_sync.domain import Fact, Facts
from alumni_sync.intake.counts import IntakeCounts
from alumni_sync.intake.pull import pull_leavers
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, Spell, t
from alumni_sync.ports import HrisConnector, PluginContext, SourceRecord
from alumni_sync.sections import CodeDrift
from alumni_sync.testing.fake_hris import FakeHris

SOURCE: Final = "acme-pl"
CLOSE: Final = date(2026, 10, 29)
ZONE: Final = ZoneInfo("Europe/Warsaw")

Records = Sequence[Facts | SourceRecord]


@dataclass(frozen=True)
class _Source:
    timezone: ZoneInfo = ZONE


@dataclass(frozen=True)
class _Settings:
    sources: dict[str, _Source] = field(default_factory=lambda: {SOURCE: _Source()})
    code_drift: CodeDrift = field(default_factory=CodeDrift)


@dataclass
class Desk:
    """The parts of a deployment that intake uses, with one source that a test speaks through."""

    ledger: Ledger
    clock: FixedClock
    hris: HrisConnector
    settings: _Settings = field(default_factory=_Settings)

    def connector(self, source: str) -> HrisConnector:
        """Return the source's connector."""
        assert source == SOURCE
        return self.hris

    @property
    def deployment(self) -> Deployment:
        """Return this as what the stage takes."""
        return cast("Deployment", self)

    def pull(self, *, close: date | None = CLOSE, run_id: str = "R-1") -> IntakeCounts:
        """Run intake once."""
        return pull_leavers(self.deployment, SOURCE, close=close, run_id=run_id)

    def rows(self, model: Any) -> list[dict[str, Any]]:  # noqa: ANN401 any table model
        """Return the rows of a table, oldest id first where it has one."""
        table = t(model)
        with self.ledger.read() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]

    def spells(self) -> dict[str, dict[str, Any]]:
        """Return the spells by `person_id/spell_id` of their facts, facts opened."""
        found = {}
        for row in self.rows(Spell):
            facts = self.facts(row)
            found[f"{facts['person_id']}/{facts['spell_id']}"] = {**row, "facts": facts}
        return found

    def facts(self, spell: dict[str, Any]) -> dict[str, Fact]:
        """Return the facts of a spell row."""
        content = self.ledger.vault.open(
            spell["person_id"], KeyKind.PROFILE, "spell", spell["sealed"]
        )
        return load_facts(content)

    def person(self, person_id: str) -> dict[str, Any]:
        """Return the ledger's row of a person, by the source's id."""
        person_hash = self.ledger.hashes.digest("person", SOURCE, person_id)
        (row,) = [row for row in self.rows(Person) if row["person_hash"] == person_hash]
        return row


def context(ledger: Ledger) -> PluginContext:
    """Return what a connector is told."""
    return PluginContext(SOURCE, "/", ZONE, ledger.hashes.digest_bytes)


def desk(ledger: Ledger, clock: FixedClock, *records: Facts | SourceRecord, **how: Any) -> Desk:  # noqa: ANN401 switches of the fake
    """Return a desk whose source has these records."""
    return Desk(ledger, clock, FakeHris(context(ledger), records, **how))


def say(one: Desk, *records: Facts | SourceRecord) -> IntakeCounts:
    """Let the source have other records, and run intake."""
    hris = cast("FakeHris", one.hris)
    hris.records = records
    return one.pull()


def counts(read: int, **parts: int) -> IntakeCounts:
    """Return counts; whatever is rejected is newly so unless it is said otherwise."""
    return IntakeCounts(read, **{"newly_rejected": parts.get("rejected", 0), **parts})
