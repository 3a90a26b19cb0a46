"""The sections of `alumni_sync.yaml` as models: one class a section, attribute = key.

What belongs here: which keys there are, their types, their defaults, and what one section can say
about itself. What does not: reading files or the environment (`alumni_sync.settings`), and the
keys of plugins, which stay a plain mapping in `.plugin` until their plugin checks them.

A `ValueError` may carry what to do after ` | `. Paths are resolved against the configuration's
folder, which comes as validation context. No message and no `repr` holds a secret.
"""

import re
from collections.abc import Mapping
from datetime import date, time
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from alumni_sync.domain import LEAVER_FIELDS, ContactBasis, Role
from alumni_sync.payroll import WEEKDAYS, BusinessDay, CloseRule, Dates, Weekly, holiday_calendar

LOCAL_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
ANY_LANGUAGE: Final = ""
DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}")
MOST_BUSINESS_DAYS: Final = 23
_PLACEHOLDER: Final = re.compile(r"\{(number|person_id)\}")
_SHORTEST_SECRET: Final = 32
_LONGEST_URL: Final = 300  # with a link's secret it has to fit into one line of a mail's head


class Section(BaseModel):
    """What all sections share: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class WithPlugin(Section):
    """A section whose keys beside ours belong to the plugin that `connector` names.

    Attributes:
        connector: entry-point name of the plugin.
        plugin: the plugin's own keys; may hold secrets, so never shown.
    """

    connector: str
    plugin: dict[str, Any] = Field(default_factory=dict, repr=False)

    @classmethod
    def own_keys(cls) -> frozenset[str]:
        """Return the keys that are ours, not the plugin's."""
        fields = cls.model_fields.items()
        return frozenset(info.alias or key for key, info in fields if key != "plugin")

    @model_validator(mode="before")
    @classmethod
    def _collect_plugin_keys(cls, value: Any) -> Any:  # noqa: ANN401 pydantic's signature
        if not isinstance(value, Mapping):
            return value
        own = cls.own_keys()
        rest = {key: item for key, item in value.items() if key not in own}
        return {key: item for key, item in value.items() if key in own} | {"plugin": rest}


def _resolved(value: Path, info: ValidationInfo) -> Path:
    root: Path = info.context["root"] if info.context else Path()
    return root / value.expanduser()


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a web address | like https://alumni.example.org")
    if parts.query or parts.fragment:
        raise ValueError("must be a bare address, without query and fragment")
    return value.rstrip("/")


def is_loopback(url: str) -> bool:
    """Tell whether a web address leads to this machine only."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _database_url(value: str, info: ValidationInfo) -> str:
    scheme, _, rest = value.partition("://")
    if scheme == "postgresql":
        raise ValueError("names no driver | write postgresql+psycopg://…")
    if scheme not in {"sqlite", "postgresql+psycopg"}:
        raise ValueError("must start with sqlite:/// or postgresql+psycopg://")
    if scheme == "sqlite":
        path = rest.removeprefix("/")
        if not rest.startswith("/") or not path or path.startswith(":"):
            raise ValueError("must name a file | like sqlite:///var/ledger.db")
        return f"sqlite:///{_resolved(Path(path), info)}"
    return value


_zones = cache(available_timezones)  # it walks through hundreds of files


def _time_zone(value: object) -> object:
    if isinstance(value, str) and value not in _zones():
        raise ValueError("is not a time zone | use an IANA name such as Europe/Warsaw")
    return ZoneInfo(value) if isinstance(value, str) else value


def _local_time(value: object) -> object:
    # YAML reads a bare 18:00 as the number 1080, which would pass for 00:18.
    if not isinstance(value, str) or not LOCAL_TIME.fullmatch(value):
        raise ValueError('must be a time in quotes | like "18:00"')
    return time.fromisoformat(value)


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(what)
        return value

    return AfterValidator(check)


def _in_words(value: object) -> object:
    if isinstance(value, str):
        return {ANY_LANGUAGE: value}
    keys = value.keys() if isinstance(value, Mapping) else ()
    if list(keys) == [ANY_LANGUAGE]:  # checked before: a section made anew from what it says
        return value
    if not keys or not all(isinstance(key, str) and LANGUAGE.fullmatch(key) for key in keys):
        raise ValueError("must be text | or a text for each language: {en: …, de: …}")
    return value


def _leaver_field(key: str) -> str:
    if key not in LEAVER_FIELDS:
        raise ValueError("is no field of a leaver | such as department, location, country")
    return key


def _link_to_a_person(value: str) -> str:
    filled = _PLACEHOLDER.sub("1", value)
    if "{" in filled or "}" in filled:
        raise ValueError("has other placeholders | there are {number} and {person_id}")
    if filled == value or _PLACEHOLDER.search(urlsplit(value).netloc):
        raise ValueError(
            "must have {number} or {person_id} behind the host | like https://hr.example/p/{number}"
        )
    _web_address(filled.partition("?")[0].partition("#")[0])
    return value


FilePath = Annotated[Path, AfterValidator(_resolved)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url), Field(repr=False)]
TimeZone = Annotated[ZoneInfo, BeforeValidator(_time_zone)]
LocalTime = Annotated[time, BeforeValidator(_local_time)]
Language = Annotated[str, _matching(LANGUAGE, "is not a language code | like en or pt-BR")]
Domain = Annotated[str, _matching(DOMAIN, "is not a domain | like acme.example, in lower case")]
Code = Annotated[str, _matching(NAME, "may have a-z, 0-9, dot, dash and underscore only")]
Text = Annotated[str, Field(min_length=1)]
Words = Annotated[dict[str, Text], BeforeValidator(_in_words)]
"""What notices repeat word for word: language → text, `ANY_LANGUAGE` where one serves all."""
Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Audience = dict[
    Annotated[str, AfterValidator(_leaver_field)],
    Annotated[tuple[Text, ...], Field(min_length=1)],
]
"""Canonical field → the values that are in; all fields must fit."""


class Company(Section):
    """Who runs the programme."""

    name: Text
    domains: tuple[Domain, ...] = ()  # no asking mail ever goes to one of these
    languages: tuple[Language, ...] = Field(min_length=1)  # the first is the fallback


def _encrypted_or_here(value: str) -> str:
    if value.startswith("http://") and not is_loopback(value):
        raise ValueError("must be https | plain http is for 127.0.0.1 only")
    return value


class CheckpointHook(Section):
    """A web address that is told of checkpoints, and the token that it knows us by."""

    url: Annotated[WebAddress, AfterValidator(_encrypted_or_here)]
    token: SecretStr | None = None


class CheckpointCopies(Section):
    """Where else the signed lines go, out of reach of who can write file and ledger."""

    mail: Text | None = None
    webhook: CheckpointHook | None = None


class LedgerSection(Section):
    """The system of record, and the second place that vouches for it."""

    url: DatabaseUrl
    checkpoints: FilePath | None = None  # signed lines, appended; best on another machine
    copies: CheckpointCopies = CheckpointCopies()

    @model_validator(mode="after")
    def _something_to_copy(self) -> Self:
        if self.checkpoints is None and (self.copies.mail or self.copies.webhook):
            raise ValueError("`copies` needs `checkpoints` | the file that they are copies of")
        return self


class Keys(Section):
    """The key store and the key that wraps what is in it."""

    store: DatabaseUrl
    master: SecretStr | None = None  # 32 bytes in base64 or hex


class Controller(Section):
    """Who answers for the data of a source, as notices name them."""

    name: Text
    contact: Text


class Contact(Section):
    """What allows us to write to the private addresses of a source (4-consent, gate 1)."""

    basis: Literal[ContactBasis.EXIT_FORM, ContactBasis.LEGITIMATE_INTEREST, ContactBasis.NONE]
    evidence: Literal["field"] | None = None
    assessment: str | None = None

    @model_validator(mode="after")
    def _evidence_fits(self) -> Self:
        if self.basis == ContactBasis.EXIT_FORM and self.evidence is None:
            raise ValueError(
                "exit_form needs `evidence: field` | map contact_given_at and contact_text"
            )
        if self.basis == ContactBasis.LEGITIMATE_INTEREST and not self.assessment:
            raise ValueError("legitimate_interest needs `assessment:` | the reference of yours")
        if self.basis != ContactBasis.EXIT_FORM and self.evidence is not None:
            raise ValueError("`evidence` belongs to basis exit_form | take it out")
        if self.basis != ContactBasis.LEGITIMATE_INTEREST and self.assessment is not None:
            raise ValueError("`assessment` belongs to basis legitimate_interest | take it out")
        return self


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class CloseDay(Section):
    """On which day payroll closes: one of the two."""

    business_day: Annotated[int, Field(ge=-MOST_BUSINESS_DAYS, le=MOST_BUSINESS_DAYS)] | None = None
    weekday: Weekday | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.business_day is None) == (self.weekday is None):
            raise ValueError("must have either `business_day` or `weekday`")
        if self.business_day == 0:
            raise ValueError("there is no business day 0 | 1 is the first, -1 the last")
        return self


class Payroll(Section):
    """When payroll closes at a source's site; satisfies `payroll.PayrollSettings`."""

    close: CloseDay | None = None
    dates: tuple[date, ...] | None = None
    at: LocalTime = time(18, 0)
    holidays: str | None = None

    @field_validator("holidays")
    @classmethod
    def _known_region(cls, value: str | None) -> str | None:
        try:
            holiday_calendar(value)
        except ValueError:
            raise ValueError("no holidays are known for it | like PL, or DE-SN") from None
        return value

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.close is None) == (self.dates is None):
            raise ValueError("must have either `close` or `dates`")
        if self.dates is not None and self.holidays is not None:
            raise ValueError("`holidays` means nothing beside `dates` | take it out")
        return self

    @property
    def rule(self) -> CloseRule:
        """Return the days of the close as the calendar takes them."""
        if self.dates is not None:
            return Dates(self.dates)
        close = self.close or CloseDay(business_day=-1)
        if close.weekday is not None:
            return Weekly(WEEKDAYS.index(close.weekday))
        return BusinessDay(close.business_day or -1)


class Source(WithPlugin):
    """One HRIS, or one file of it: a site with one controller, one law and one time zone."""

    controller: Controller
    jurisdiction: Code
    timezone: TimeZone
    contact: Contact
    payroll: Payroll | None = None  # None: closes are run by hand
    hris_link: Annotated[str, AfterValidator(_link_to_a_person)] | None = None

    def link_to(self, number: str, person_id: str) -> str | None:
        """Return the address of somebody's page in the HRIS; None where none is configured."""
        known = {"number": quote(number, safe=""), "person_id": quote(person_id, safe="")}
        link = self.hris_link
        if link is None or not all(known[name] for name in _PLACEHOLDER.findall(link)):
            return None
        return _PLACEHOLDER.sub(lambda found: known[found[1]], link)


class Consent(Section):
    """Where leavers decide, and on which notice."""

    public_url: WebAddress
    notice: Code
    arrangement: Words | None = None  # of several controllers; GDPR Art. 26
    join: bool = True  # former employees may ask to be asked

    @field_validator("public_url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        if value.startswith("http://") and not is_loopback(value):
            raise ValueError("must be https | plain http is for 127.0.0.1 only")
        if not value.isascii() or len(value) > _LONGEST_URL:
            raise ValueError(
                f"must be ASCII (xn--…) of at most {_LONGEST_URL} characters | it stands in headers"
            )
        return value


class Imap(Section):
    """A mailbox at a server, read through TLS: from the first byte, or after STARTTLS."""

    host: Text
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    user: Text
    password: SecretStr
    folder: Text = "INBOX"
    starttls: bool = False
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0  # seconds


class Webhook(Section):
    """Who may tell us of bounces and complaints: whoever knows the secret."""

    secret: SecretStr

    @field_validator("secret")
    @classmethod
    def _not_guessable(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(
                f"needs {_SHORTEST_SECRET} characters | make one: openssl rand -hex 32"
            )
        return value


class SoftBounces(Section):
    """How many mails that did not arrive, in how short a time, end the question."""

    count: Annotated[int, Field(ge=1)] = 3
    hours: Annotated[int, Field(ge=1)] = 72


class Returns(Section):
    """Where bounces and complaints arrive."""

    maildir: FilePath | None = None
    imap: Imap | None = None
    webhook: Webhook | None = None
    soft: SoftBounces = SoftBounces()

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not (self.maildir or self.imap or self.webhook):
            raise ValueError("must have `maildir`, `imap` or `webhook`")
        return self


class Mail(WithPlugin):
    """Who mails come from, which plugin delivers them, and where they come back to."""

    sender: Text = Field(alias="from")
    returns: Returns | None = None  # None: nobody reads them


class Processor(Section):
    """What is on record about the platform as a recipient (4-consent, gate 0)."""

    agreement: Words
    operator: Text | None = None  # who has the data; another name is another recipient
    region: Code
    transfer: Words | None = None  # for a region outside those of a pack: `alumni_sync.laws`


class Platform(WithPlugin):
    """The community platform."""

    processor: Processor


class Pilot(Section):
    """A first, smaller group: drawn by a share of all people, and in every segment named."""

    share: Share = 1.0
    segments: Audience = Field(default_factory=dict)


class PersonSection(Section):
    """A user of ours: what they may do, for which sources (none named: for all)."""

    user: Text
    mail: Text
    roles: frozenset[Role] = Field(min_length=1)
    sources: tuple[str, ...] = ()
    employee: str | None = Field(default=None, pattern=r"^[^/\s]+/[^/\s]+$", repr=False)
    manager: str | None = Field(default=None, pattern=r"^[^/\s]+/[^/\s]+$", repr=False)

    @model_validator(mode="after")
    def _reviewers_name_their_sources(self) -> Self:
        if Role.REVIEWER in self.roles and not self.sources:
            raise ValueError("a reviewer needs `sources:` | name those whose cases they rule on")
        return self

    def covers(self, source: str) -> bool:
        """Tell whether the person's roles hold for `source`."""
        return not self.sources or source in self.sources


class Url(Section):
    """The address of a web service of ours."""

    url: WebAddress


class Proxy(Section):
    """The reverse proxy that says who somebody is."""

    user_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    secret: SecretStr


class PerDay(Section):
    """Paces: what is above it goes the next day."""

    per_day: Annotated[int, Field(ge=1)] = 200


class Limit(Section):
    """Holds the whole plan where both are exceeded."""

    count: Count
    share: Share


class CodeDrift(Section):
    """When an exit code is not trusted any more (docs/rules.md, Code drift)."""

    factor: Annotated[float, Field(gt=1)] = 3.0  # its share is so many times what it was
    least: Annotated[int, Field(ge=1)] = 10  # and so many new leavers have it
    pause_days: Annotated[int, Field(ge=1)] = 540  # or it comes back after so long


class Brakes(Section):
    """How much may be written at once without a person's release."""

    invitations: PerDay = PerDay()
    adds: Limit = Limit(count=200, share=0.2)
    removals: Limit = Limit(count=20, share=0.2)
