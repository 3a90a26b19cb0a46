"""The tables of the ledger. Plain columns hold opaque ids, civil dates, states and keyed hashes.

Personal values and rule facts stand only in `sealed` columns (see `ledger.vault`). Rows are read
and written with SQLAlchemy Core (`Spell.__table__`, or `t(Spell)`); bulk paths never build objects.
States are stored as the values of the enums in `alumni_sync.domain`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, UniqueConstraint
from sqlmodel import Field, SQLModel

from alumni_sync.ledger.columns import (
    SEQUENCE,
    json_column,
    sealed_column,
    sequence_column,
    when_column,
)


class Person(SQLModel, table=True):
    """One person at one source. `sealed` (profile key): the source's person id and number."""

    __tablename__ = "person"
    id: str = Field(primary_key=True)  # P-…
    source: str = Field(index=True)
    person_hash: str = Field(unique=True)  # keyed: source + person_id
    employee_hash: str = Field(index=True)  # keyed: source + employee_number
    number_hash: str = Field(index=True)  # keyed: employee_number alone (a bare number on the CLI)
    key_hash: str | None = Field(default=None, index=True)  # keyed: person_key, across sources
    address_hash: str | None = Field(default=None, index=True)  # keyed: normalised private address
    active_elsewhere: bool = False  # an active employment at this source is known
    legal_hold: bool = False
    restricted_at: datetime | None = when_column()  # GDPR Art. 18: kept, and used for nothing else
    erased_at: datetime | None = when_column()
    created_at: datetime = when_column(nullable=False)
    sealed: bytes = sealed_column()


class Spell(SQLModel, table=True):
    """One employment of a person at a source. `sealed` (profile key): the canonical facts."""

    __tablename__ = "spell"
    __table_args__ = (Index("spell_pages", "source", "id"),)
    id: str = Field(primary_key=True)  # S-…
    person_id: str = Field(index=True, foreign_key="person.id")
    source: str
    spell_hash: str = Field(unique=True)  # keyed: source + person_id + spell_id
    facts_hash: str  # keyed; changes when any canonical fact does
    seen_hash: str = ""  # keyed; of the facts as the source last gave them, nulls included
    hired_on: date | None = None
    record_status: str  # RecordStatus: left | rescinded | hire_cancelled | deleted
    last_working_day: date | None = None
    effective_at: datetime | None = when_column(index=True)  # end of the last working day, as UTC
    rehire_on: date | None = None  # a coming or begun new employment of the person
    rehire_ends: bool = False  # the new employment has begun: the consent ends
    verdict: str | None = Field(default=None, index=True)  # of the current decision
    decision_id: int | None = None
    judged_facts: str | None = None  # facts_hash : revision : states that were judged
    judge_after: datetime | None = when_column()  # when the verdict may change without a new fact
    basis: str = ""  # of the current decision, see Decision.basis
    revision: int = 1
    close: date | None = None  # payroll close under which it was first seen
    first_seen_at: datetime = when_column(nullable=False)
    changed_at: datetime = when_column(nullable=False)
    purge_after: datetime | None = when_column(index=True)
    sealed: bytes | None = sealed_column(nullable=True)  # None once purged


class Decision(SQLModel, table=True):
    """One verdict. `sealed` (evidence key): rules, reasons, flags, holds, facts used."""

    __tablename__ = "decision"
    id: int | None = sequence_column()
    spell_id: str = Field(index=True, foreign_key="spell.id")
    person_id: str = Field(index=True)
    source: str
    verdict: str
    revision: str  # content hash of rules + mapping + audience
    facts_hash: str  # keyed: every fact that some rule looks at
    basis: str = ""  # keyed: the rules that opened a case and the facts they looked at
    decided_at: datetime = when_column(nullable=False)
    run_id: str
    sealed: bytes | None = sealed_column(nullable=True)


class Case(SQLModel, table=True):
    """One case of the exclusion queue (EX-000123). One per spell; reopened, not repeated."""

    __tablename__ = "exclusion_case"
    __table_args__ = (
        Index("case_queue", "status", "opened_at", "id"),
        Index("case_pages", "status", "id"),
        Index("case_pages_of_source", "source", "status", "id"),
        Index("case_due", "status", "due_at"),
    )
    id: int | None = sequence_column()
    spell_id: str = Field(unique=True, foreign_key="spell.id")
    person_id: str = Field(index=True)
    source: str
    decision_id: int
    basis: str  # of the decision that was, or is to be, ruled on; a ruling holds for no other
    verdict: str
    status: str  # CaseStatus
    two_person: bool = False
    version: int = 1
    opened_at: datetime = when_column(nullable=False)
    due_at: datetime = when_column(nullable=False)
    closed_at: datetime | None = when_column()
    admitted_until: date | None = None  # the last day on which an admission holds; None: no end
    lapses_at: datetime | None = when_column(index=True)  # the end of that day at the source's site
    remind_at: datetime | None = when_column()  # half of the time until it is due
    reminded_at: datetime | None = when_column()  # when whoever may rule was told so
    escalated_at: datetime | None = when_column()  # when they, and seconds, were told it is late


class CaseEvent(SQLModel, table=True):
    """What happened to a case; only words beside a ruling that was refused are taken back.

    `sealed` (evidence key): the words of a comment; of what new facts did, old and new values.
    """

    __tablename__ = "case_event"
    id: int | None = sequence_column()
    case_id: int = Field(index=True)
    person_id: str
    version: int
    event: str  # what happened: opened, seen, comment, first_admit, admitted, reopened, …
    at: datetime = when_column(nullable=False)
    actor: str
    verified: bool = False
    reason: str = ""
    run_id: str = ""
    bulk: bool = False  # one of several cases ruled on by one act
    until: date | None = None  # the last day of the admission that was made or proposed
    changed: list[str] | None = json_column(nullable=True)  # names of the facts that changed
    sealed: bytes | None = sealed_column(nullable=True)


class Invitation(SQLModel, table=True):
    """The consent of one spell: its state, its asking mails, its current grant.

    `sealed` (profile key): what the person confirmed (name, address, fields, purposes) once given.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        Index("invitation_due", "state", "next_at"),
        CheckConstraint("asked BETWEEN 0 AND 3", name="invitation_asking_cap"),
        CheckConstraint("renewals BETWEEN 0 AND 2", name="invitation_renewal_cap"),
    )
    id: str = Field(primary_key=True)  # I-…
    spell_id: str = Field(unique=True, foreign_key="spell.id")
    person_id: str = Field(index=True)
    source: str = Field(index=True)
    state: str  # ConsentState
    version: int = 1
    basis: str = "none"  # ContactBasis
    jurisdiction: str = ""
    notice_id: str = ""
    notice_version: str = ""
    language: str = ""
    round: int = 1  # grows when a spell that ended unanswered comes back
    asked: int = 0  # asking mails of this round, unknown ones included
    deferred: bool = False  # "ask me later" was said: it is offered once
    asked_at: datetime | None = when_column()
    renewals: int = 0  # renewal mails about the yes that stands, unknown ones included
    next_at: datetime | None = when_column()  # when the next timer of this state is due
    closes_at: datetime | None = when_column()
    grant_seq: int | None = None  # consent_event that gave what is live now
    gate_open: bool = Field(default=False, index=True)  # a live grant exists; set in its own txn
    valid_until: datetime | None = when_column()
    paused_until: datetime | None = when_column()  # the person's own pause; None: there is none
    paused_from: str = ""  # the live state a pause goes back to
    suspended: bool = False  # the spell speaks against it for now (standing.PAUSES)
    agreed_terms: str = ""  # major version and recipient of the yes that stands (consent.renewals)
    asked_terms: str = ""  # those that the renewal under way asks about; "": the same
    withheld: bool = False  # the recipient is another than the one agreed to: nothing goes there
    alert: str = ""  # what `privacy` and HR still have to be told of; "": nothing
    pending_until: datetime | None = when_column()  # until then another address can be proven
    sessions_from: datetime | None = when_column()  # visits of the site begun before are over
    address_hash: str | None = Field(default=None, index=True)  # keyed: the address agreed on
    no_contact_reason: str = ""
    reason_terms: str = ""  # what the configuration said that this reason comes from
    pending_version: int = 0  # grant version that the platform still has to learn
    created_at: datetime = when_column(nullable=False)
    changed_at: datetime = when_column(nullable=False)
    sealed: bytes | None = sealed_column(nullable=True)
    pending_sealed: bytes | None = sealed_column(nullable=True)  # profile key: what waits for that


class Token(SQLModel, table=True):
    """A secret of a mailed link, by its SHA-256 only."""

    __tablename__ = "token"
    token_hash: str = Field(primary_key=True)
    invitation_id: str = Field(index=True)
    person_id: str = Field(index=True)
    kind: str  # decide | manage | unsubscribe | verify
    mail_kind: str = ""  # for unsubscribe: what kind of mail it came in
    expires_at: datetime = when_column(nullable=False)
    superseded_at: datetime | None = when_column()
    used_at: datetime | None = when_column()
    created_at: datetime = when_column(nullable=False)


class FormNonce(SQLModel, table=True):
    """A submitted form, so that a replay gives the same receipt and no second event."""

    __tablename__ = "form_nonce"
    nonce_hash: str = Field(primary_key=True)
    invitation_id: str = Field(index=True)
    seq: int
    at: datetime = when_column(nullable=False)


class ConsentEvent(SQLModel, table=True):
    """Append-only, chained. `canonical` (RFC 8785 JSON) is the record; columns derive from it."""

    __tablename__ = "consent_event"
    seq: int = Field(sa_column=Column(SEQUENCE, primary_key=True, autoincrement=False))
    event_id: str = Field(unique=True)
    person_id: str = Field(index=True)
    spell_id: str = Field(index=True)
    invitation_id: str = Field(index=True)
    event: str
    state_before: str
    state_after: str
    occurred_at: datetime = when_column(nullable=False)
    actor: str
    channel: str
    notice_sha256: str = ""
    canonical: bytes = sealed_column()
    prev_hash: str
    entry_hash: str = Field(unique=True)


class NoticeBlob(SQLModel, table=True):
    """Exact bytes of a rendered notice or form, by SHA-256."""

    __tablename__ = "notice_blob"
    sha256: str = Field(primary_key=True)
    media_type: str
    content: bytes = sealed_column()
    created_at: datetime = when_column(nullable=False)


class Tombstone(SQLModel, table=True):
    """Whoever was purged is not asked again: stays as long as the source can return the spell."""

    __tablename__ = "tombstone"
    spell_hash: str = Field(primary_key=True)
    source: str = Field(index=True)
    person_hash: str = Field(index=True)
    outcome: str
    revision: str
    facts_hash: str  # as the source last gave them (Spell.seen_hash)
    marks: str = ""  # keyed, one a fact (intake.tombstones): turning null is no change
    reopens_on: str = "facts"  # facts | address | audience (facts, or other rules) | never
    created_at: datetime = when_column(nullable=False)


class Suppression(SQLModel, table=True):
    """An objection: keyed hash of the normalised address; outlives erasure."""

    __tablename__ = "suppression"
    address_hash: str = Field(primary_key=True)
    scope: str = "all"  # all | a mail kind
    reason: str
    created_at: datetime = when_column(nullable=False)
    rejustify_at: datetime = when_column(nullable=False)


class Membership(SQLModel, table=True):
    """What one person is on one platform. `sealed` (evidence key): the platform's reference."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("platform", "alumni_id"),
        Index("membership_state", "platform", "state"),
    )
    id: int | None = sequence_column()
    platform: str
    person_id: str = Field(index=True)
    spell_id: str = Field(index=True)
    invitation_id: str = Field(unique=True)
    alumni_id: str  # A-…
    state: str  # pending | active | hiding | hidden | removing | removed | verified_absent | stuck
    version: int = 1
    content_hash: str = ""  # keyed; of the last confirmed profile
    grant_seq: int | None = None  # consent event whose content was tried last
    recheck_at: datetime | None = when_column()  # when time alone changes it: a hold ends
    claimed_by: str | None = None
    claimed_at: datetime | None = when_column()
    cause: str = ""  # why it is to be hidden or removed
    remove_by: datetime | None = when_column(index=True)
    verify_at: datetime | None = when_column(index=True)
    alerted_hours: int = 0  # deadline of this removal that `privacy` was told of last
    attempts: int = 0
    next_at: datetime | None = when_column()
    dead_letter_id: int | None = None  # an open dead letter: not tried again by itself
    joined_at: datetime | None = when_column()
    hidden_at: datetime | None = when_column()
    removed_at: datetime | None = when_column()  # erased there
    absent_at: datetime | None = when_column()  # first read-back that found nothing
    read_backs: int = 0
    changed_at: datetime = when_column(nullable=False)
    sealed: bytes | None = sealed_column(nullable=True)


class PlatformWrite(SQLModel, table=True):
    """Audit: every write to a platform, with what allowed or required it (I6)."""

    __tablename__ = "platform_write"
    id: int | None = sequence_column()
    platform: str
    person_id: str = Field(index=True)
    alumni_id: str = Field(index=True)
    verb: str  # create | update | hide | deactivate | erase
    claimed_at: datetime = when_column(nullable=False, index=True)
    confirmed_at: datetime | None = when_column()
    outcome: str = "claimed"  # claimed | done | unchanged | retry | refused | repeated
    reason: str = ""
    request_id: str = ""
    content_hash: str = ""
    revision: str = ""  # rule revision that judged the spell
    consent_seq: int | None = None  # the consent event that allowed it
    cause: str = ""  # the event that required a removal: consent:SEQ | case:ID | rehire | ...
    run_id: str = ""


class Outbox(SQLModel, table=True):
    """A mail to be sent at most once. Bodies are not stored.

    `sealed` (evidence key): where a goodbye goes, because the profile key dies before it may have
    left; None as soon as its fate is known.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due", "state", "due_at"),
        # With the state: else SQLite reads through everything queued to find one person's mail.
        Index("outbox_of_invitation", "invitation_id", "state"),
    )
    id: int | None = sequence_column()
    key: str = Field(unique=True)  # invitation id + kind + number
    kind: str  # invitation | reminder | confirmation | goodbye | ...
    invitation_id: str
    person_id: str = Field(index=True)
    source: str
    state: str  # queued | claimed | accepted | refused | unknown | dropped
    reason: str = ""
    due_at: datetime = when_column(nullable=False)
    claimed_by: str | None = None
    claimed_at: datetime | None = when_column()
    confirmed_at: datetime | None = when_column()
    attempts: int = 0
    message_id: str = Field(default="", index=True)  # by which a bounce is found
    created_at: datetime = when_column(nullable=False)
    sealed: bytes | None = sealed_column(nullable=True)


class DeadLetter(SQLModel, table=True):
    """What was tried until trying again made no sense; a person retries or drops it."""

    __tablename__ = "dead_letter"
    id: int | None = sequence_column()
    kind: str  # mail | platform
    subject: str = Field(index=True)  # outbox or membership id
    person_id: str = Field(index=True)
    reason: str
    attempts: int
    state: str = "open"  # open | retried | dropped
    created_at: datetime = when_column(nullable=False)
    closed_at: datetime | None = when_column()
    closed_by: str = ""


class Quarantine(SQLModel, table=True):
    """A row that could not be used. `sealed` under a key of its own (subject `Q-…`), 14 days."""

    __tablename__ = "quarantine"
    id: str = Field(primary_key=True)  # Q-…
    source: str = Field(index=True)
    row_hash: str = Field(unique=True)  # keyed: source + the row
    position: str
    field: str
    reason: str
    run_id: str
    created_at: datetime = when_column(nullable=False)
    purge_after: datetime = when_column(nullable=False, index=True)
    sealed: bytes | None = sealed_column(nullable=True)


class Watermark(SQLModel, table=True):
    """How far a source was read; moved only by a good read (I8)."""

    __tablename__ = "watermark"
    source: str = Field(primary_key=True)
    cursor: str = ""
    since: datetime | None = when_column()  # start of the last good read
    basis: str = ""  # fingerprint of what was read, mapping and version included
    rows: int = 0  # of the last good full read
    counts: dict[str, Any] | None = json_column(nullable=True)  # of that basis
    run_id: str = ""


class CloseDone(SQLModel, table=True):
    """A payroll close that was taken in completely."""

    __tablename__ = "close_done"
    source: str = Field(primary_key=True)
    close: date = Field(primary_key=True)
    run_id: str
    at: datetime = when_column(nullable=False)


class Lease(SQLModel, table=True):
    """Who is working on something: host, pid and process start, so that a dead owner shows."""

    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    host: str
    pid: int
    started: str
    fence: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    expires_at: datetime = when_column(nullable=False)


class Brake(SQLModel, table=True):
    """A brake (on writes) or source guard (on reads) that stopped something."""

    __tablename__ = "brake"
    id: str = Field(primary_key=True)  # BR-… | GU-…
    kind: str  # brake | guard
    name: str  # adds | removals | empty | short | no_exit_code | declared_total
    scope: str  # platform or source
    subject_hash: str  # what exactly was stopped: hash of the plan or of the file
    counts: dict[str, Any] = json_column()
    status: str  # tripped | awaiting_second | released | spent
    version: int = 1
    tripped_at: datetime = when_column(nullable=False)
    expires_at: datetime | None = when_column()
    run_id: str = ""


class BrakeItem(SQLModel, table=True):
    """One write of a plan that a brake froze: a release is for these and no others."""

    __tablename__ = "brake_item"
    brake_id: str = Field(primary_key=True)
    invitation_id: str = Field(primary_key=True)
    verb: str  # create | erase


class Run(SQLModel, table=True):
    """One run of a flow, with its counts."""

    __tablename__ = "run"
    id: str = Field(primary_key=True)
    flow: str  # intake | community | daily_round | housekeeping | ...
    source: str = ""
    close: date | None = None
    started_at: datetime = when_column(nullable=False)
    finished_at: datetime | None = when_column()
    status: str = "started"  # started | done | failed | stopped
    counts: dict[str, Any] = json_column()


class Pause(SQLModel, table=True):
    """The off switch; honoured inside every claim."""

    __tablename__ = "pause"
    what: str = Field(primary_key=True)  # mail | platform
    reason: str
    by: str
    at: datetime = when_column(nullable=False)


class Erasure(SQLModel, table=True):
    """The erasure journal: a restored backup replays it before serving."""

    __tablename__ = "erasure"
    id: int | None = sequence_column()
    person_id: str = Field(index=True)
    reason: str
    at: datetime = when_column(nullable=False)
    by: str = ""


def t(model: type[SQLModel]) -> Table:
    """Return the Core table of a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
    return table
