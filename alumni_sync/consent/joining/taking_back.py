"""An objection taken back by its owner: who proves the mailbox, and says so in as many words.

Of somebody erased, the keyed hash of the address is all that is left, and all that is needed. A
request alone takes nothing back: whoever typed the address may be somebody else.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import INVITATION, position_of, select_dossiers
from alumni_sync.consent.joining.join_requests import (
    JOIN,
    SUBJECT,
    TAKEN_BACK,
    JoinState,
    by_token,
    is_suppressed,
)
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.consent.standing import PERSON, SPELL
from alumni_sync.consent.terms import pack_of
from alumni_sync.consent.transitions import Along, Happening, lift_suppression, record
from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.tables import t

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

ACT: Final = "take back an objection"


def lift_objection(d: "Deployment", token: str) -> bool:
    """Take an address off the suppression list, and begin anew what its objection had ended.

    Only behind the link that was mailed to this address, and only once its owner has confirmed the
    request. What rules and gates say stands; without a match nobody is asked whom we do not know by
    this very address.

    Returns:
        False where there is no such request, or no objection.
    """
    now = d.clock.now()
    with d.ledger.write() as connection:
        row = by_token(connection, token, now)
        if row is None or row["state"] != JoinState.PROVEN:
            return False
        if not is_suppressed(connection, row["address_hash"]):
            return False
        for dossier in _objected(connection, row["address_hash"], now):
            _begin_anew(d, connection, dossier, row, now)
        lift_suppression(connection, row["address_hash"])
        d.ledger.vault.store.forget_suppressed(row["address_hash"])
        noted = update(JOIN).where(JOIN.c.id == row["id"])
        connection.execute(noted.values(reason=TAKEN_BACK, version=row["version"] + 1))
        connection.execute(
            insert(t(AccessLog)).values(
                at=now, actor=SUBJECT, verified=True, act=ACT, subject=row["id"]
            )
        )
    return True


def _objected(connection: Connection, address_hash: str, now: datetime) -> list[RowMapping]:
    """Return the consents that this address ended, of people whose facts are still here."""
    query = select_dossiers(now).where(
        INVITATION.c.state == ConsentState.OBJECTED.value,
        SPELL.c.sealed.is_not(None),
        INVITATION.c.person_id.in_(
            select(PERSON.c.id).where(
                PERSON.c.address_hash == address_hash, PERSON.c.erased_at.is_(None)
            )
        ),
    )
    return list(connection.execute(query.with_for_update(of=INVITATION)).mappings())


def _begin_anew(
    d: "Deployment", connection: Connection, dossier: RowMapping, row: RowMapping, now: datetime
) -> None:
    timers = pack_of(d, dossier["source"]).timers
    moved = step(position_of(dossier), Event.OBJECTION_LIFTED, now, timers)
    if not moved.taken:
        return
    body = {"join": {"request": row["id"], "address_hash": row["address_hash"]}}
    happening = Happening(Event.OBJECTION_LIFTED, Actor.SUBJECT, Channel.JOIN_PAGE, now, body=body)
    record(connection, dossier, moved, happening, Along(address_hash=row["address_hash"]))
