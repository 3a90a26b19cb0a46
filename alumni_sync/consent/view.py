"""What a person is shown: notice, form, and what would be stored, value by value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alumni_sync.consent.dossier import Dossier, load_dossier, person_of
from alumni_sync.consent.editions import Edition, Terms
from alumni_sync.consent.gates import Open, private_address
from alumni_sync.consent.jurisdictions import JurisdictionPack
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.consent.notices import (
    RenderedForm,
    RenderedNotice,
    render_form,
    render_notice,
)
from alumni_sync.consent.offers import first_name, full_name, masked, offered_values
from alumni_sync.consent.terms import edition_of, language_for, pack_of, terms_for
from alumni_sync.domain import LIVE_STATES, ConsentState
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
        notice_html: rendered from our own Markdown with raw HTML off.
        notice_sha256: of the exact text (Markdown with variables filled in, NFC, LF).
        form_sha256: of labels, order and defaults; both come back with the `Choice`.
        languages: code → name of itself, in the notice's order.
        labels: form labels, see `editions.LABELS`.
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


@dataclass(frozen=True, slots=True)
class Page:
    """Notice and form as one person sees them, with the values behind the boxes."""

    edition: Edition
    language: str
    terms: Terms
    pack: JurisdictionPack
    notice: RenderedNotice
    form: RenderedForm
    values: Mapping[ProfileField, str]
    address: str


def page_for(d: "Deployment", dossier: Dossier, language: str | None) -> Page:
    """Return the page of a dossier in `language` (None: its own)."""
    source = dossier.row["source"]
    edition, terms = edition_of(d), terms_for(d, source, dossier.row["basis"])
    code = language_for(
        d, edition, language, dossier.row["language"], dossier.facts.get("language")
    )
    labels = {name: edition.forms[code].fields[name] for name in edition.manifest.fields}
    values = offered_values(dossier.facts, dossier.flags, dossier.topics, labels)
    return Page(
        edition=edition,
        language=code,
        terms=terms,
        pack=pack_of(d, source),
        notice=render_notice(edition, code, terms),
        form=render_form(edition, code, terms, tuple(values)),
        values=values,
        address=dossier.asked_address or _address_of_today(d, dossier),
    )


def address_of(d: "Deployment", dossier: Dossier) -> str:
    """Return the address on record: the chosen one, else the one that was asked; "" for none."""
    if dossier.agreed:
        return dossier.agreed.email
    return dossier.asked_address or _address_of_today(d, dossier)


def _address_of_today(d: "Deployment", dossier: Dossier) -> str:
    """Return the address that a mail would go to; only for a page nobody was written to about."""
    found = private_address(dossier.facts, d.settings.company.domains)
    return found.address if isinstance(found, Open) else ""


def view(d: "Deployment", invitation_id: str, language: str | None = None) -> ConsentView | None:
    """Return what to show for an invitation in `language` (None: its own); None if unknown."""
    person, now = person_of(d, invitation_id), d.clock.now()
    if person is None:
        return None
    ring = d.ledger.vault.load([person])
    with d.ledger.read() as connection:
        dossier = load_dossier(connection, ring, invitation_id, now)
    return None if dossier is None else _view(page_for(d, dossier, language), dossier, now)


def _view(page: Page, dossier: Dossier, now: datetime) -> ConsentView:
    row, timers = dossier.row, page.pack.timers
    answerable = not dossier.obstacle
    return ConsentView(
        invitation_id=row["id"],
        state=dossier.state,
        version=row["version"],
        language=page.language,
        languages=page.edition.manifest.languages,
        notice_id=page.edition.manifest.id,
        notice_version=page.edition.manifest.version,
        notice_html=page.notice.html,
        notice_sha256=page.notice.sha256,
        form_sha256=page.form.sha256,
        labels=page.form.labels,
        first_name=first_name(dossier.facts),
        full_name=dossier.agreed.name if dossier.agreed else full_name(dossier.facts),
        masked_email=masked(dossier.agreed.email if dossier.agreed else page.address),
        controller=page.terms.controller,
        controller_contact=page.terms.contact,
        fields=tuple(
            OfferedField(name, label.label, page.values[name], label.help)
            for name, label in page.form.fields.items()
        ),
        purposes=tuple(
            OfferedPurpose(name, label.label, label.help)
            for name, label in page.form.purposes.items()
        ),
        closes_at=row["closes_at"],
        can_decide=answerable and step(dossier.position, Event.SAID_YES, now, timers).taken,
        can_defer=answerable and step(dossier.position, Event.SAID_LATER, now, timers).taken,
        current=current_choices(dossier),
    )


def current_choices(dossier: Dossier) -> CurrentChoices | None:
    """Return what a person has said yes to; None unless it is live."""
    agreed, until = dossier.agreed, dossier.row["valid_until"]
    if dossier.state not in LIVE_STATES or agreed is None or until is None:
        return None
    return CurrentChoices(
        name=agreed.name,
        email=agreed.email,
        purposes=agreed.purposes,
        fields={name: (shown.value, shown.to_members) for name, shown in agreed.fields.items()},
        valid_until=until,
    )
