"""By which keyed hashes a source's people, spells, facts and rows are recognised."""

from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from alumni_sync.domain import Facts
from alumni_sync.ledger.facts import dump_facts
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ports import SourceRecord


class SourceIdentity:
    """Keyed hashes and civil days of one source."""

    def __init__(self, hashes: KeyedHashes, source: str, timezone: ZoneInfo) -> None:
        """Use the deployment's hashes; `timezone` is the site's."""
        self.source = source
        self.hashes = hashes
        self.timezone = timezone

    def person(self, facts: Facts) -> str:
        """Return the hash of a record's person."""
        return self.hashes.digest("person", self.source, str(facts["person_id"]))

    def spell(self, facts: Facts) -> str:
        """Return the hash of a record's employment; without an id of its own, of the hire date."""
        spell = facts.get("spell_id") or facts["hire_date"]
        return self.hashes.digest("spell", self.source, str(facts["person_id"]), str(spell))

    def facts(self, content: bytes) -> str:
        """Return the hash of canonical facts (`dump_facts`)."""
        return self.hashes.digest_bytes("facts", content)

    def row(self, record: SourceRecord) -> str:
        """Return the hash of a row that cannot be used, by its text, or else by its facts."""
        text = record.raw.encode() or dump_facts(record.facts)
        return self.hashes.digest_bytes("row", self.source.encode() + b"\x1f" + text)

    def columns(self, facts: Facts) -> dict[str, str | None]:
        """Return the hashes of a person that stand in columns of their own."""
        number = str(facts.get("employee_number") or facts["person_id"])
        key, address = facts.get("person_key"), facts.get("personal_email")
        has_address = isinstance(address, str) and "@" in address
        return {
            "employee_hash": self.hashes.digest("employee", self.source, number),
            "number_hash": self.hashes.digest("number", number),
            "key_hash": self.hashes.digest("key", key) if isinstance(key, str) else None,
            "address_hash": self.hashes.address(str(address)) if has_address else None,
        }

    def today(self, now: datetime) -> date:
        """Return the civil date at the site."""
        return now.astimezone(self.timezone).date()

    @cached_property
    def end_of(self) -> "EndOfDay":
        """Return the function that gives the instant at which a civil day is over at the site."""
        return EndOfDay(self.timezone)


class EndOfDay:
    """The instant (UTC) at which a civil day ends at the site: the midnight after it."""

    def __init__(self, timezone: ZoneInfo) -> None:
        """Remember the days that were asked for; a file has few."""
        self._timezone = timezone
        self._of = lru_cache(maxsize=4096)(self._compute)

    def __call__(self, day: date) -> datetime:
        """Return the end of `day`, aware, in UTC."""
        return self._of(day)

    def _compute(self, day: date) -> datetime:
        midnight = datetime.combine(day + timedelta(days=1), time.min, self._timezone)
        return midnight.astimezone(ZoneInfo("UTC"))
