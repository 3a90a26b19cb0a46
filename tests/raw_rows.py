"""Writes people straight into the ledger's tables, as the stages would leave them.

For tests of what only reads (report, trace, the invariant checker): a state is planted directly, so
that a wrong one can be planted too. Production code never writes like this.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from sqlmodel import SQLModel

from alumni_sync.domain import Actor, ConsentState, Fact, Judgement, Verdict
from alumni_sync.eligibility.judging.records import dump_record, record_head
from alumni_sync.ledger.chain import EventDraft, append_event
from alumni_sync.ledger.facts import dump_facts
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import (
    Case,
    CaseEvent,
    Decision,
    Invitation,
    Membership,
    Outbox,
    Person,
    PlatformWrite,
    Spell,
    t,
)

PLATFORM = "directory"
REVISION = "c0ffee00c0ffee00"
EVENTS = {
    ConsentState.INVITED: "asked",
    ConsentState.GIVEN: "said_yes",
    ConsentState.REFUSED: "said_no",
    ConsentState.WITHDRAWN: "withdrew",
    ConsentState.OBJECTED: "objected",
    ConsentState.PAUSED: "suspended",
    ConsentState.EXPIRED: "timer",
}
_RULES = {
    "eligible": ((), ()),
    "excluded": (("conduct-exit",), ("The exit kind is misconduct or dispute.",)),
    "review": (("unclear-exit",), ("The exit kind is unknown.",)),
}


@dataclass(frozen=True, slots=True)
class Who:
    """Ids of one planted leaver."""

    person: str
    spell: str
    invitation: str = ""
    alumni: str = ""


@dataclass
class RawLedger:
    """Plants people; `now` is when everything was decided."""

    ledger: Ledger
    now: datetime
    made: int = 0

    def add(self, *rows: SQLModel) -> None:
        """Insert rows of any tables, one transaction."""
        with self.ledger.write() as connection:
            for row in rows:
                values = row.model_dump()
                if values.get("id", "") is None:
                    del values["id"]  # the database counts
                connection.execute(t(type(row)).insert(), values)

    def leaver(
        self,
        *,
        source: str = "acme-pl",
        left: date = date(2026, 10, 15),
        verdict: str = "eligible",
        status: str = "left",
        facts: dict[str, Fact] | None = None,
    ) -> Who:
        """Plant a person with one spell and the decision on it."""
        self.made += 1
        number = str(10_000 + self.made)
        who = Who(new_id("P"), new_id("S"))
        hashes = self.ledger.hashes
        self.ledger.vault.create_keys([who.person])
        vault = self.ledger.vault
        sealed = {"person_id": f"OS-{number}", "employee_number": number}
        known: dict[str, Fact] = {**sealed, "last_working_day": left, **(facts or {})}
        rules, reasons = _RULES.get(verdict, ((verdict,), (f"The rules say {verdict}.",)))
        judgement = Judgement(Verdict(verdict), rules, reasons, frozenset(), (), (), REVISION)
        self.add(
            Person(
                id=who.person,
                source=source,
                person_hash=hashes.digest("person", source, sealed["person_id"]),
                employee_hash=hashes.digest("employee", source, number),
                number_hash=hashes.digest("number", number),
                created_at=self.now,
                sealed=vault.seal_json(who.person, KeyKind.PROFILE, "person", sealed),
            ),
            Spell(
                id=who.spell,
                person_id=who.person,
                source=source,
                spell_hash=hashes.digest("spell", source, sealed["person_id"], "1"),
                facts_hash=hashes.digest("facts", number),
                record_status=status,
                last_working_day=left,
                effective_at=datetime.combine(left + timedelta(days=1), time(), tzinfo=UTC),
                verdict=verdict,
                close=date(2026, 10, 29),
                first_seen_at=self.now,
                changed_at=self.now,
                sealed=vault.seal(who.person, KeyKind.PROFILE, "spell", dump_facts(known)),
            ),
            Decision(
                spell_id=who.spell,
                person_id=who.person,
                source=source,
                verdict=verdict,
                revision=REVISION,
                facts_hash="f",
                decided_at=self.now,
                run_id="R-1",
                sealed=vault.seal(
                    who.person,
                    KeyKind.EVIDENCE,
                    "decision",
                    dump_record(record_head(judgement, ()), self.now.date(), "{}"),
                ),
            ),
        )
        return who

    def case(
        self,
        who: Who,
        *,
        status: str = "open",
        number: int,
        two_person: bool = False,
        due_at: datetime | None = None,
    ) -> int:
        """Plant the case of a leaver, with the event that led to its status."""
        verdict = "excluded" if two_person else "review"
        self.add(
            Case(
                id=number,
                spell_id=who.spell,
                person_id=who.person,
                source="acme-pl",
                decision_id=number,
                basis="b",
                verdict=verdict,
                status=status,
                two_person=two_person,
                opened_at=self.now,
                due_at=due_at or self.now + timedelta(days=14),
            ),
            CaseEvent(
                case_id=number,
                person_id=who.person,
                version=1,
                event="opened",
                at=self.now,
                actor="system",
            ),
        )
        return number

    def invite(
        self,
        who: Who,
        *states: ConsentState,
        asked_at: datetime | None = None,
        step: timedelta = timedelta(hours=2),
    ) -> Who:
        """Plant an invitation that was sent and then went through `states`, `step` apart."""
        asked_at = asked_at or self.now
        invitation, path = new_id("I"), (ConsentState.NOT_ASKED, ConsentState.INVITED, *states)
        at, seq, grant = asked_at, 0, None
        for before, after in pairwise(path):
            seq = self.event(who, invitation, before, after, at)
            grant = seq if after is ConsentState.GIVEN else grant
            at += step
        live = path[-1] in {ConsentState.GIVEN, ConsentState.RENEWED, ConsentState.RENEWAL_DUE}
        self.add(
            Invitation(
                id=invitation,
                spell_id=who.spell,
                person_id=who.person,
                source="acme-pl",
                state=path[-1].value,
                version=len(path) - 1,
                basis="exit_form",
                jurisdiction="pl",
                notice_id="alumni-community",
                notice_version="1.0.0",
                language="pl",
                asked=1,
                asked_at=asked_at,
                closes_at=asked_at + timedelta(days=30),
                grant_seq=grant,
                gate_open=live,
                valid_until=asked_at + timedelta(days=730) if grant else None,
                created_at=asked_at,
                changed_at=at,
            ),
            Outbox(
                key=f"{invitation}:ask:1.1",
                kind="invitation",
                invitation_id=invitation,
                person_id=who.person,
                source="acme-pl",
                state="accepted",
                due_at=asked_at,
                claimed_at=asked_at,
                confirmed_at=asked_at,
                message_id=f"<{invitation}@acme.example>",
                created_at=asked_at,
            ),
        )
        return Who(who.person, who.spell, invitation)

    def event(
        self,
        who: Who,
        invitation: str,
        before: ConsentState,
        after: ConsentState,
        at: datetime,
    ) -> int:
        """Append one consent event to the chain; a mail is the system's, the rest the subject's."""
        asked = after is ConsentState.INVITED
        draft = EventDraft(
            event=EVENTS.get(after, after.value),
            person_id=who.person,
            spell_id=who.spell,
            invitation_id=invitation,
            state_before=before,
            state_after=after,
            occurred_at=at,
            recorded_at=at,
            actor=Actor.SYSTEM if asked else Actor.SUBJECT,
            channel="system" if asked else "mail_link",
        )
        with self.ledger.write() as connection:
            return append_event(connection, draft)

    def member(self, who: Who, *, seq: int = 1, state: str = "active", cause: str = "") -> Who:
        """Plant the membership of an invited person, with the write that made it."""
        alumni = new_id("A")
        at = self.now + timedelta(hours=3)  # after the yes
        ending = state not in {"active", "pending"}
        self.add(
            Membership(
                platform=PLATFORM,
                person_id=who.person,
                spell_id=who.spell,
                invitation_id=who.invitation,
                alumni_id=alumni,
                state=state,
                cause=cause,
                remove_by=self.now + timedelta(hours=24) if ending else None,
                joined_at=at,
                changed_at=at,
            ),
            PlatformWrite(
                platform=PLATFORM,
                person_id=who.person,
                alumni_id=alumni,
                verb="create",
                claimed_at=at,
                confirmed_at=at,
                outcome="done",
                revision=REVISION,
                consent_seq=seq,
                run_id="R-2",
            ),
        )
        return Who(who.person, who.spell, who.invitation, alumni)
