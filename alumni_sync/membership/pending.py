"""Whether there is work for the community flow, told from the ledger as it stands.

Level-triggered: what is to be done is looked at, never a sequence of what happened, because an
event that is committed late would be lost behind a cursor.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, and_, select

from alumni_sync.consent.standing import SPELL, admitted, joined, may_be_asked
from alumni_sync.deployment import Deployment
from alumni_sync.ledger.tables import Invitation, Outbox, t
from alumni_sync.membership.closings import closings, is_due
from alumni_sync.membership.ledger_rows import wanted

_INVITATION: Final = t(Invitation)
_OUTBOX: Final = t(Outbox)
LOOK: Final = 500
"""How many of each kind are looked at: enough to tell one backlog from another."""


@dataclass(frozen=True, slots=True)
class PendingWork:
    """What waits, by opaque ids; at most `LOOK` of each kind.

    Attributes:
        uninvited: spells that a reviewer admitted and that nobody invited yet.
        mails: mails that are due.
        grants: invitations whose yes the platform does not hold as it stands.
        closed: memberships whose gate is closed.
    """

    uninvited: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Say whether anything waits."""
        return bool(self.uninvited or self.mails or self.grants or self.closed)

    @property
    def digest(self) -> str:
        """Return what tells this work from other work; nothing can be read from it."""
        kinds = (self.uninvited, self.mails, self.grants, self.closed)
        return sha256("|".join(",".join(kind) for kind in kinds).encode()).hexdigest()[:16]


def pending_work(deployment: Deployment) -> PendingWork:
    """Return what waits now."""
    now = deployment.clock.now()
    closed = [closing for closing in closings(deployment) if is_due(closing, now)]
    with deployment.ledger.read() as connection:
        return PendingWork(
            uninvited=_uninvited(connection, deployment),
            mails=_mails(connection, deployment),
            grants=tuple(f"{id_} {state}" for id_, state in wanted(connection, now, "", LOOK)),
            closed=tuple(f"{each.row.id} {each.row.state}" for each in closed[:LOOK]),
        )


def _uninvited(connection: Connection, deployment: Deployment) -> tuple[str, ...]:
    now = deployment.clock.now()
    query = (
        select(SPELL.c.id)
        .select_from(joined().outerjoin(_INVITATION, _INVITATION.c.spell_id == SPELL.c.id))
        .where(admitted(now), may_be_asked(now), _INVITATION.c.id.is_(None))
        .order_by(SPELL.c.id)
        .limit(LOOK)
    )
    return tuple(connection.execute(query).scalars())


def _mails(connection: Connection, deployment: Deployment) -> tuple[str, ...]:
    due = and_(_OUTBOX.c.state == "queued", _OUTBOX.c.due_at <= deployment.clock.now())
    query = select(_OUTBOX.c.id).where(due).order_by(_OUTBOX.c.id).limit(LOOK)
    return tuple(str(number) for number in connection.execute(query).scalars())
