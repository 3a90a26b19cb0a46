"""Writing a step down: event, state, gate, links, mails and suppression in one transaction.

Every change of a consent's state goes through `record`, so that no state changes without its event
in the chain, and no gate stays open a moment longer than the consent it stands for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, delete, select, update

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.lifecycle import HELD_ONTO, Effect, Event, Position, Step, months_later
from alumni_sync.consent.links.secrets import end_all, use_up
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import asking_key, drop_asking, mail_row, queue
from alumni_sync.domain import LIVE_STATES, Actor, ConsentState, ContactBasis
from alumni_sync.ledger.chain import EventDraft, append_event
from alumni_sync.ledger.tables import Invitation, Spell, Suppression, t
from alumni_sync.ledger.upsert import insert_ignore, update_row

REJUSTIFY_MONTHS: Final = 36
ALL_MAIL: Final = "all"
_GOODBYES: Final = {Effect.GOODBYE: MailKind.GOODBYE, Effect.WELCOME_BACK: MailKind.REHIRED}
_INVITATION: Final = t(Invitation)
_SPELL: Final = t(Spell)
_SUPPRESSION: Final = t(Suppression)


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened, when, and what is kept about it.

    Attributes:
        reason: a code, for events of the system; part of the record.
        body: the evidence, JSON values; personal parts sealed.
    """

    event: Event
    actor: Actor
    channel: Channel
    at: datetime
    reason: str = ""
    notice_sha256: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Along:
    """What goes with a step where its effects ask for it.

    Attributes:
        values: other columns of the invitation to set.
        address_hash: keyed hash of the address, for `SUPPRESS` and `LIFT_SUPPRESSION`; None where
            it is not known, or nothing about it is to change.
        goodbye: sealed address for `GOODBYE` and `WELCOME_BACK`; None where it is not known any
            more.
        renews_grant: the step itself is what allows processing from now on.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    address_hash: str | None = None
    goodbye: bytes | None = None
    renews_grant: bool = False


def record(
    connection: Connection, row: RowMapping, step: Step, what: Happening, along: Along | None = None
) -> int:
    """Write a step that is taken, within the caller's write transaction; return its event's seq.

    Args:
        connection: a write transaction in which `row` was read.
        row: columns of the invitation before the step.
        step: from `lifecycle.step`; must be taken.
        what: goes into the chain.
        along: see there.
    """
    along = along or Along()
    position = step.position
    seq = append_event(
        connection,
        EventDraft(
            event=what.event.value,
            person_id=row["person_id"],
            spell_id=row["spell_id"],
            invitation_id=row["id"],
            state_before=ConsentState(row["state"]),
            state_after=position.state,
            occurred_at=what.at,
            recorded_at=what.at,
            actor=what.actor,
            channel=what.channel.value,
            notice_sha256=what.notice_sha256,
            body={**({"reason": what.reason} if what.reason else {}), **what.body},
        ),
    )
    # A page that is open meanwhile is stale only if something it shows has changed.
    changes = position.state != row["state"] or along.renews_grant
    version = row["version"] + changes
    values = _columns(position, what.at) | _gate(position, version) | dict(along.values)
    values["version"] = version
    if Effect.ALERT in step.effects:
        values["alert"] = what.event.value
    if along.renews_grant:
        values["grant_seq"] = seq
    if Effect.END_LINKS in step.effects:
        values["sessions_from"] = what.at
    update_row(connection, _INVITATION, row["id"], values)
    _apply(connection, row, step, along, seq, what.at)
    return seq


def move_timers(connection: Connection, row: RowMapping, step: Step, at: datetime) -> None:
    """Write a step that changes nothing but what is due next: no event, no new version."""
    update_row(connection, _INVITATION, row["id"], _columns(step.position, at))
    queue(connection, _mails(row, step, Along(), 0, at))


def _columns(position: Position, at: datetime) -> dict[str, Any]:
    return {
        "state": position.state.value,
        "asked": position.asked,
        "asked_at": position.asked_at,
        "next_at": position.next_at,
        "closes_at": position.closes_at,
        "valid_until": position.valid_until,
        "deferred": position.deferred,
        "round": position.round,
        "renewals": position.renewals,
        "paused_until": position.paused_until,
        "paused_from": position.paused_from.value if position.paused_from else "",
        "suspended": position.suspended,
        "pending_until": position.pending_until,
        "changed_at": at,
        # What waited for a proof is not kept a moment longer than the waiting.
        **({} if position.pending_until else {"pending_sealed": None}),
        **({} if position.state in HELD_ONTO else {"address_hash": None}),
    }


def _gate(position: Position, version: int) -> dict[str, Any]:
    """Return the gate's columns: it follows the state, and the platform has to learn of it."""
    if position.state in LIVE_STATES:
        return {"gate_open": True, "pending_version": version}
    return {"gate_open": False}


def _apply(
    connection: Connection, row: RowMapping, step: Step, along: Along, seq: int, at: datetime
) -> None:
    effects, invitation_id = step.effects, row["id"]
    if Effect.USE_LINKS in effects:
        use_up(connection, invitation_id, at)
    if Effect.END_LINKS in effects:
        end_all(connection, invitation_id, at)
    if Effect.DROP_MAILS in effects:
        drop_asking(connection, invitation_id, step.position.state.value)
    if Effect.SUPPRESS in effects and along.address_hash:
        suppress(connection, along.address_hash, ALL_MAIL, step.position.state.value, at)
    if Effect.LIFT_SUPPRESSION in effects and along.address_hash:
        lift_suppression(connection, along.address_hash)
    if Effect.ASK in effects or step.purge_after is not None:
        purge_after = None if step.purge_after is None else at + step.purge_after
        spell = update(_SPELL).where(_SPELL.c.id == row["spell_id"])
        connection.execute(spell.values(purge_after=purge_after))
    queue(connection, _mails(row, step, along, seq, at))


def _mails(
    row: RowMapping, step: Step, along: Along, seq: int, at: datetime
) -> list[dict[str, Any]]:
    mails = []
    position, effects = step.position, step.effects
    if Effect.ASK in effects:
        mails.append(mail_row(row, MailKind.INVITATION, _key(position, row, 1), at, at))
    # Whom a letter asked nothing allows us to remind by mail: HR exports another letter.
    if Effect.REMIND in effects and row["basis"] != ContactBasis.NONE:
        key = _key(position, row, position.asked + 1)
        mails.append(mail_row(row, MailKind.REMINDER, key, at, at))
    if Effect.ASK_RENEWAL in effects:
        key = _key(position, row, position.renewals + 1)
        mails.append(mail_row(row, MailKind.RENEWAL, key, at, at))
    if Effect.CONFIRM in effects:
        mails.append(mail_row(row, MailKind.CONFIRMATION, f"{row['id']}:confirm:{seq}", at, at))
    for effect, kind in _GOODBYES.items():
        if effect in effects and along.goodbye is not None:
            mail = mail_row(row, kind, f"{row['id']}:goodbye:{seq}", at, at)
            mails.append(mail | {"sealed": along.goodbye})
    return mails


def _key(position: Position, row: RowMapping, number: int) -> str:
    return asking_key(row["id"], position.round, number)


def suppress(
    connection: Connection, address_hash: str, scope: str, reason: str, at: datetime
) -> None:
    """Put an address on the suppression list; `ALL_MAIL` swallows narrower scopes.

    All but one: whoever never asked to be asked is not written to about joining either, though an
    objection alone lets its own address ask us again.
    """
    new = {
        "address_hash": address_hash,
        "scope": scope,
        "reason": reason,
        "created_at": at,
        "rejustify_at": months_later(at, REJUSTIFY_MONTHS),
    }
    if insert_ignore(connection, _SUPPRESSION, [new], key=("address_hash",)):
        return
    known = _SUPPRESSION.c.address_hash == address_hash
    scopes = {scope, *connection.execute(_SUPPRESSION.select().where(known)).one().scope.split(",")}
    kept = scopes & {ALL_MAIL, MailKind.JOIN.value} if ALL_MAIL in scopes else scopes
    values = {"scope": ",".join(sorted(kept))}
    if scope == ALL_MAIL:
        values["reason"] = reason
    connection.execute(update(_SUPPRESSION).where(known).values(values))


def lift_suppression(connection: Connection, address_hash: str) -> bool:
    """Take an address off the suppression list, as its owner asked; False: it was not on it."""
    known = _SUPPRESSION.c.address_hash == address_hash
    return connection.execute(delete(_SUPPRESSION).where(known)).rowcount > 0


def lift_kind(connection: Connection, address_hash: str, mail_kind: str) -> bool:
    """Let one kind of mail come again that was stopped by itself; False: it was not."""
    known = _SUPPRESSION.c.address_hash == address_hash
    query = select(_SUPPRESSION.c.scope).where(known).with_for_update()
    scopes = set((connection.execute(query).scalar() or "").split(","))
    if mail_kind not in scopes:
        return False
    if left := scopes - {mail_kind}:
        narrower = update(_SUPPRESSION).where(known).values(scope=",".join(sorted(left)))
        connection.execute(narrower)
        return True
    return lift_suppression(connection, address_hash)


def suppressed_scope(scope: str | None, mail_kind: str) -> bool:
    """Say whether a suppression (None: there is none) covers a kind of mail."""
    return scope is not None and bool({ALL_MAIL, mail_kind} & set(scope.split(",")))
