"""Tables of what people ask of us, and of who looked at what: requests, codes, the desk's acts.

A part of the ledger's schema like `ledger.tables`, whose conventions hold here: personal values and
free text stand only in `sealed` columns.
"""

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from alumni_sync.ledger.columns import sealed_column, sequence_column, when_column


class SubjectRequest(SQLModel, table=True):
    """A request under GDPR Art. 15-22 (SR-000123). `sealed` (evidence key): the person's words."""

    __tablename__ = "subject_request"
    id: int | None = sequence_column()
    person_id: str = Field(index=True)
    invitation_id: str = ""
    source: str = Field(index=True)
    kind: str  # access | export | rectify | restrict | erase | contest | object
    state: str = Field(index=True)  # open | done | refused
    channel: str  # preference_centre | mail | phone | letter | desk
    received_at: datetime = when_column(nullable=False)
    due_at: datetime = when_column(nullable=False)  # a month; two more when extended (Art. 12(3))
    extended: bool = False
    closed_at: datetime | None = when_column()
    version: int = 1
    nonce_hash: str | None = Field(
        default=None, unique=True
    )  # of the form: no second from a replay
    sealed: bytes | None = sealed_column(nullable=True)


class SubjectRequestEvent(SQLModel, table=True):
    """What happened to a request, append-only. `sealed` (evidence key): an answer, where given."""

    __tablename__ = "subject_request_event"
    id: int | None = sequence_column()
    request_id: int = Field(index=True)
    person_id: str
    event: str  # received | acknowledged | extended | done | refused
    at: datetime = when_column(nullable=False)
    actor: str
    verified: bool = False
    reason: str = ""
    sealed: bytes | None = sealed_column(nullable=True)


class OneTimeCode(SQLModel, table=True):
    """A code mailed to the address on record: ten minutes, five tries, one use."""

    __tablename__ = "one_time_code"
    id: int | None = sequence_column()
    invitation_id: str = Field(index=True)
    person_id: str
    code_hash: str  # keyed: invitation, number of the code, code
    tries: int = 0
    expires_at: datetime = when_column(nullable=False)
    used_at: datetime | None = when_column()
    created_at: datetime = when_column(nullable=False)


class LinkRequest(SQLModel, table=True):
    """Somebody's wish for a fresh link: what was typed, as a hash. Looked up later, for all alike.

    Kept for an hour, for as long as it counts against the next one.
    """

    __tablename__ = "link_request"
    id: int | None = sequence_column()
    address_hash: str = Field(index=True)  # keyed, as in `suppression`
    state: str = Field(index=True)  # open | done | too_many
    created_at: datetime = when_column(nullable=False)


class JoinRequest(SQLModel, table=True):
    """A former employee who asks to be asked. `sealed` under a key of its own (subject `J-...`)."""

    __tablename__ = "join_request"
    id: str = Field(primary_key=True)  # J-...
    address_hash: str = Field(index=True)  # keyed, as in `suppression`
    token_hash: str = Field(unique=True)
    state: str = Field(index=True)  # unproven | proven | matched | rejected | expired
    language: str
    person_id: str = ""  # once matched
    spell_id: str = ""
    reason: str = ""
    version: int = 1
    created_at: datetime = when_column(nullable=False)
    expires_at: datetime = when_column(nullable=False)  # of the link while unproven, then of itself
    proven_at: datetime | None = when_column()
    closed_at: datetime | None = when_column()
    closed_by: str = ""
    sealed: bytes | None = sealed_column(nullable=True)


class RecordedAnswer(SQLModel, table=True):
    """An answer that came, or may come, on paper or by phone (RA-000123).

    `sealed` (evidence key): what stood on a printed form, what was answered, where it is kept.
    """

    __tablename__ = "recorded_answer"
    id: int | None = sequence_column()
    invitation_id: str = Field(index=True)
    person_id: str = Field(index=True)
    kind: str  # consent | refusal | withdrawal
    channel: str  # letter | phone
    received_on: date | None = None  # None: a form was printed, and has not come back
    state: str  # printed | awaiting_second | recorded | dropped
    version: int = 1
    recorded_by: str
    recorded_at: datetime = when_column(nullable=False)
    second_by: str = ""
    closed_at: datetime | None = when_column()
    seq: int | None = None  # the consent event it became
    sealed: bytes | None = sealed_column(nullable=True)


class LegalHold(SQLModel, table=True):
    """Why nothing of a person may be let go, and since when; `person.legal_hold` follows it.

    `sealed` (evidence key): the file or the matter it is for.
    """

    __tablename__ = "legal_hold"
    id: int | None = sequence_column()
    person_id: str = Field(index=True)
    reason: str
    set_by: str
    set_at: datetime = when_column(nullable=False)
    lifted_by: str = ""
    lifted_at: datetime | None = when_column()  # None: it stands
    lift_reason: str = ""
    sealed: bytes | None = sealed_column(nullable=True)


class AccessLog(SQLModel, table=True):
    """Who looked at whom, append-only, kept for two years."""

    __tablename__ = "access_log"
    id: int | None = sequence_column()
    at: datetime = when_column(nullable=False, index=True)
    actor: str
    verified: bool = False
    act: str
    person_id: str = Field(default="", index=True)
    subject: str = ""  # SR-..., J-..., RA-..., or the consent event
