"""Who is to be asked: spells in good standing become invitations and queued mails, page by page.

Nothing is sent here. The gates are asked to sort out whom we can never reach; they are asked again
by the delivery at the moment of use. A reason that lies in the deployment (no agreement with the
platform, a pack that counsel has not accepted) is noted about nobody: those people simply wait.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import INVITATION
from alumni_sync.consent.calendars import is_working_day, known_country, next_working_day
from alumni_sync.consent.gates import (
    OF_THE_CONFIGURATION,
    Closed,
    ClosedReason,
    ContactTerms,
    by_own_request,
    contact_gate,
    deciding_terms,
    deployment_gate,
)
from alumni_sync.consent.joining.joined import own_requests, spells_that_asked
from alumni_sync.consent.lifecycle import UNANSWERED, Event, Position, step
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import asking_key, mail_row, queue
from alumni_sync.consent.notices.editions import Edition
from alumni_sync.consent.returns.unreachable import has_another_address, mailbox_gone
from alumni_sync.consent.standing import PERSON, SPELL, joined, may_be_asked
from alumni_sync.consent.terms import contact_terms, edition_of, language_for
from alumni_sync.consent.transitions import Along, Happening, record, suppressed_scope
from alumni_sync.domain import Actor, ConsentState, ContactBasis, Facts
from alumni_sync.ledger.among import among
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.ids import new_ids
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.ledger.upsert import CHUNK, insert_ignore

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from alumni_sync.deployment import Deployment

MORNING: Final = time(8)
"""When a mail that had to wait for a working day may leave, at the leaver's site."""
_SUPPRESSION: Final = t(Suppression)
_REOPENABLE: Final = (ConsentState.REVOKED.value, ConsentState.NO_CONTACT.value)


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """What planning did.

    Attributes:
        due: invitations that were queued.
        no_contact: people whom we can never write to; each with a reason in the ledger.
        blocked: reason of the deployment → people who wait for it.
    """

    due: int = 0
    no_contact: int = 0
    blocked: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Site:
    """One source, as far as planning needs it."""

    name: str
    jurisdiction: str
    timezone: "ZoneInfo"
    terms: ContactTerms
    edition: Edition
    now: datetime
    only_own: bool = False  # only people who asked to be asked may be asked here

    @property
    def today(self) -> date:
        return self.now.astimezone(self.timezone).date()


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done about one spell: ask from `due_at` on, or never, for `reason`."""

    row: RowMapping
    language: str
    due_at: datetime
    basis: ContactBasis
    reason: str = ""

    @property
    def is_known(self) -> bool:
        """Say whether it is noted already that we cannot write, and no fact has changed since."""
        return bool(self.reason) and self.reason == self.row["looked_again"]

    def is_settled(self, terms: ContactTerms) -> bool:
        """Say whether it is noted just like that, with what the configuration says now."""
        return self.is_known and self.row["reason_terms"] == _deciding(terms, self.reason)


def plan_requests(d: "Deployment", run_id: str, *, page: int = CHUNK) -> RequestCounts:
    """Queue an invitation for everybody who may be asked and was not; note whom we cannot reach.

    Raises:
        ConfigError: a jurisdiction pack or the notice cannot be used.
    """
    del run_id  # the outbox needs no run: its keys say what was planned, whoever planned it
    due = no_contact = 0
    blocked: Counter[str] = Counter()
    for name in d.settings.sources:
        site = _site_of(d, name)
        if reason := deployment_gate(site.terms):
            blocked[reason.value] += _count(d, site)
            site = replace(site, only_own=True)
            if deployment_gate(by_own_request(site.terms, {}, "", "")[0]):
                continue
        for found in _candidates(d, site, page):
            plans = _plans(d, site, found)
            _save(d, site, plans)
            no_contact += sum(1 for plan in plans if plan.reason and not plan.is_known)
            due += sum(1 for plan in plans if not plan.reason)
    return RequestCounts(due, no_contact, dict(sorted((+blocked).items())))


def _site_of(d: "Deployment", name: str) -> _Site:
    section = d.settings.sources[name]
    return _Site(
        name=name,
        jurisdiction=section.jurisdiction,
        timezone=section.timezone,
        terms=contact_terms(d, name),
        edition=edition_of(d),
        now=d.clock.now(),
    )


def _query(site: _Site) -> Select[Any]:
    """Return who may be asked and was not, or ended without an answer and is back."""
    unreachable = INVITATION.c.state == ConsentState.NO_CONTACT.value
    changed = case(
        (mailbox_gone(), has_another_address()),
        else_=SPELL.c.changed_at > INVITATION.c.changed_at,
    )
    # The configuration may be mended, and a minor grows up, without any fact changing.
    of_age = INVITATION.c.no_contact_reason == ClosedReason.MINOR.value
    looked_again = case((and_(unreachable, ~changed), INVITATION.c.no_contact_reason), else_="")
    back = or_(
        INVITATION.c.state == ConsentState.REVOKED.value,
        and_(unreachable, or_(changed, of_age, mended(site.terms))),
    )
    own = (SPELL.c.id.in_(spells_that_asked()),) if site.only_own else ()
    return (
        select(
            SPELL.c.id.label("spell"),
            SPELL.c.person_id.label("person"),
            SPELL.c.sealed.label("spell_sealed"),
            SPELL.c.effective_at,
            PERSON.c.address_hash,
            looked_again.label("looked_again"),
            INVITATION,
        )
        .select_from(joined().outerjoin(INVITATION, INVITATION.c.spell_id == SPELL.c.id))
        .where(
            SPELL.c.source == site.name,
            may_be_asked(site.now),
            or_(INVITATION.c.id.is_(None), back),
            *own,
        )
    )


def mended(terms: ContactTerms) -> ColumnElement[bool]:
    """Say that an invitation's reason comes from what the configuration says otherwise now.

    Only of people who were never written to: whoever was, has had the mails of their round.
    """
    return and_(
        INVITATION.c.asked == 0,
        or_(
            *(
                and_(
                    INVITATION.c.no_contact_reason == reason.value,
                    INVITATION.c.reason_terms != deciding_terms(terms, reason),
                )
                for reason in OF_THE_CONFIGURATION
            )
        ),
    )


def _deciding(terms: ContactTerms, reason: str) -> str:
    return deciding_terms(terms, ClosedReason(reason)) if reason else ""


def _count(d: "Deployment", site: _Site) -> int:
    with d.ledger.read() as connection:
        waiting = select(func.count()).select_from(_query(site).subquery())
        return int(connection.execute(waiting).scalar_one())


def _candidates(d: "Deployment", site: _Site, size: int) -> Iterator[Sequence[RowMapping]]:
    """Yield pages of spells; each page is saved before the next one is read."""
    after = ""
    while True:
        query = _query(site).where(SPELL.c.id > after).order_by(SPELL.c.id).limit(size)
        with d.ledger.read() as connection:
            page = connection.execute(query).mappings().all()
        if page:
            yield page
        if len(page) < size:
            return
        after = page[-1]["spell"]


def _plans(d: "Deployment", site: _Site, page: Sequence[RowMapping]) -> list[_Plan]:
    ring = d.ledger.vault.load([row["person"] for row in page])
    with d.ledger.read() as connection:
        own = own_requests(connection, ring, [row["spell"] for row in page])
    hashes = {row["spell"]: row["address_hash"] for row in page}
    hashes |= {spell: d.ledger.hashes.address(one.address) for spell, one in own.items()}
    scopes = _scopes(d, [one for one in hashes.values() if one])
    plans = []
    for row in page:
        if not ring.has(row["person"], KeyKind.PROFILE):
            continue  # erased between the query and now
        opened = ring.open(row["person"], KeyKind.PROFILE, "spell", row["spell_sealed"])
        scope = scopes.get(hashes[row["spell"]])
        suppressed = suppressed_scope(scope, MailKind.INVITATION.value)
        about: tuple[ContactTerms, Facts] = (site.terms, load_facts(opened))
        if row["spell"] in own:
            asked = own[row["spell"]]
            about = by_own_request(*about, asked.address, asked.language)
        plans.append(_plan(d, site, row, about, suppressed=suppressed))
    return [plan for plan in plans if not plan.is_settled(site.terms)]


def _scopes(d: "Deployment", hashes: Sequence[str]) -> dict[str, str]:
    query = select(_SUPPRESSION.c.address_hash, _SUPPRESSION.c.scope)
    with d.ledger.read() as connection:
        listed = query.where(among(_SUPPRESSION.c.address_hash))
        return dict(connection.execute(listed, {"among": set(hashes)}).all())


def _plan(
    d: "Deployment",
    site: _Site,
    row: RowMapping,
    about: tuple[ContactTerms, Facts],
    *,
    suppressed: bool,
) -> _Plan:
    terms, facts = about
    country = country_of(facts, terms)
    gate = contact_gate(
        terms,
        facts,
        today=site.today,
        working_day=is_working_day(site.today, country),
        suppressed=suppressed,
    )
    language = language_for(d, site.edition, facts.get("language"))
    if not isinstance(gate, Closed):
        return _Plan(row, language, site.now, terms.basis)
    if gate.reason is ClosedReason.NOT_TODAY:
        return _Plan(row, language, next_morning(site.now, site.timezone, country), terms.basis)
    return _Plan(row, language, site.now, terms.basis, gate.reason.value)


def country_of(facts: Facts, terms: ContactTerms) -> str:
    """Return whose holidays count: the leaver's country where it is known, else the pack's."""
    country = facts.get("country")
    if isinstance(country, str) and known_country(country.upper()):
        return country.upper()
    return terms.pack.holidays


def next_morning(now: datetime, timezone: "ZoneInfo", country: str) -> datetime:
    """Return when a mail may leave that cannot leave today."""
    day = next_working_day(now.astimezone(timezone).date(), country)
    return datetime.combine(day, MORNING, tzinfo=timezone)


def _save(d: "Deployment", site: _Site, plans: Sequence[_Plan]) -> None:
    new = [plan for plan in plans if plan.row["id"] is None]
    noted = [plan for plan in plans if plan.is_known]
    back = [plan for plan in plans if plan.row["id"] is not None and not plan.is_known]
    with d.ledger.write() as connection:
        _insert(connection, site, new)
        _note_terms(connection, site, noted)
        for plan in back:
            _reopen(connection, site, plan)


def _insert(connection: "Connection", site: _Site, plans: Sequence[_Plan]) -> None:
    made = dict(zip(new_ids("I", len(plans)), plans, strict=True))
    rows = [_row(site, invitation_id, plan) for invitation_id, plan in made.items()]
    insert_ignore(connection, INVITATION, rows, key=("spell_id",))
    # Another run may have been first; its mail is queued then, and ours must not be.
    query = select(INVITATION.c.id).where(INVITATION.c.id.in_(list(made)))
    ours = set(connection.execute(query).scalars())
    asked = [row for row in rows if row["id"] in ours and not row["no_contact_reason"]]
    queue(connection, [_first_mail(row, made[row["id"]], site.now) for row in asked])
    _purge_later(connection, [plan for plan in plans if plan.reason], site.now)


def _row(site: _Site, invitation_id: str, plan: _Plan) -> dict[str, Any]:
    state = ConsentState.NO_CONTACT if plan.reason else ConsentState.NOT_ASKED
    return {
        "id": invitation_id,
        "spell_id": plan.row["spell"],
        "person_id": plan.row["person"],
        "source": site.name,
        "state": state.value,
        "created_at": site.now,
        "version": 1,
        "round": 1,
        "asked": 0,
        "deferred": False,
        "gate_open": False,
        "pending_version": 0,
        **_terms(site, plan),
    }


def _terms(site: _Site, plan: _Plan) -> dict[str, Any]:
    return {
        "basis": plan.basis.value,
        "jurisdiction": site.jurisdiction,
        "notice_id": site.edition.manifest.id,
        "notice_version": site.edition.manifest.version,
        "language": plan.language,
        "no_contact_reason": plan.reason,
        "reason_terms": _deciding(site.terms, plan.reason),
        "changed_at": site.now,
    }


def _first_mail(row: Mapping[str, Any], plan: _Plan, now: datetime) -> dict[str, Any]:
    key = asking_key(row["id"], row["round"], 1)
    return mail_row(row, MailKind.INVITATION, key, plan.due_at, now)


def _purge_later(connection: "Connection", plans: Sequence[_Plan], now: datetime) -> None:
    if plans:
        connection.execute(
            update(SPELL)
            .where(SPELL.c.id == bindparam("spell"))
            .values(purge_after=now + UNANSWERED),
            [{"spell": plan.row["spell"]} for plan in plans],
        )


def _note_terms(connection: "Connection", site: _Site, plans: Sequence[_Plan]) -> None:
    """Note that the configuration as it is now closes the gate for the same reason as before."""
    for reason in {plan.reason for plan in plans}:
        ids = [plan.row["id"] for plan in plans if plan.reason == reason]
        same = (INVITATION.c.id.in_(ids), INVITATION.c.no_contact_reason == reason)
        values = {"reason_terms": _deciding(site.terms, reason)}
        connection.execute(update(INVITATION).where(*same).values(values))


def _reopen(connection: "Connection", site: _Site, plan: _Plan) -> None:
    """Ask anew about a spell that ended without an answer, or note why we still cannot."""
    locked = (
        select(INVITATION)
        .where(INVITATION.c.id == plan.row["id"], INVITATION.c.state.in_(_REOPENABLE))
        .with_for_update()
    )
    row = connection.execute(locked).mappings().first()
    if row is None:
        return
    if plan.reason:
        where = INVITATION.c.id == row["id"]
        connection.execute(update(INVITATION).where(where).values(_terms(site, plan)))
        return
    position = Position(ConsentState(row["state"]), round=row["round"])
    moved = step(position, Event.REOPENED, site.now, site.terms.pack.timers)
    happening = Happening(Event.REOPENED, Actor.SYSTEM, Channel.SYSTEM, site.now)
    record(connection, row, moved, happening, Along(values={**_terms(site, plan), "sealed": None}))
    connection.execute(update(SPELL).where(SPELL.c.id == row["spell_id"]).values(purge_after=None))
    reopened = {**row, "round": moved.position.round}
    queue(connection, [_first_mail(reopened, plan, site.now)])
