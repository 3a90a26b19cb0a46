"""What a person is shown: notice, form, and what would be stored, value by value."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from alumni_sync.consent.answers.dossier import (
    Agreed,
    Dossier,
    Pending,
    look_up_row,
    open_dossier,
    open_pending,
    remember,
)
from alumni_sync.consent.answers.offers import first_name, full_name, masked, offered_values
from alumni_sync.consent.gates import Open, private_address
from alumni_sync.consent.jurisdictions import JurisdictionPack
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, Position, step
from alumni_sync.consent.notices.editions import Edition, Terms
from alumni_sync.consent.notices.rendering import (
    RenderedForm,
    RenderedNotice,
    Standing,
    render_form,
    render_notice,
)
from alumni_sync.consent.terms import edition_shown, language_for, pack_shown, terms_for
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
    """What a person has said yes to, as stored now.

    Attributes:
        not_before: purpose → civil day before which it stays closed.
    """

    name: str
    email: str
    purposes: frozenset[Purpose]
    fields: Mapping[ProfileField, tuple[str, bool]]  # value, shown to members
    valid_until: datetime
    not_before: Mapping[Purpose, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnewForm:
    """By which a member says yes anew: everything that is not agreed yet, nothing ticked.

    Attributes:
        label: of the yes.
        label_no: of the no; "" unless we ask whether the yes goes on.
        fields: not stored yet.
        hidden: stored, and not shown to members yet.
        purposes: not said yes to yet.
    """

    form_sha256: str
    label: str
    label_no: str
    fields: tuple[OfferedField, ...]
    hidden: tuple[OfferedField, ...]
    purposes: tuple[OfferedPurpose, ...]


@dataclass(frozen=True, slots=True)
class Resting:
    """What waits, or rests, at the moment; all of it empty most of the time.

    Attributes:
        paused_until: end of the person's own pause.
        suspended: whether the spell itself stands against it for now.
        pause_months: how many months a pause may last.
        pending_email: masked; an address that is to be proven until `pending_until`.
    """

    paused_until: datetime | None = None
    suspended: bool = False
    pause_months: int = 0
    pending_email: str = ""
    pending_until: datetime | None = None


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
        can_decide: whether the question takes an answer now.
        can_defer: whether "ask me later" is offered (once).
        current: None as long as there is no grant, be it paused.
        anew: None unless a member can say yes anew.
        sessions_from: visits that began before are over (`acts.is_over`).
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
    anew: AnewForm | None = None
    resting: Resting = Resting()
    sessions_from: datetime | None = None


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
    edition = edition_shown(d, dossier.row["notice_version"])
    pack = pack_shown(d, source)
    terms = terms_for(d, source, dossier.row["basis"], pack)
    code = language_for(
        d, edition, language, dossier.row["language"], dossier.facts.get("language")
    )
    labels = {name: edition.forms[code].fields[name] for name in edition.manifest.fields}
    values = offered_values(dossier.facts, dossier.flags, dossier.topics, labels)
    return Page(
        edition=edition,
        language=code,
        terms=terms,
        pack=pack,
        notice=render_notice(edition, code, terms),
        form=render_form(edition, code, terms, tuple(values)),
        values=values,
        address=address_of(d, dossier),
    )


def anew_page(page: Page, agreed: Agreed, position: Position) -> Page:
    """Return the page by which a member says yes anew: on top of what was agreed.

    Where their yes is about to end, it is the question whether it goes on, and has a no.

    What was agreed keeps the value it had, whatever the HRIS says today.
    """
    values = {**page.values, **{name: shown.value for name, shown in agreed.fields.items()}}
    standing = Standing(
        asked=is_asked(position),
        fields={name: shown.to_members for name, shown in agreed.fields.items()},
        purposes=agreed.purposes,
        not_before=agreed.not_before,
    )
    form = render_form(page.edition, page.language, page.terms, tuple(values), standing)
    return replace(page, form=form, values=values)


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
    now = d.clock.now()
    row = look_up_row(d, invitation_id, now)
    if row is None:
        return None
    remember(d, row)
    ring = d.ledger.vault.load([row["person_id"]])
    dossier = open_dossier(row, ring)
    return _view(page_for(d, dossier, language), dossier, now, open_pending(row, ring))


def _view(page: Page, dossier: Dossier, now: datetime, pending: Pending | None) -> ConsentView:
    row, timers = dossier.row, page.pack.timers
    answerable = not dossier.obstacle
    takes_yes = answerable and step(dossier.position, Event.SAID_YES, now, timers).taken
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
        masked_email=masked(dossier.proven_address),
        controller=page.terms.controller,
        controller_contact=page.terms.contact,
        fields=_fields(page),
        purposes=_purposes(page),
        closes_at=row["closes_at"],
        can_decide=takes_yes and is_asked(dossier.position),
        can_defer=answerable and step(dossier.position, Event.SAID_LATER, now, timers).taken,
        current=current_choices(dossier),
        anew=_anew(page, dossier.agreed, dossier.position)
        if takes_yes and dossier.agreed
        else None,
        resting=Resting(
            paused_until=row["paused_until"],
            suspended=row["suspended"],
            pause_months=timers.pause_months,
            pending_email=masked(pending.address) if pending else "",
            pending_until=row["pending_until"],
        ),
        sessions_from=row["sessions_from"],
    )


def is_asked(position: Position) -> bool:
    """Say whether the question itself is open: members say yes anew in a form of their own.

    Whoever rests is asked for a renewal all the same, and answers it where everybody else does.
    """
    return position.state not in HELD_ONTO or position.base is ConsentState.RENEWAL_DUE


def _fields(page: Page) -> tuple[OfferedField, ...]:
    return tuple(
        OfferedField(name, label.label, page.values[name], label.help)
        for name, label in page.form.fields.items()
    )


def _purposes(page: Page) -> tuple[OfferedPurpose, ...]:
    return tuple(
        OfferedPurpose(name, label.label, label.help) for name, label in page.form.purposes.items()
    )


def _anew(page: Page, agreed: Agreed, position: Position) -> AnewForm:
    more = anew_page(page, agreed, position)
    offered, stored = _fields(more), agreed.fields
    return AnewForm(
        form_sha256=more.form.sha256,
        label=more.form.labels["anew"],
        label_no=more.form.labels["anew_no"] if is_asked(position) else "",
        fields=tuple(one for one in offered if one.field not in stored),
        hidden=tuple(
            one for one in offered if one.field in stored and not stored[one.field].to_members
        ),
        purposes=tuple(one for one in _purposes(more) if one.purpose not in agreed.purposes),
    )


def current_choices(dossier: Dossier) -> CurrentChoices | None:
    """Return what a person has said yes to; None unless it stands, or only rests."""
    agreed, until = dossier.agreed, dossier.row["valid_until"]
    if dossier.state not in HELD_ONTO or agreed is None or until is None:
        return None
    return CurrentChoices(
        name=agreed.name,
        email=agreed.email,
        purposes=agreed.purposes,
        fields={name: (shown.value, shown.to_members) for name, shown in agreed.fields.items()},
        valid_until=until,
        not_before=agreed.not_before,
    )
