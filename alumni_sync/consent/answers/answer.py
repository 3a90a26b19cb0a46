"""What a person answers, the evidence beside it, and what may become of it.

Plain values, shared by the consent site, the command line and the decision service. An outcome
is a value, never an exception: a page shows each of them in its own way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from alumni_sync.domain import ConsentState
from alumni_sync.ports import ProfileField, Purpose


class Answer(StrEnum):
    """The four answers of the form. None is preselected; no answer at all is no decision."""

    YES = "yes"
    NO = "no"
    LATER = "later"
    NOT_ME = "not_me"


class Channel(StrEnum):
    """By which way a consent event reached us; kept as evidence."""

    MAIL_LINK = "mail_link"
    PREFERENCES = "preference_centre"
    ONE_CLICK = "one_click"
    JOIN_PAGE = "join_page"
    PHONE = "phone"
    LETTER = "letter"
    PLATFORM = "platform"  # switched off by the member there
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was submitted with the form that a person was shown.

    Attributes:
        answer: None when the form was submitted without one.
        name: as the person wants to appear; only read for a yes.
        email: "" or the address we wrote to; another one has to be proven before the yes counts.
        purposes: ticked purposes; membership itself is implied by the yes.
        fields: ticked field → whether other members may see it.
        not_before: purpose → civil day before which it stays closed.
        notice_sha256: hash of the notice that was on the page.
        form_sha256: hash of the form definition that was on the page.
        version: of the invitation, as the page had it.
        nonce: of the page; the same nonce twice is the same decision.
        language: in which the page was shown; "" means the invitation's own.
    """

    answer: Answer | None
    notice_sha256: str
    form_sha256: str
    version: int
    nonce: str
    name: str = ""
    email: str = ""
    purposes: frozenset[Purpose] = frozenset()
    fields: Mapping[ProfileField, bool] = field(default_factory=dict)
    not_before: Mapping[Purpose, date] = field(default_factory=dict)
    language: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How an answer reached us, as far as it may be kept.

    Attributes:
        token_id: `Link.token_id` of the link that opened the session; "" where there was none.
        network: network of the client, cut to /24 or /48 by the caller.
        agent: family of the client only (`firefox`), never the full header.
        recorded_by: user name of whoever wrote down a call or a letter; "" on the site.
        visit_begun: when the visit began that it came by; None where there was none.
    """

    channel: Channel
    token_id: str = ""
    network: str = ""
    agent: str = ""
    recorded_by: str = ""
    visit_begun: datetime | None = field(default=None, compare=False)  # of no record


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer stands as consent event `seq`; `replay` when the same form came a second time."""

    seq: int
    receipt_id: str
    state: ConsentState
    replay: bool = False


@dataclass(frozen=True, slots=True)
class NothingChosen:
    """The form came without an answer: nothing was written, the page is shown again (422)."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Notice, form or version changed since the page was made: show it anew (409)."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The state does not allow this act; show the current state (409).

    Attributes:
        reason: `state`, `before_exit`, `not_standing`, `used` or `visit_over`.
    """

    state: ConsentState
    reason: str = "state"


@dataclass(frozen=True, slots=True)
class Invalid:
    """The form cannot be taken: `(field, reason code)` for every problem at once (422)."""

    problems: tuple[tuple[str, str], ...]


Outcome = Decided | NothingChosen | Stale | Conflict | Invalid
