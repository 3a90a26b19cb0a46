"""A yes that came on paper: the first of two keys in what stands on it, the second compares.

The actor of the event is the person who signed, never whoever typed; both witnesses stand in its
evidence. By phone there is no yes, since nobody could show it later.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, tzinfo
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, update

from alumni_sync.consent.answers.acts import Act as Doing
from alumni_sync.consent.answers.acts import Beside, begin, given_of, write
from alumni_sync.consent.answers.addresses import name_address, usable_address
from alumni_sync.consent.answers.answer import (
    Answer,
    Channel,
    Choice,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    Outcome,
    Stale,
)
from alumni_sync.consent.answers.checks import agreed_from, is_same_address
from alumni_sync.consent.answers.dossier import Agreed
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.consent.mail.composing import plain_name
from alumni_sync.consent.notices.rendering import render_form, render_notice
from alumni_sync.consent.notices.versions import asks_again
from alumni_sync.consent.paper.checks import PaperAnswer, is_before_exit, paper_problems
from alumni_sync.consent.paper.forms import (
    ANSWERS,
    AWAITING,
    PRINTED,
    RECORDED,
    PrintedForm,
    find_answer,
    in_the_way,
    open_form,
    seal_answer,
)
from alumni_sync.consent.terms import edition_of, terms_for
from alumni_sync.domain import Identity
from alumni_sync.errors import ConfigError, Refused
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.people.own_file import refuse_own_file
from alumni_sync.review.rulings import approvals

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

RECORD: Final = "record"
"""The act that two people agree on, see `review.rulings.approvals`."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """One act at the desk, within a write transaction, on a locked form and invitation.

    Attributes:
        doing: the act of the person who signed; its page is the form's, where that is still good.
        problem: why no yes can be taken on this form now; "" if one can.
    """

    row: Row[Any]
    form: PrintedForm
    doing: Doing
    identity: Identity
    problem: str

    @property
    def zone(self) -> tzinfo:
        """Return the time zone of the site."""
        return self.doing.d.settings.sources[self.doing.dossier.row["source"]].timezone


def propose_consent(
    d: "Deployment", number: str, version: int, paper: PaperAnswer, identity: Identity
) -> Outcome | None:
    """Key in a form that came back, as the first of two; None: it waits for the second.

    Args:
        d: the open deployment.
        number: `RA-000123`, at the foot of the form.
        version: of the form, as the page had it.
        paper: what stands on it.
        identity: who keys it in.

    Raises:
        Refused: there is no such form, the identity may not, or it is their own file.
    """
    ring = _keys(d, number)
    with d.ledger.write() as connection:
        desk = _begin(d, connection, ring, number, identity, (Act.RECORD_CONSENT,))
        if _done(desk, AWAITING, version):
            return None
        if (desk.row.state, desk.row.version) != (PRINTED, version):
            return Stale()
        if desk.problem:
            return Conflict(desk.doing.state, desk.problem)
        now = desk.doing.now
        wrong = paper_problems(
            desk.form,
            paper,
            exit_end=desk.doing.dossier.row["effective_at"],
            today=now.astimezone(desk.zone).date(),
            zone=desk.zone,
        )
        if wrong:
            return Invalid(wrong)
        said = _said(paper, desk)
        agreed, _ = _agreed(desk, said)
        if isinstance(agreed, Invalid):
            return agreed
        values = {"recorded_by": identity.user, "received_on": paper.received_on}
        _move(desk, AWAITING, values, said)
        approvals.propose(
            connection, number, version + 1, RECORD, identity, reason="on_paper", at=now
        )
    return None


def confirm_consent(d: "Deployment", number: str, version: int, identity: Identity) -> Outcome:
    """Confirm, as the second of two, that a paper says what was keyed in.

    The consent is given; or, where the paper names another address than the one that was asked,
    as soon as that is proven.

    Raises:
        Refused: nobody proposed it, the same person did, or the identity may not.
    """
    ring = _keys(d, number)
    with d.ledger.write() as connection:
        desk = _begin(d, connection, ring, number, identity, (Act.CONFIRM_CONSENT,))
        if _done(desk, RECORDED, version):
            return Decided(desk.row.seq, "", desk.doing.state, replay=True)
        if (desk.row.state, desk.row.version) != (AWAITING, version):
            return Stale()
        if desk.problem:
            return Conflict(desk.doing.state, desk.problem)
        waiting = approvals.pending(connection, number, version)
        source, authority = desk.doing.dossier.row["source"], authority_now(d, connection)
        if waiting and (void := approvals.lapsed(waiting, authority, Act.RECORD_CONSENT, source)):
            raise Refused(f"{void}; send it back, and let somebody else key it in")
        if _signed_too_early(desk):
            return Conflict(desk.doing.state, "signed_before_exit")
        outcome = _give(desk)
        if not isinstance(outcome, Decided):
            return outcome
        approvals.confirm(connection, number, version, RECORD, identity, at=desk.doing.now)
        values = {"second_by": identity.user, "closed_at": desk.doing.now, "seq": outcome.seq}
        _move(desk, RECORDED, values, desk.form.said)
    return outcome


def send_back(d: "Deployment", number: str, version: int, identity: Identity) -> Outcome | None:
    """Put a proposal back to "not come back": the paper says something else; None: done.

    Raises:
        Refused: the identity may do neither part of it.
    """
    ring = _keys(d, number)
    with d.ledger.write() as connection:
        acts = (Act.CONFIRM_CONSENT, Act.RECORD_CONSENT)
        desk = _begin(d, connection, ring, number, identity, acts)
        if (desk.row.state, desk.row.version) == (PRINTED, version + 1):
            return None
        if (desk.row.state, desk.row.version) != (AWAITING, version):
            return Stale()
        _move(desk, PRINTED, {"received_on": None}, {})
    return None


def _keys(d: "Deployment", number: str) -> KeyRing:
    """Load the keys before the write transaction: another database must not lengthen it."""
    with d.ledger.read() as connection:
        row = find_answer(connection, number)
    return d.ledger.vault.load([row.person_id] if row else [])


def _begin(
    d: "Deployment",
    connection: Connection,
    ring: KeyRing,
    number: str,
    identity: Identity,
    acts: Collection[Act],
) -> _Desk:
    row = find_answer(connection, number, lock=True)
    if row is None:
        raise Refused(f"there is no form {number}")
    form = open_form(d, connection, ring, row)
    evidence = Evidence(Channel.LETTER, recorded_by=row.recorded_by)
    nonce = f"{form.number}:{row.version}"
    doing = begin(d, connection, ring, row.invitation_id, evidence, nonce, form.language)
    if not isinstance(doing, Doing):
        raise Refused(f"{number} cannot be recorded: nothing can be proven of this person any more")
    authority, source = authority_now(d, connection), doing.dossier.row["source"]
    if not any(authority.may(identity, act, source).allowed for act in acts):
        authority.require(identity, next(iter(acts)), source)
    refuse_own_file(d, connection, identity, row.person_id)
    doing, problem = _on_the_form(doing, form)
    return _Desk(row, form, doing, identity, problem)


def _done(desk: _Desk, state: str, seen: int) -> bool:
    """Say whether this very person did this very thing before, on what they had seen."""
    by = desk.row.recorded_by if state == AWAITING else desk.row.second_by
    return (desk.row.state, desk.row.version, by) == (state, seen + 1, desk.identity.user)


def _on_the_form(doing: Doing, form: PrintedForm) -> tuple[Doing, str]:
    """Return the act on the page that the form is, and why no yes can be taken on it now.

    A form is good as long as no newer edition means something else, and its own, with what we say
    today about controller, recipient and periods, still gives its very words; otherwise the yes
    would be to something else.
    """
    reason = in_the_way(doing.d, doing.connection, doing.dossier, doing.page)
    if asks_again(form.notice_version, doing.page.edition.manifest.version):
        return doing, "other_notice"
    try:
        edition = edition_of(doing.d, form.notice_version)
    except ConfigError:
        return doing, "other_notice"
    if edition.manifest.id != form.notice_id or form.language not in edition.manifest.languages:
        return doing, "other_notice"
    terms = terms_for(doing.d, doing.dossier.row["source"])
    page = replace(
        doing.page,
        edition=edition,
        language=form.language,
        terms=terms,
        notice=render_notice(edition, form.language, terms),
        form=render_form(edition, form.language, terms, tuple(form.values)),
        values=dict(form.values),
    )
    if (page.notice.sha256, page.form.sha256) != (form.text_sha256, form.form_sha256):
        return doing, "other_notice"
    return replace(doing, page=page), reason


def _said(paper: PaperAnswer, desk: _Desk) -> dict[str, Any]:
    boxes = desk.doing.page.form
    return {
        "name": plain_name(paper.name),
        "email": paper.email.strip(),
        "purposes": [one.value for one in boxes.purposes if one.value in paper.purposes],
        "fields": {
            one.value: paper.fields[one.value] for one in boxes.fields if one.value in paper.fields
        },
        "signed_on": paper.signed_on.isoformat() if paper.signed_on else "",
        "kept": paper.kept.strip(),
    }


def _agreed(desk: _Desk, said: Mapping[str, Any]) -> tuple[Agreed | Invalid, bool]:
    """Return what a paper agrees to, and whether to an address that has to be proven first."""
    doing = desk.doing
    typed, known = said["email"], doing.dossier.proven_address
    other = bool(typed) and not (known and is_same_address(typed, known))
    choice = Choice(
        Answer.YES,
        doing.page.notice.sha256,
        doing.page.form.sha256,
        doing.dossier.row["version"],
        "",
        name=said["name"],
        email=typed,
        purposes=frozenset(map(Purpose, said["purposes"])),
        fields={ProfileField(name): shown for name, shown in said["fields"].items()},
    )
    address = usable_address(doing, typed) if other else known
    today = doing.now.astimezone(UTC).date()
    return agreed_from(choice, doing.page, address, today), other


def _signed_too_early(desk: _Desk) -> bool:
    """Say whether the exit has moved past the signature since the paper was keyed in."""
    signed = date.fromisoformat(desk.form.said["signed_on"])
    return is_before_exit(signed, desk.doing.dossier.row["effective_at"], desk.zone)


def _give(desk: _Desk) -> Outcome:
    """Write the consent that a paper is: the actor is its signer; both witnesses are named."""
    doing, said = desk.doing, desk.form.said
    agreed, other = _agreed(desk, said)
    if isinstance(agreed, Invalid):
        return agreed
    evidence = {
        "recorded_answer": desk.form.number,
        "confirmed_by": desk.identity.user,
        "signed_on": said["signed_on"],
        "received_on": desk.row.received_on.isoformat(),
    }
    if other:
        return name_address(doing, agreed, agreed.email, evidence)
    moved = step(doing.dossier.position, Event.SAID_YES, doing.now, doing.page.pack.timers)
    given = given_of(doing, Answer.YES.value, agreed, moved)
    beside = Beside(evidence=evidence)
    return write(doing, Event.SAID_YES, moved, given, agreed, keeps=agreed, beside=beside)


def _move(desk: _Desk, state: str, values: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    form = desk.form
    sealed = seal_answer(desk.doing.ring, form.person_id, form.printed, said)
    this = (ANSWERS.c.id == desk.row.id, ANSWERS.c.version == desk.row.version)
    moved = {"state": state, "version": desk.row.version + 1, "sealed": sealed, **values}
    if not desk.doing.connection.execute(update(ANSWERS).where(*this).values(**moved)).rowcount:
        raise Refused(f"{form.number}: somebody else was faster, look at it again")
