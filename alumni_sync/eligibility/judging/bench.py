"""One page of spells on its way from sealed facts to decisions that can be written."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Row

from alumni_sync.domain import Judgement, OutreachHold, Verdict
from alumni_sync.eligibility.evaluation.columns import build_frame
from alumni_sync.eligibility.evaluation.evaluate import evaluate
from alumni_sync.eligibility.judging.records import TABLE, dump_facts_used, dump_record, record_head
from alumni_sync.eligibility.judging.stale import states_of
from alumni_sync.eligibility.language.fields import (
    IN_PILOT_SHARE,
    NO,
    NOMINATED,
    OTHER_EXIT_ADVERSE,
    YES,
)
from alumni_sync.eligibility.language.scope import in_share
from alumni_sync.eligibility.revisions.ruleset import Ruleset
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.keystore import KeyKind, SealBroken
from alumni_sync.ledger.vault import KeyRing


class Judged(NamedTuple):
    """One spell, judged.

    Attributes:
        row: as the query for stale spells gave it.
        change: when the verdict may change without a new fact.
        decision: the row to be written; None where the rules said the same as before.
    """

    row: Row[Any]
    verdict: str
    flags: frozenset[str]
    change: datetime | None
    decision: Mapping[str, object] | None


class Said(NamedTuple):
    """What the rules said of one spell: a row of `evaluate`."""

    verdict: str
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    flags: frozenset[str]
    holds: tuple[OutreachHold, ...]
    unknown: tuple[str, ...]
    grounds: tuple[str, ...]


class SaidOf(NamedTuple):
    """What the rules said of one spell, with the facts that they looked at.

    Attributes:
        row: as the query gave it.
        record: the facts, states included.
        change: when the verdict may change without a new fact.
    """

    row: Row[Any]
    record: Mapping[str, Any]
    change: datetime | None
    said: Said


Others = Mapping[str, bool]
"""Spell → whether another exit of the person keeps them out."""

AS_IN_THE_LEDGER: Final[Others] = MappingProxyType({})


class Bench:
    """Judges pages of spells of one source, in one run."""

    def __init__(
        self,
        rules: Ruleset,
        hashes: KeyedHashes,
        run_id: str,
        *,
        recode: Callable[[str], str] | None = None,
    ) -> None:
        """Judge with `rules`.

        Args:
            rules: of the source.
            hashes: the ledger's.
            run_id: kept with each decision.
            recode: exit code → exit kind, where a mapping is tried that the facts in the ledger
                were not read under.
        """
        self._rules = rules
        self._hashes = hashes
        self._run_id = run_id
        self._recode = recode
        self._fields = sorted(rules.pack.fields | ({"exit_code"} if recode else set()))

    def judge(self, rows: Sequence[Row[Any]], ring: KeyRing, now: datetime) -> list[Judged]:
        """Return what the rules say of `rows`, whose keys are in `ring`."""
        heads: dict[object, str] = {}
        today = self._rules.today(now)
        return [
            self._judged(said, ring, now, self._head(said.said, said.row, heads), today)
            for said in self.say(rows, ring, now)
        ]

    def say(
        self,
        rows: Sequence[Row[Any]],
        ring: KeyRing,
        now: datetime,
        *,
        other_adverse: Others = AS_IN_THE_LEDGER,
    ) -> list[SaidOf]:
        """Return what the rules say of `rows`; nothing is sealed.

        Args:
            rows: as the queries of `stale` give them.
            ring: their keys.
            now: the instant.
            other_adverse: spell → whether another exit of the person keeps them out, where that is
                another answer than the ledger's.
        """
        today = self._rules.today(now)
        records = [self._record(row, ring, other_adverse.get(row.id)) for row in rows]
        result = evaluate(build_frame(records, self._fields), self._rules.pack, today)
        days = result["next_change"].to_numpy().astype("M8[D]").tolist()
        starts = {day: self._start_of(day) for day in set(days)}
        columns = [result[name].tolist() for name in Said._fields]
        return [
            SaidOf(row, record, starts[day], Said(*cells))
            for row, record, day, *cells in zip(rows, records, days, *columns, strict=True)
        ]

    def basis(self, one: SaidOf) -> str:
        """Return the hash of what a ruling would be about: rules and the facts they looked at."""
        said = one.said
        if not said.rules:
            return ""
        looked_at = dump_facts_used({name: one.record.get(name) for name in said.grounds})
        return self._hashes.digest("basis", said.verdict, ",".join(said.rules), looked_at)

    def _judged(self, one: SaidOf, ring: KeyRing, now: datetime, head: str, today: date) -> Judged:
        """Return a spell with the decision to be written about it, if there is one."""
        row, said = one.row, one.said
        facts = dump_facts_used(one.record)
        facts_hash = self._hashes.digest("facts", head, facts)
        decision = None
        if self._is_new(row, said, facts_hash):
            sealed = dump_record(head, today, facts)
            decision = {
                "spell_id": row.id,
                "person_id": row.person_id,
                "source": self._rules.source,
                "verdict": said.verdict,
                "revision": self._rules.revision,
                "facts_hash": facts_hash,
                "basis": self.basis(one),
                "decided_at": now,
                "run_id": self._run_id,
                "sealed": ring.seal(row.person_id, KeyKind.EVIDENCE, TABLE, sealed),
            }
        return Judged(row, said.verdict, said.flags, one.change, decision)

    def _is_new(self, row: Row[Any], said: Said, facts_hash: str) -> bool:
        """Say whether anything came out otherwise than in the decision that stands."""
        before = (row.was_verdict, row.was_facts, row.was_revision)
        return before != (said.verdict, facts_hash, self._rules.revision)

    def _record(self, row: Row[Any], ring: KeyRing, other: bool | None) -> dict[str, Any]:  # noqa: FBT001 a state
        """Return the facts that rules look at, with the states of the spell."""
        try:
            raw = orjson.loads(ring.open(row.person_id, KeyKind.PROFILE, "spell", row.sealed))
        except (SealBroken, orjson.JSONDecodeError):
            record: dict[str, Any] = dict.fromkeys(self._fields)  # unknown: a person has to look
        else:
            raw.update(dict.fromkeys(raw.get("~hidden", ())))
            record = {name: raw[name] for name in self._fields if name in raw}
        record["record_status"] = row.record_status
        record |= states_of(row.marker)
        if other is not None:
            record[OTHER_EXIT_ADVERSE] = YES if other else NO
        if self._recode is not None and isinstance(code := record.get("exit_code"), str):
            record["exit_kind"] = self._recode(code)
        record[NOMINATED] = YES if row.employee_hash in self._rules.topics else NO
        if self._rules.share is not None:
            drawn = in_share(row.key_hash or row.person_hash, self._rules.share)
            record[IN_PILOT_SHARE] = YES if drawn else NO
        return record

    def _start_of(self, day: date | None) -> datetime | None:
        """Return the first instant of a civil day at the site."""
        if day is None:
            return None
        return datetime.combine(day, time(), self._rules.timezone).astimezone(UTC)

    def _head(self, said: Said, row: Row[Any], heads: dict[object, str]) -> str:
        """Return the part of the record that people share about whom the rules say the same.

        They share the objects too, so that within a page ids stand for their content.
        """
        topics = self._rules.topics.get(row.employee_hash, ())
        key = (said.verdict, id(said.reasons), id(said.flags), id(said.holds), topics)
        if key not in heads:
            judgement = Judgement(
                verdict=Verdict(said.verdict),
                rules=said.rules,
                reasons=said.reasons,
                flags=said.flags,
                holds=said.holds,
                unknown=said.unknown,
                revision=self._rules.revision,
            )
            heads[key] = record_head(judgement, topics)
        return heads[key]
