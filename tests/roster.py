"""A small company with a real ledger, whose leavers are written as intake leaves them.

For tests of the stages after intake: facts go in, and from there on production code works.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, update

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Configuration, Deployment
from alumni_sync.domain import Fact
from alumni_sync.eligibility.revisions.publishing import waiting_rules
from alumni_sync.ledger.facts import dump_facts
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.rulebook import activate
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Decision, Person, Spell, t
from alumni_sync.settings import Settings
from alumni_sync.shipped import shipped

USUAL: Mapping[str, Fact] = {
    "exit_kind": "resignation",
    "exit_code": "K01",
    "hire_date": date(2019, 4, 1),
    "birth_date": date(1988, 6, 15),
    "last_working_day": date(2026, 10, 15),
    "exit_date": date(2026, 10, 31),
    "record_status": "left",
    "department": "IT",
    "location": "Warszawa",
    "country": "PL",
    "job_level": 3,
    "tags": (),
    "do_not_consider": "no",
    "given_name": "Zofia",
    "family_name": "Jaworowska",
}


def company(root: Path, **changed: Any) -> Settings:  # noqa: ANN401 any section
    """Return the settings of a company with two sources, with some sections changed."""

    def source(name: str, zone: str, jurisdiction: str, holidays: str) -> dict[str, Any]:
        return {
            "connector": "csv",
            "path": f"{name}.csv",
            "controller": {"name": f"Acme {name}", "contact": "privacy@acme.example"},
            "jurisdiction": jurisdiction,
            "timezone": zone,
            "contact": {"basis": "exit_form", "evidence": "field"},
            "payroll": {"close": {"business_day": -2}, "holidays": holidays},
        }

    content = {
        "company": {"name": "Acme", "domains": ["acme.example"], "languages": ["en", "pl"]},
        "ledger": {"url": "sqlite:///ledger.db"},
        "keys": {"store": "sqlite:///keys.db"},
        "sources": {
            "acme-pl": source("acme-pl", "Europe/Warsaw", "pl", "PL"),
            "acme-de": source("acme-de", "Europe/Berlin", "de", "DE"),
        },
        "rules": shipped("rules") / "eligibility" / "default.yaml",
        "consent": {"public_url": "http://127.0.0.1:8400", "notice": "alumni-community"},
        "mail": {"connector": "file", "from": "Acme Alumni <alumni@acme.example>"},
        "platform": {"connector": "directory", "processor": {"agreement": "DPA", "region": "eu"}},
        **changed,
        "root": root,
    }
    return Settings.model_validate(content, context={"root": root})


@dataclass(frozen=True, slots=True)
class Leaver:
    """One leaver of the roster: ids in the ledger, and what the source calls the person."""

    person: str
    spell: str
    source: str
    number: str


@dataclass
class Roster:
    """Adds leavers to the ledger of a deployment, changes their facts, and reads their state."""

    deployment: Deployment
    made: int = 0
    facts: dict[str, dict[str, Fact]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path, ledger: Ledger, clock: FixedClock, **changed: Any) -> "Roster":  # noqa: ANN401 any section
        """Open a company in `root` on a ledger that the test owns."""
        return cls(Deployment(Configuration(company(root, **changed), {}), ledger, clock))

    @property
    def ledger(self) -> Ledger:
        """Return the ledger."""
        return self.deployment.ledger

    def add(
        self,
        source: str = "acme-pl",
        *,
        of: Leaver | None = None,
        key: str | None = None,
        address: str | None = None,
        **facts: Fact,
    ) -> Leaver:
        """Write one leaver.

        Args:
            source: where they left.
            of: another spell of this person instead of somebody new.
            key: `person_key`, joining one human being across sources.
            address: private address; None for none.
            facts: what differs from the usual leaver.
        """
        self.made += 1
        person, number = (of.person, of.number) if of else (new_id("P"), str(10_000 + self.made))
        if of is None:
            self._add_person(person, source, number, key, address)
        leaver = Leaver(person, new_id("S"), source, number)
        self.facts[leaver.spell] = {**USUAL, "employee_number": number, **facts}
        row = self._spell(leaver) | {
            "id": leaver.spell,
            "person_id": person,
            "source": source,
            "spell_hash": self.ledger.hashes.digest("spell", source, number, str(self.made)),
            "first_seen_at": self.deployment.clock.now(),
        }
        with self.ledger.write() as connection:
            connection.execute(t(Spell).insert(), row)
        return leaver

    def change(self, leaver: Leaver, **facts: Fact) -> None:
        """Change facts of a spell, as a later read of the source does."""
        self.facts[leaver.spell].update(facts)
        self.set(leaver, **self._spell(leaver))
        if isinstance(address := facts.get("personal_email"), str):
            self.set_person(leaver, address_hash=self.ledger.hashes.address(address))

    def set(self, leaver: Leaver, **columns: object) -> None:
        """Set plain columns of a spell."""
        spells = t(Spell)
        with self.ledger.write() as connection:
            connection.execute(update(spells).where(spells.c.id == leaver.spell).values(**columns))

    def set_person(self, leaver: Leaver, **columns: object) -> None:
        """Set plain columns of a person."""
        people = t(Person)
        with self.ledger.write() as connection:
            connection.execute(update(people).where(people.c.id == leaver.person).values(**columns))

    def spell(self, leaver: Leaver) -> Row[Any]:
        """Return the row of a spell."""
        spells = t(Spell)
        with self.ledger.read() as connection:
            return connection.execute(select(spells).where(spells.c.id == leaver.spell)).one()

    def decisions(self, leaver: Leaver) -> list[Row[Any]]:
        """Return the decisions about a spell, oldest first."""
        table = t(Decision)
        query = select(table).where(table.c.spell_id == leaver.spell).order_by(table.c.id)
        with self.ledger.read() as connection:
            return list(connection.execute(query))

    def _add_person(
        self, person: str, source: str, number: str, key: str | None, address: str | None
    ) -> None:
        hashes, vault = self.ledger.hashes, self.ledger.vault
        vault.create_keys([person])
        known = {"person_id": f"OS-{number}", "employee_number": number}
        row = {
            "id": person,
            "source": source,
            "person_hash": hashes.digest("person", source, f"OS-{number}"),
            "employee_hash": hashes.digest("employee", source, number),
            "number_hash": hashes.digest("number", number),
            "key_hash": hashes.digest("key", key) if key else None,
            "address_hash": hashes.address(address) if address else None,
            "created_at": self.deployment.clock.now(),
            "sealed": vault.seal_json(person, KeyKind.PROFILE, "person", known),
        }
        with self.ledger.write() as connection:
            connection.execute(t(Person).insert(), row)

    def _spell(self, leaver: Leaver) -> dict[str, object]:
        """Return the columns that follow from the facts."""
        facts = self.facts[leaver.spell]
        last_day = facts.get("last_working_day")
        effective = None
        if isinstance(last_day, date):
            zone = self.deployment.settings.sources[leaver.source].timezone
            effective = _end_of(last_day, zone)
        content = dump_facts(facts)
        return {
            "facts_hash": self.ledger.hashes.digest_bytes("facts", content),
            "record_status": facts["record_status"],
            "last_working_day": last_day,
            "effective_at": effective,
            "changed_at": self.deployment.clock.now(),
            "sealed": self.ledger.vault.seal(leaver.person, KeyKind.PROFILE, "spell", content),
        }


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def release_changed_rules(d: Deployment) -> int:
    """Let every revision that waits judge from now on, as two people do; return how many."""
    waiting = waiting_rules(d)
    with d.ledger.write() as connection:
        for row in waiting:
            activate(connection, row.source, row.revision, d.clock.now(), released_by="second")
    return len(waiting)
