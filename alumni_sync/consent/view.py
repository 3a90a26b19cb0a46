"""What a person is shown: notice, form, and what would be stored, value by value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alumni_sync.domain import ConsentState
from alumni_sync.ports import ProfileField, Purpose

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class OfferedField:
    """One field that may be ticked, with the value that would be stored.

    Attributes:
        help: an explanation that is shown before the box (a retiree badge reveals age); may be "".
    """

    field: ProfileField
    label: str
    value: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class OfferedPurpose:
    """One purpose that may be ticked; membership itself is the question and not among them."""

    purpose: Purpose
    label: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class CurrentChoices:
    """What a person has said yes to, as stored now."""

    name: str
    email: str
    purposes: frozenset[Purpose]
    fields: Mapping[ProfileField, tuple[str, bool]]  # value, shown to members
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class ConsentView:
    """Everything the consent page needs; made anew at every request, nothing is written.

    Attributes:
        notice_html: rendered, sanitised by construction (our own Markdown, raw HTML off).
        notice_sha256: of the exact text (Markdown with variables filled in, NFC, LF).
        form_sha256: of labels, order and defaults; both come back with the `Choice`.
        languages: code → name of itself, in the notice's order.
        labels: form labels: `question`, `yes`, `no`, `later`, `not_me`, `name`, `shown`, `submit`…
        controller: name of the controller; `controller_contact` its address for questions.
        can_decide: whether this state takes an answer at all.
        can_defer: whether "ask me later" is offered (once).
        current: None as long as there is no live grant.
    """

    invitation_id: str
    state: ConsentState
    version: int
    language: str
    languages: Mapping[str, str]
    notice_id: str
    notice_version: str
    notice_html: str
    notice_sha256: str
    form_sha256: str
    labels: Mapping[str, str]
    first_name: str
    full_name: str
    masked_email: str
    controller: str
    controller_contact: str
    fields: tuple[OfferedField, ...]
    purposes: tuple[OfferedPurpose, ...]
    closes_at: datetime | None
    can_decide: bool
    can_defer: bool
    current: CurrentChoices | None


def view(d: "Deployment", invitation_id: str, language: str | None = None) -> ConsentView | None:
    """Return what to show for an invitation in `language` (None: its own); None if unknown."""
    raise NotImplementedError
