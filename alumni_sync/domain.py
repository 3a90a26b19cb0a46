"""The vocabulary: frozen records and enums that every stage and every connector speaks.

Pure types: no I/O, no clock, no framework. Dates are civil dates at the leaver's site; datetimes
are always aware. Words are those of the product (leaver, spell, verdict, ruling, grant, member).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Final


class ExitKind(StrEnum):
    """Why a spell ended, as far as we may know it. Sources' codes are mapped to these."""

    RESIGNATION = "resignation"
    RETIREMENT = "retirement"
    END_OF_CONTRACT = "end_of_contract"
    REDUNDANCY = "redundancy"
    MUTUAL_AGREEMENT = "mutual_agreement"
    PERFORMANCE = "performance"
    MISCONDUCT = "misconduct"
    DISPUTE = "dispute"  # conflict, litigation, court settlement
    DEATH = "death"
    INTERNAL_TRANSFER = "internal_transfer"
    NO_SHOW = "no_show"
    UNDISCLOSED = "undisclosed"  # good standing; health, family and the like, mapped in memory
    UNKNOWN = "unknown"


class RecordStatus(StrEnum):
    """What the source says of a record."""

    ACTIVE = "active"
    LEFT = "left"
    RESCINDED = "rescinded"
    HIRE_CANCELLED = "hire_cancelled"
    DELETED = "deleted"


class Verdict(StrEnum):
    """What the rules say of a spell. A ruling (a reviewer's) may set an adverse one aside."""

    NEVER_CONTACT = "never_contact"
    EXCLUDED = "excluded"
    REVIEW = "review"
    HELD = "held"
    OUT_OF_SCOPE = "out_of_scope"
    ELIGIBLE = "eligible"


PRECEDENCE: Final[tuple[Verdict, ...]] = tuple(Verdict)
"""Most adverse first; where several rules speak, the earliest here wins (1-product)."""

CASE_VERDICTS: Final = frozenset({Verdict.EXCLUDED, Verdict.REVIEW})
"""Verdicts that open a case: proposals on which a named person rules."""

TWO_PERSON_KINDS: Final = frozenset({ExitKind.MISCONDUCT, ExitKind.DISPUTE})
"""Exit kinds whose admission needs a second person."""


class Absent(Enum):
    """Why a fact has no value although nothing says that it is null."""

    NOT_VISIBLE = "not_visible"  # mapped, but the source does not let us see it
    NOT_SUPPORTED = "not_supported"  # the mapping does not have it


NOT_VISIBLE: Final = Absent.NOT_VISIBLE
NOT_SUPPORTED: Final = Absent.NOT_SUPPORTED

PresentFact = str | date | int | bool | tuple[str, ...]
Fact = PresentFact | Absent | None
"""A present value, null (`None`: mapped but empty, hence *unknown*), or the reason of absence."""

Facts = Mapping[str, Fact]
"""Canonical field → fact. A field that is not a key is `NOT_SUPPORTED`."""


class FieldType(StrEnum):
    """How a canonical field is written and compared."""

    TEXT = "text"
    DATE = "date"
    INTEGER = "integer"
    TAGS = "tags"
    CODE = "code"


LEAVER_FIELDS: Final[Mapping[str, FieldType]] = {
    "person_id": FieldType.TEXT,  # the source's id of the person; never leaves the ledger
    "person_key": FieldType.TEXT,  # joins one person across sources
    "spell_id": FieldType.TEXT,  # the source's id of the employment; default: the hire date
    "employee_number": FieldType.TEXT,
    "given_name": FieldType.TEXT,
    "family_name": FieldType.TEXT,
    "display_name": FieldType.TEXT,
    "personal_email": FieldType.TEXT,
    "work_email": FieldType.TEXT,
    "phone": FieldType.TEXT,
    "language": FieldType.CODE,  # BCP 47, lower case
    "birth_date": FieldType.DATE,
    "hire_date": FieldType.DATE,
    "original_hire_date": FieldType.DATE,
    "last_working_day": FieldType.DATE,
    "exit_date": FieldType.DATE,
    "exit_kind": FieldType.CODE,  # an ExitKind
    "exit_code": FieldType.CODE,  # as the source has it
    "record_status": FieldType.CODE,  # a RecordStatus
    "rehire_date": FieldType.DATE,
    "worker_type": FieldType.CODE,
    "legal_entity": FieldType.TEXT,
    "department": FieldType.TEXT,
    "location": FieldType.TEXT,
    "country": FieldType.CODE,  # ISO 3166-1 alpha-2
    "job_title": FieldType.TEXT,
    "job_level": FieldType.INTEGER,
    "manager_id": FieldType.TEXT,
    "tags": FieldType.TAGS,
    "contact_given_at": FieldType.DATE,  # when the leaver gave the private address for this
    "contact_text": FieldType.CODE,  # under which text
    "do_not_consider": FieldType.CODE,  # "yes" or "no"
}
"""The canonical leaver (3-contracts), without `source`, which the flow knows."""

REQUIRED_FIELDS: Final = ("person_id", "hire_date", "record_status")
"""Without these no record can be placed; a `LEFT` one needs its two last days as well."""


class Flag(StrEnum):
    """Flags that this project itself gives a meaning to; packs may add their own."""

    RETIREE = "retiree"
    EXPERT = "expert"


@dataclass(frozen=True, slots=True)
class OutreachHold:
    """One purpose that stays closed for a leaver until the end of a day (None: until changed)."""

    purpose: str
    until: date | None
    rule: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one spell with everything that led to it.

    Attributes:
        rules: ids of the rules that spoke, most adverse first.
        reasons: one sentence per rule, made from the rule's structure.
        unknown: fields whose missing value kept a rule from deciding.
        revision: content hash of the rule pack, mapping and audience that judged.
    """

    verdict: Verdict
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    flags: frozenset[str]
    holds: tuple[OutreachHold, ...]
    unknown: tuple[str, ...]
    revision: str


@dataclass(frozen=True, slots=True)
class MappingSaid:
    """What a source's mapping says, so that two of them can be compared without a row.

    A connector with a mapping file may have a method `mapping_said() -> MappingSaid`. A change of a
    mapping that cannot be compared always waits for its release.

    Attributes:
        kind: what an exit code means.
        codes: the codes that it names one by one, with their kinds.
        patterns: everything else that decides on a code's kind, in a form that can be compared.
        fields: canonical field → how it is read, in a form that can be compared.
        values: canonical field → the only values that are handed on, where the mapping lists them.
    """

    kind: Callable[[str], ExitKind]
    codes: Mapping[str, ExitKind]
    patterns: tuple[object, ...]
    fields: Mapping[str, object]
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)


class CaseStatus(StrEnum):
    """Where a case of the exclusion queue stands."""

    OPEN = "open"
    AWAITING_SECOND = "awaiting_second"
    ADMITTED = "admitted"
    UPHELD = "upheld"
    REOPENED = "reopened"
    EXPIRED = "expired"  # upheld by silence when retention ends
    CLOSED = "closed"  # the rules no longer object: nothing to rule on


class Ruling(StrEnum):
    """What a reviewer does with a case."""

    ADMIT = "admit"
    UPHOLD = "uphold"


UPHOLD_REASONS: Final = ("confirmed", "duplicate", "legal_hold", "other")
ADMIT_REASONS: Final = ("code_wrong", "context_known", "rehabilitated", "contest_granted", "other")


@dataclass(frozen=True, slots=True)
class LaunchResult:
    """What became of a ruling that the HR desk launched.

    Attributes:
        run_id: of the run in Dagster; None where there was none.
        sentence: what happened, or why nothing did; names nobody.
        refused: nothing was changed, and the sentence says why.
    """

    run_id: str | None
    sentence: str
    refused: bool = False


class ContactBasis(StrEnum):
    """What allows us to write to a private address at all (4-consent, gate 1)."""

    EXIT_FORM = "exit_form"
    SELF_JOINED = "self_joined"
    LEGITIMATE_INTEREST = "legitimate_interest"
    NONE = "none"


class ConsentState(StrEnum):
    """State of a spell's consent (4-consent). Only the subject moves anything to `GIVEN`."""

    NOT_ASKED = "not_asked"
    NO_CONTACT = "no_contact"
    INVITED = "invited"
    DEFERRED = "deferred"
    ADDRESS_PENDING = "address_pending"
    GIVEN = "given"
    RENEWAL_DUE = "renewal_due"
    RENEWED = "renewed"
    PAUSED = "paused"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    INVALIDATED = "invalidated"
    OBJECTED = "objected"
    ERASED = "erased"


LIVE_STATES: Final = frozenset({ConsentState.GIVEN, ConsentState.RENEWAL_DUE, ConsentState.RENEWED})
"""The only states in which anything of a person may be processed for the community."""


class Actor(StrEnum):
    """Who caused a consent event."""

    SUBJECT = "subject"
    SYSTEM = "system"
    ADMIN = "admin"
    PLATFORM = "platform"
    MAIL = "mail"


class Role(StrEnum):
    """What a person in `people:` may do (3-contracts)."""

    REVIEWER = "reviewer"
    SECOND = "second"
    PRIVACY = "privacy"
    OPERATOR = "operator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts: a user name, and whether something that cannot be chosen by the caller says so."""

    user: str
    verified: bool


@dataclass(frozen=True, slots=True)
class PayrollClose:
    """One payroll close of one source: the trigger of a run.

    Attributes:
        source: name in `alumni_sync.yaml`.
        day: civil date of the close at the site.
        at: the instant from which it is due (aware).
    """

    source: str
    day: date
    at: datetime

    @property
    def key(self) -> str:
        """Return the Dagster partition key, `source|2026-10-29`."""
        return f"{self.source}|{self.day.isoformat()}"
