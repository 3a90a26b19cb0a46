"""What this project asks of the outside: Protocols and the frozen records that cross them.

A plugin implements one of `HrisConnector`, `CommunityPlatform` or `Mailer`. It names a class in the
entry-point group `alumni_sync.hris`, `alumni_sync.platforms` or `alumni_sync.mail`; the class has
`info` and `Settings` (its own pydantic model) and is built as `cls(settings, context)`.
Datetimes are aware UTC unless said otherwise; dates are civil dates. Errors are those of
`alumni_sync.errors`: `TransientError` (try again), `PermanentError` (do not), `ConfigError` (stop).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

import orjson

from alumni_sync.domain import Facts, Identity, LaunchResult

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What a plugin is told about where it runs, besides its own settings.

    Attributes:
        name: the source's name in `alumni_sync.yaml`; for platform and mail the plugin's name.
        root: the directory that relative paths in the configuration start from, as a string.
        timezone: the site's time zone.
        fingerprint: keyed hash (hex) of bytes that may be personal; the only thing a plugin may
            keep of a row beyond a call.
        released: key of the settings (`mapping`) → content to use in place of the file's.
    """

    name: str
    root: str
    timezone: ZoneInfo
    fingerprint: "Fingerprint"
    released: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class Fingerprint(Protocol):
    """Keyed hash of bytes; the same bytes give the same hex digest in one deployment."""

    def __call__(self, purpose: str, content: bytes) -> str:
        """Return the hex digest of `content` under the key derived for `purpose`."""


class Clock(Protocol):
    """The only source of the current time."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""


# --- HRIS ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConnectorInfo:
    """What an HRIS connector is and can do; shown by `connectors list|show`."""

    name: str
    vendor: str
    docs_url: str
    auth: str
    capabilities: Mapping[str, bool | str | int]
    rate_limit: str = "none"
    contact_data: str = "no restriction by the vendor"


@dataclass(frozen=True, slots=True)
class Window:
    """What to read: everything changed or become effective until `until` (aware UTC).

    Attributes:
        since: start of the last complete read minus overlap; None reads everything.
        close: civil date of the payroll close; None when run by hand.
    """

    since: datetime | None
    until: datetime
    close: date | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """An opaque position within a read; `value` is the connector's own and never personal."""

    value: str


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One input row translated to canonical fields, or the reason why it could not be.

    Attributes:
        where: line or position, for messages (`leavers-pl.csv:17`); never personal.
        facts: canonical field → fact (see `domain.LEAVER_FIELDS`).
        problems: `(field, reason code)` for each thing that makes the row unusable; a record with
            problems goes to quarantine.
        raw: the row as read, kept in memory only; sealed if it goes to quarantine.
        code_label: what the source calls the exit code; empty for one of kind `undisclosed`.
    """

    where: str
    facts: Facts
    problems: tuple[tuple[str, str], ...] = ()
    raw: str = ""
    code_label: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of a read.

    Attributes:
        cursor: where the next page starts; None on the last page.
        declared_total: how many rows the source says the whole read has; None if it does not.
        full: whether the read is a complete listing (a short one is then suspicious).
        basis: fingerprint of the exact bytes that this read is made of, for the watermark.
        part: number of the delivery within the read. Where one spell stands in several, the
            latest counts; within one, differing rows contradict each other.
    """

    records: Sequence[SourceRecord]
    cursor: Cursor | None = None
    declared_total: int | None = None
    full: bool = False
    basis: str = ""
    part: int = 0


@dataclass(frozen=True, slots=True)
class ConnectorHealth:
    """Result of `check()`: reachable, authorised, asked-for fields and those that came back.

    Attributes:
        ours: the problems are mended in our configuration, not at the vendor's.
    """

    ok: bool
    asked: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ours: bool = False


class HrisConnector(Protocol):
    """Reads leaver records from one source."""

    info: ClassVar[ConnectorInfo]
    Settings: ClassVar[type["BaseModel"]]

    def __init__(self, settings: Any, context: PluginContext) -> None:  # noqa: ANN401 each plugin has its own settings model
        """Keep settings and context; do no I/O."""

    def check(self) -> ConnectorHealth:
        """Say whether the source can be reached and which asked-for fields it shows."""

    def pull(self, window: Window, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages of everything in `window`, from `cursor` on.

        A full read, and any of a connector with the capability `repeatable`, is made twice: once to
        look, once to take in. In any other read all records of one person stand on one page.

        Raises:
            ConfigError: file or column missing, mapping wrong.
            TransientError, PermanentError: the source failed; what was yielded is incomplete.
        """

    def current(self, person_ids: Sequence[str]) -> Iterator[SourceRecord]:
        """Yield what the source now says of the people named; who is unknown there is left out."""

    def profile_url(self, person_id: str) -> str | None:
        """Return a deep link into the HRIS for the HR desk, None where there is none."""


# --- community platform -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlatformInfo:
    """What a platform connector is and can do; shown by `platforms list|show`."""

    name: str
    vendor: str
    docs_url: str
    auth: str
    capabilities: Mapping[str, bool | str | int]
    rate_limit: str = "none"


class ProfileField(StrEnum):
    """Everything that a profile may carry beyond name and address; each ticked one by one.

    There is no member for a never-field (4-consent): what is not here cannot leave.
    """

    LEGAL_ENTITY = "legal_entity"
    JOIN_YEAR = "join_year"
    LEAVE_YEAR = "leave_year"
    JOB_TITLE = "job_title"
    DEPARTMENT = "department"
    CITY = "city"
    COUNTRY = "country"
    PHONE = "phone"
    LINKEDIN_URL = "linkedin_url"
    PHOTO_URL = "photo_url"
    LANGUAGES = "languages"
    EXPERT_TOPICS = "expert_topics"
    MENTOR_BADGE = "mentor_badge"
    EXPERT_BADGE = "expert_badge"
    RETIREE_BADGE = "retiree_badge"


class Purpose(StrEnum):
    """What a person may say yes to; `COMMUNITY` is membership itself."""

    COMMUNITY = "community"
    NEWSLETTER = "newsletter"
    EVENTS = "events"
    TRAININGS = "trainings"
    JOB_OFFERS = "job_offers"
    MENTORING = "mentoring"
    SPEAKING = "speaking"
    PARTNERSHIP = "partnership"
    STATISTICS = "statistics"


@dataclass(frozen=True, slots=True)
class Shown:
    """A profile value and whether other members may see it."""

    value: str
    to_members: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """What one consenting person allowed to leave for the platform; nothing else fits in here.

    Attributes:
        alumni_id: our opaque id on the platform (`A-…`), unrelated to any HRIS id.
        name: as the person confirmed it.
        email: the address the person chose; held by the platform, never shown to members.
        fields: ticked fields only.
        purposes: granted purposes; `job_offers` is left out while its hold is closed.
        segments: built from ticked fields only.
    """

    alumni_id: str
    name: str
    email: str
    fields: Mapping[ProfileField, Shown] = field(default_factory=dict)
    purposes: frozenset[Purpose] = frozenset()
    segments: frozenset[str] = frozenset()


def profile_content(profile: Profile) -> bytes:
    """Return the canonical bytes of what a profile says; equal profiles give equal bytes.

    `MemberRef.content` is `context.fingerprint("profile", profile_content(profile))`, so that
    membership and a platform can compare without either keeping the values. The alumni id is no
    part of it.
    """
    fields = {str(name): (shown.value, shown.to_members) for name, shown in profile.fields.items()}
    told = (
        profile.name,
        profile.email,
        fields,
        sorted(profile.purposes),
        sorted(profile.segments),
    )
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class MemberRef:
    """A member that we own on a platform.

    Attributes:
        alumni_id: our id as the platform holds it.
        platform_id: the platform's own id.
        visible: whether other members can see the member now.
        content: what the platform holds, as `profile_content`'s hash; "" if it cannot tell.
    """

    alumni_id: str
    platform_id: str
    visible: bool
    content: str = ""


class WriteOutcome(StrEnum):
    """What became of one write."""

    DONE = "done"
    UNCHANGED = "unchanged"
    RETRY = "retry"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class WriteResult:
    """Result of writing one member, read back from the platform.

    Attributes:
        reason: a code, never a payload; empty when done.
        request_id: the platform's id of the request, for their support.
    """

    alumni_id: str
    outcome: WriteOutcome
    platform_id: str = ""
    reason: str = ""
    request_id: str = ""


class Removal(StrEnum):
    """How a member is taken away, from reversible to final."""

    HIDE = "hide"
    DEACTIVATE = "deactivate"
    ERASE = "erase"


class Residue(StrEnum):
    """What `verify_absent` found."""

    ABSENT = "absent"
    HIDDEN = "hidden"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class MemberChoice:
    """Something that a member changed on the platform; comes back as their decision.

    Attributes:
        what: `unsubscribed`, `deleted` or `hid`.
        purpose: the purpose concerned; None for the whole membership.
    """

    alumni_id: str
    what: str
    purpose: Purpose | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Engagement:
    """Activity of one member since a date, for members who agreed to statistics."""

    alumni_id: str
    last_active: date | None
    actions: int


@dataclass(frozen=True, slots=True)
class PlatformHealth:
    """Result of a platform's `check()`."""

    ok: bool
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class CommunityPlatform(Protocol):
    """Holds the members of the community. Every write is idempotent."""

    info: ClassVar[PlatformInfo]
    Settings: ClassVar[type["BaseModel"]]

    def __init__(self, settings: Any, context: PluginContext) -> None:  # noqa: ANN401 each plugin has its own settings model
        """Keep settings and context; do no I/O."""

    def check(self) -> PlatformHealth:
        """Say whether the platform can be reached and may be written to."""

    def members(self) -> Iterator[MemberRef]:
        """Yield the members that we own there; never somebody else's."""

    def upsert(self, profiles: Sequence[Profile]) -> Iterator[WriteResult]:
        """Create or update, and make visible; one result a profile, in any order, read back."""

    def remove(self, members: Sequence[MemberRef], how: Removal) -> Iterator[WriteResult]:
        """Hide, deactivate or erase; somebody who is not there any more counts as done."""

    def verify_absent(self, member: MemberRef) -> Residue:
        """Look by the platform's own means whether anything of a removed member is left."""

    def choices(self, since: datetime) -> Iterator[MemberChoice]:
        """Yield what members changed there since an instant."""

    def engagement(self, since: date) -> Iterator[Engagement]:
        """Yield activity; raises `PermanentError` where the capability is not offered."""


# --- mail ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailerInfo:
    """What a mail connector is."""

    name: str
    vendor: str
    docs_url: str


@dataclass(frozen=True, slots=True)
class Message:
    """One mail, complete. Never stored: it can be rendered again, and its links are secrets.

    Attributes:
        headers: extra headers, e.g. `List-Unsubscribe`; values are single lines.
        message_id: made by us, so that a crash can be recognised.
    """

    to: str
    sender: str
    subject: str
    text: str
    html: str
    message_id: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Fate(StrEnum):
    """What became of a mail; `UNKNOWN` counts as sent and is never resent blindly."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SendResult:
    """Fate of a mail with a reason code (`550 5.1.1`, `bad-address`), never an address."""

    fate: Fate
    reason: str = ""


class Mailer(Protocol):
    """Hands one mail to whatever delivers it."""

    info: ClassVar[MailerInfo]
    Settings: ClassVar[type["BaseModel"]]

    def __init__(self, settings: Any, context: PluginContext) -> None:  # noqa: ANN401 each plugin has its own settings model
        """Keep settings and context; do no I/O."""

    def send(self, message: Message) -> SendResult:
        """Send and say what became of it.

        Raises:
            TransientError: nothing was handed over; another attempt is safe.
        """


class Mailbox(Protocol):
    """Where mails come back to. Reading changes nothing; only `taken` and `left` do."""

    def waiting(self) -> Iterator[tuple[str, bytes]]:
        """Yield (key, whole mail) of what nobody has read yet, oldest first."""

    def taken(self, key: str) -> None:
        """Remove a mail for good: what it says is in the ledger."""

    def left(self, key: str) -> None:
        """Mark a mail as seen and leave it for a person."""

    def close(self) -> None:
        """Close what is open."""


class JsonPost(Protocol):
    """A web address of the company that takes what we tell it."""

    def post(self, operation: str, content: Any) -> None:  # noqa: ANN401 any JSON value
        """Send `content`; raises `ConnectorError` where it was not taken."""


class Launcher(Protocol):
    """Runs the job `review_exclusions` for the HR desk; wired by the CLI."""

    def launch(self, tickets: Sequence[str], reason: str, user: Identity) -> Sequence[LaunchResult]:
        """Make the rulings that `tickets` stand for: a result for each, none keeps another back.

        Args:
            tickets: each stands for one case, version and ruling; nothing else is handed on.
            reason: a code of the closed list.
            user: who launches; stands signed on the run, as if they had come through the proxy.
        """
