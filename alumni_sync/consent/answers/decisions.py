"""Decisions of a person: each is one short ledger transaction with its evidence.

The gate closes in the transaction of the withdrawal itself; nothing here waits for a platform.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from alumni_sync.consent.answers.acts import (
    Act,
    begin,
    given_of,
    is_suppressed,
    keys,
    refusal,
    write,
)
from alumni_sync.consent.answers.addresses import UNUSABLE, name_address, usable_address
from alumni_sync.consent.answers.answer import (
    Answer,
    Channel,
    Choice,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    NothingChosen,
    Outcome,
    Stale,
)
from alumni_sync.consent.answers.changes import yes_on_top
from alumni_sync.consent.answers.checks import agreed_from, is_same_address, narrowed_to, without
from alumni_sync.consent.answers.dossier import Agreed, Dossier, load_dossier
from alumni_sync.consent.answers.view import anew_page, is_asked
from alumni_sync.consent.evidence.body import Given, nobody
from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import HELD_ONTO, Event, Step, step
from alumni_sync.consent.links.secrets import Link, LinkKind, resolve_link
from alumni_sync.consent.links.written_to import is_elsewhere, linked_at
from alumni_sync.consent.mail.outbox import QUESTION_KINDS
from alumni_sync.consent.transitions import ALL_MAIL, Along, Happening, record, suppress
from alumni_sync.domain import Actor
from alumni_sync.ledger.ids import new_id
from alumni_sync.ports import ProfileField, Purpose

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_EVENT_OF: Final[Mapping[Answer, Event]] = {
    Answer.YES: Event.SAID_YES,
    Answer.NO: Event.SAID_NO,
    Answer.LATER: Event.SAID_LATER,
    Answer.NOT_ME: Event.SAID_NOT_ME,
}
_LESSENS: Final = frozenset({Answer.NO, Answer.NOT_ME})
"""Answers that take something away: nothing about the spell or the page stands in their way."""


def decide(d: "Deployment", invitation_id: str, choice: Choice, evidence: Evidence) -> Outcome:
    """Take the answer to an invitation: yes, no, later or not me."""
    if (answer := choice.answer) is None:
        return NothingChosen()
    ring = keys(d, invitation_id)

    def take(connection: Connection) -> Outcome:
        act = begin(d, connection, ring, invitation_id, evidence, choice.nonce, choice.language)
        return _decide(act, choice, answer) if isinstance(act, Act) else act

    return d.ledger.write_together(take)


def _decide(act: Act, choice: Choice, answer: Answer) -> Outcome:
    if (renewal := _renewal(act, choice)) is not None:
        if answer is Answer.YES:
            return yes_on_top(act, choice)
        act = renewal
    event = _EVENT_OF[answer]
    moved = step(act.dossier.position, event, act.now, act.page.pack.timers)
    if not moved.taken:
        return refusal(act, moved)
    if answer is Answer.YES and not is_asked(act.dossier.position):
        return Conflict(act.state)  # an older window; more is said in a form of its own
    if answer not in _LESSENS and (problem := _in_the_way(act, choice)):
        return problem
    if answer is not Answer.YES:
        return _answered_otherwise(act, event, answer, moved)
    return _say_yes(act, choice, moved)


def _renewal(act: Act, choice: Choice) -> Act | None:
    """Return the act on the page that asked a member whether their yes goes on; None: another."""
    agreed, position = act.dossier.agreed, act.dossier.position
    if act.state not in HELD_ONTO or agreed is None or not is_asked(position):
        return None
    page = anew_page(act.page, agreed, position)
    return replace(act, page=page) if choice.form_sha256 == page.form.sha256 else None


def _say_yes(act: Act, choice: Choice, moved: Step) -> Outcome:
    """Take a yes; with another address than the one that was asked, once that is proven.

    Who was asked by letter has none: they name one, and no yes counts before it is proven.
    """
    typed, known = choice.email.strip(), act.dossier.proven_address
    other = bool(typed) and not (known and is_same_address(typed, known))
    address = usable_address(act, typed) if other else known
    agreed = agreed_from(choice, act.page, address, act.now.astimezone(UTC).date())
    if isinstance(agreed, Invalid):
        return agreed
    if other:
        return UNUSABLE if act.state in HELD_ONTO else name_address(act, agreed, address)
    given = given_of(act, Answer.YES.value, agreed, moved)
    return write(act, Event.SAID_YES, moved, given, agreed, keeps=agreed)


def _in_the_way(act: Act, choice: Choice) -> Outcome | None:
    """Return why a yes or a later cannot be taken now; None if it can."""
    if act.dossier.obstacle or is_suppressed(act, act.page.address):
        return Conflict(act.state, "not_standing")
    shown = (act.page.notice.sha256, act.page.form.sha256, act.dossier.row["version"])
    if (choice.notice_sha256, choice.form_sha256, choice.version) != shown:
        return Stale()
    return None


def _answered_otherwise(act: Act, event: Event, answer: Answer, moved: Step) -> Decided:
    agreed = act.dossier.agreed if act.state in HELD_ONTO else None
    taken_back = dict.fromkeys(sorted(agreed.purposes), "withdrawn") if agreed else {}
    given = Given(
        answer=answer.value,
        purposes=taken_back or {Purpose.COMMUNITY: "not_given"},
        fields={},
        valid_from=act.now,
        valid_until=None,
    )
    # An address of the HRIS that nobody has answered from proves nothing: its keyed hash will do.
    return write(act, event, moved, given, nobody(act.dossier.proven_address))


def withdraw(
    d: "Deployment",
    invitation_id: str,
    purposes: frozenset[Purpose] | None,
    evidence: Evidence,
    nonce: str,
) -> Outcome:
    """Withdraw purposes; None, or membership among them, withdraws all and closes the gate."""
    ring = keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = begin(d, connection, ring, invitation_id, evidence, nonce, "")
        if not isinstance(act, Act):
            return act
        if purposes is None or Purpose.COMMUNITY in purposes:
            return _withdraw_all(act)
        agreed = act.dossier.agreed
        if agreed is None:
            return Conflict(act.state)
        if not purposes & agreed.purposes:
            return Invalid((("purposes", "not_given"),))
        return _narrow(act, agreed, without(agreed, purposes))  # one that is gone keeps no other


def _withdraw_all(act: Act) -> Outcome:
    moved = step(act.dossier.position, Event.WITHDREW, act.now, act.page.pack.timers)
    if not moved.taken:
        return refusal(act, moved)
    before = act.dossier.agreed or nobody(act.dossier.proven_address)
    given = Given(
        answer="withdraw",
        purposes=dict.fromkeys(sorted(before.purposes) or [Purpose.COMMUNITY], "withdrawn"),
        fields={},
        valid_from=act.now,
        valid_until=None,
    )
    after = replace(before, purposes=frozenset(), fields={}, not_before={})
    return write(act, Event.WITHDREW, moved, given, after)


def change_fields(
    d: "Deployment",
    invitation_id: str,
    fields: Mapping[ProfileField, bool],
    evidence: Evidence,
    nonce: str,
) -> Outcome:
    """Narrow what is stored and shown to `fields`; more than before is `Invalid`: a new yes."""
    ring = keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = begin(d, connection, ring, invitation_id, evidence, nonce, "")
        if not isinstance(act, Act):
            return act
        agreed = act.dossier.agreed
        if agreed is None:
            return Conflict(act.state)
        after = narrowed_to(agreed, fields)
        return after if isinstance(after, Invalid) else _narrow(act, agreed, after)


def one_click(d: "Deployment", token: str) -> bool:
    """Obey an RFC 8058 unsubscribe; False when the token means nothing (the answer is 200 anyway).

    In an invitation or reminder it is an objection: the address is suppressed, nobody writes again.
    In any other mail that kind of mail stops.
    """
    link = resolve_link(d, token)
    if link is None or link.kind is not LinkKind.UNSUBSCRIBE:
        return False
    ring, now = d.ledger.vault.load([link.person_id]), d.clock.now()
    with d.ledger.write() as connection:
        dossier = load_dossier(connection, ring, link.invitation_id, now, lock=True)
        if dossier is None:
            return False
        written_to = linked_at(connection, link.token_id)
        # Facts are let go long before the link ends: then the record of the mail has to say it.
        address_hash = _address_hash(d, dossier) or written_to or None
        if link.mail_kind in QUESTION_KINDS:
            if is_elsewhere(d, dossier, written_to):  # it was corrected since: a stranger's, maybe
                suppress(connection, written_to, ALL_MAIL, "one_click", now)
                return True
            return _object(d, connection, dossier, link, address_hash)
        if address_hash:
            suppress(connection, address_hash, link.mail_kind, "one_click", now)
        return True


def _object(
    d: "Deployment",
    connection: Connection,
    dossier: Dossier,
    link: Link,
    address_hash: str | None,
) -> bool:
    """Write an objection down; it needs no page, so a broken notice cannot stand in its way."""
    now = d.clock.now()
    moved = step(dossier.position, Event.OBJECTED, now, Timers())
    if not moved.taken:
        return False
    body = {
        "receipt_id": new_id("CR"),
        "subject": {"sealed": "", "address_hash": address_hash or ""},
        "evidence": {"token_id": link.token_id},
        "decision": {"answer": "object", "purposes": [], "fields": []},
    }
    happening = Happening(Event.OBJECTED, Actor.SUBJECT, Channel.ONE_CLICK, now, body=body)
    record(connection, dossier.row, moved, happening, Along(address_hash=address_hash))
    return True


def _address_hash(d: "Deployment", dossier: Dossier) -> str | None:
    address = dossier.agreed.email if dossier.agreed else dossier.asked_address
    return d.ledger.hashes.address(address) if address else None


def _narrow(act: Act, before: Agreed, after: Agreed) -> Outcome:
    moved = step(act.dossier.position, Event.NARROWED, act.now, act.page.pack.timers)
    if not moved.taken:
        return refusal(act, moved)
    stays = given_of(act, "narrow", after, moved)
    gone = dict.fromkeys(sorted(before.purposes - after.purposes), "withdrawn")
    given = replace(stays, purposes=dict.fromkeys(sorted(after.purposes), "given") | gone)
    return write(act, Event.NARROWED, moved, given, after, keeps=after)
