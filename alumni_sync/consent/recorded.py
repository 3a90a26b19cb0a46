"""A yes that came on paper: the first of two keys in what stands on it, the second compares.

The actor of the event is the person who signed, never whoever typed; both witnesses stand in its
evidence. By phone there is no yes, since nobody could show it later.
"""

from base64 import b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Row, update

from alumni_sync.consent.answers import (
    Answer,
    Channel,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    Outcome,
    Stale,
)
from alumni_sync.consent.dossier import Agreed, Dossier, load_dossier, seal_agreed
from alumni_sync.consent.evidence import TABLE, Given, decision_body
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.consent.mails import plain_name
from alumni_sync.consent.notices import render_form, render_notice
from alumni_sync.consent.paper_checks import PaperAnswer, paper_problems
from alumni_sync.consent.paper_forms import (
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
from alumni_sync.consent.transitions import Along, Happening, record
from alumni_sync.consent.view import Page, page_for
from alumni_sync.domain import Actor, Identity
from alumni_sync.errors import ConfigError, Refused
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.ports import ProfileField, Purpose, Shown
from alumni_sync.review import approvals
from alumni_sync.review.authority import Act, Authority
from alumni_sync.review.own_file import refuse_own_file

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

RECORD: Final = "record"
"""The act that two people agree on, see `review.approvals`."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """One act at the desk, within a write transaction, on a locked form and invitation."""

    d: "Deployment"
    connection: Connection
    ring: KeyRing
    row: Row[Any]
    form: PrintedForm
    dossier: Dossier
    identity: Identity
    now: datetime

    @property
    def source(self) -> str:
        source: str = self.dossier.row["source"]
        return source

    @property
    def zone(self) -> tzinfo:
        return self.d.settings.sources[self.source].timezone


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
        page, problem = _page(desk)
        if problem:
            return Conflict(desk.dossier.state, problem)
        wrong = paper_problems(
            desk.form,
            paper,
            exit_end=desk.dossier.row["effective_at"],
            today=desk.now.astimezone(desk.zone).date(),
            zone=desk.zone,
        )
        if wrong:
            return Invalid(wrong)
        _move(desk, AWAITING, {"recorded_by": identity.user, "received_on": paper.received_on},
              _said(paper, page))  # fmt: skip
        approvals.propose(
            connection, number, version + 1, RECORD, identity, reason="on_paper", at=desk.now
        )
    return None


def confirm_consent(d: "Deployment", number: str, version: int, identity: Identity) -> Outcome:
    """Confirm, as the second of two, that a paper says what was keyed in; the consent is given.

    Raises:
        Refused: nobody proposed it, the same person did, or the identity may not.
    """
    ring = _keys(d, number)
    with d.ledger.write() as connection:
        desk = _begin(d, connection, ring, number, identity, (Act.CONFIRM_CONSENT,))
        if _done(desk, RECORDED, version):
            return Decided(desk.row.seq, "", desk.dossier.state, replay=True)
        if (desk.row.state, desk.row.version) != (AWAITING, version):
            return Stale()
        page, problem = _page(desk)
        if problem:
            return Conflict(desk.dossier.state, problem)
        approvals.confirm(connection, number, version, RECORD, identity, at=desk.now)
        decided = _give(desk, page)
        _move(
            desk,
            RECORDED,
            {"second_by": identity.user, "closed_at": desk.now, "seq": decided.seq},
            desk.form.said,
        )
    return decided


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
    now = d.clock.now()
    dossier = load_dossier(connection, ring, row.invitation_id, now, lock=True)
    if dossier is None:
        raise Refused(f"{number}: the person was erased")
    authority, source = Authority.of(d.settings), dossier.row["source"]
    if not any(authority.may(identity, act, source).allowed for act in acts):
        authority.require(identity, next(iter(acts)), source)
    refuse_own_file(d, connection, identity, row.person_id)
    form = open_form(d, connection, ring, row)
    return _Desk(d, connection, ring, row, form, dossier, identity, now)


def _keys(d: "Deployment", number: str) -> KeyRing:
    """Load the keys before the write transaction: another database must not lengthen it."""
    with d.ledger.read() as connection:
        row = find_answer(connection, number)
    return d.ledger.vault.load([row.person_id] if row else [])


def _done(desk: _Desk, state: str, seen: int) -> bool:
    """Say whether this very person did this very thing before, on what they had seen."""
    by = desk.row.recorded_by if state == AWAITING else desk.row.second_by
    return (desk.row.state, desk.row.version, by) == (state, seen + 1, desk.identity.user)


def _page(desk: _Desk) -> tuple[Page, str]:
    """Return the page that the form is, and why no yes can be taken on it now, "" if one can.

    A form is good as long as its edition, with what we say today about controller, recipient and
    periods, still gives its very words; otherwise the yes would be to something else.
    """
    form, today = desk.form, page_for(desk.d, desk.dossier, desk.form.language)
    reason = in_the_way(desk.d, desk.connection, desk.dossier, today)
    try:
        edition = edition_of(desk.d, form.notice_version)
    except ConfigError:
        return today, "other_notice"
    if edition.manifest.id != form.notice_id or form.language not in edition.manifest.languages:
        return today, "other_notice"
    terms = terms_for(desk.d, desk.source)
    offered = tuple(form.values)
    notice = render_notice(edition, form.language, terms)
    boxes = render_form(edition, form.language, terms, offered)
    page = replace(
        today,
        edition=edition,
        language=form.language,
        terms=terms,
        notice=notice,
        form=boxes,
        values=dict(form.values),
    )
    if (notice.sha256, boxes.sha256) != (form.text_sha256, form.form_sha256):
        return page, "other_notice"
    return page, reason


def _said(paper: PaperAnswer, page: Page) -> dict[str, Any]:
    return {
        "name": plain_name(paper.name),
        "purposes": [one.value for one in page.form.purposes if one.value in paper.purposes],
        "fields": {
            one.value: paper.fields[one.value]
            for one in page.form.fields
            if one.value in paper.fields
        },
        "signed_on": paper.signed_on.isoformat() if paper.signed_on else "",
        "kept": paper.kept.strip(),
    }


def _move(desk: _Desk, state: str, values: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    form = desk.form
    sealed = seal_answer(desk.ring, form.person_id, form.printed, said)
    this = (ANSWERS.c.id == desk.row.id, ANSWERS.c.version == desk.row.version)
    moved = {"state": state, "version": desk.row.version + 1, "sealed": sealed, **values}
    if not desk.connection.execute(update(ANSWERS).where(*this).values(**moved)).rowcount:
        raise Refused(f"{form.number}: somebody else was faster, look at it again")


def _give(desk: _Desk, page: Page) -> Decided:
    """Write the consent that a paper is: the actor is its signer; both witnesses are named."""
    said, row = desk.form.said, desk.dossier.row
    moved = step(desk.dossier.position, Event.SAID_YES, desk.now, page.pack.timers)
    agreed = Agreed(
        name=said["name"],
        email=page.address,
        purposes=frozenset({Purpose.COMMUNITY, *map(Purpose, said["purposes"])}),
        fields={
            ProfileField(name): Shown(page.values[ProfileField(name)], to_members)
            for name, to_members in said["fields"].items()
        },
    )
    given = Given(
        answer=Answer.YES.value,
        purposes={
            one: "given" if one in agreed.purposes else "not_given"
            for one in (Purpose.COMMUNITY, *page.form.purposes)
        },
        fields={name: shown.to_members for name, shown in agreed.fields.items()},
        valid_from=desk.now,
        valid_until=moved.position.valid_until,
    )
    receipt_id = new_id("CR")
    body = decision_body(
        desk.d,
        page,
        given,
        Evidence(Channel.LETTER, recorded_by=desk.row.recorded_by),
        source=desk.source,
        receipt_id=receipt_id,
        nonce_hash=desk.d.ledger.hashes.digest("nonce", desk.form.number, str(desk.row.version)),
        sealed=_seal_evidence(desk, agreed, page),
    )
    body["evidence"] |= {
        "recorded_answer": desk.form.number,
        "confirmed_by": desk.identity.user,
        "signed_on": said["signed_on"],
        "received_on": desk.row.received_on.isoformat(),
    }
    values = {
        "notice_id": page.edition.manifest.id,
        "notice_version": page.edition.manifest.version,
        "language": page.language,
        "sealed": seal_agreed(desk.ring, row["person_id"], agreed, page.address),
    }
    happening = Happening(
        Event.SAID_YES, Actor.SUBJECT, Channel.LETTER, desk.now,
        notice_sha256=page.notice.sha256, body=body,
    )  # fmt: skip
    seq = record(
        desk.connection,
        row,
        moved,
        happening,
        Along(
            values=values,
            address_hash=desk.d.ledger.hashes.address(page.address),
            renews_grant=True,
        ),
    )
    return Decided(seq, receipt_id, moved.position.state)


def _seal_evidence(desk: _Desk, agreed: Agreed, page: Page) -> str:
    """Seal the personal part of the event; where the paper is kept may well name somebody."""
    value = {
        "agreed": agreed.to_json(),
        "displayed": {name.value: text for name, text in page.values.items()},
        "kept": desk.form.said["kept"],
    }
    person = desk.dossier.row["person_id"]
    return b64encode(desk.ring.seal_json(person, KeyKind.EVIDENCE, TABLE, value)).decode("ascii")
