"""Whose gate is closed, with the membership that has to go: what removal has to do now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, select

from alumni_sync.consent.grants import ClosedGate, closed_gates
from alumni_sync.membership.ledger_rows import GONE_VALUES, MEMBERSHIP, memberships
from alumni_sync.membership.plan import MemberState
from alumni_sync.ports import Removal

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

GONE_WITHIN: Final = timedelta(hours=24)
"""From the closing of a gate to the verified absence, at the latest (4-consent)."""

_BY_CONSENT: Final = ("consent:", "expired", "erased")


@dataclass(frozen=True, slots=True)
class Closing:
    """One member who must not be visible any more.

    Attributes:
        row: of the membership.
        how: `HIDE` where the gate may open again, else `ERASE`.
        cause: for the audit.
        remove_by: None where only hidden.
        seen: found visible on the platform, whatever the ledger remembers.
        since: when the gate closed; None where it is not the gate that asks for it.
    """

    row: Row[Any]
    how: Removal
    cause: str
    remove_by: datetime | None
    seen: bool = False
    since: datetime | None = None

    @property
    def invitation_id(self) -> str:
        """Return whose."""
        return str(self.row.invitation_id)

    @property
    def by_consent(self) -> bool:
        """Say that the consent itself does not stand: never held back by a brake."""
        return self.cause.startswith(_BY_CONSENT)

    @property
    def is_hidden(self) -> bool:
        """Say that the member is hidden already."""
        return bool(self.row.state == MemberState.HIDDEN.value) and not self.seen


def closings(d: "Deployment", *, only: Sequence[str] | None = None) -> list[Closing]:
    """Return whose membership is not as its closed gate demands.

    Who is hidden because a gate may open again is not among them: nothing is left to do.
    """
    gates = {gate.invitation_id: gate for gate in closed_gates(d, only=only)}
    with d.ledger.read() as connection:
        rows = memberships(connection, list(gates))
    found = [_closing(gates[invitation_id], row) for invitation_id, row in rows.items()]
    return [
        closing
        for closing in found
        if closing.row.platform == d.platform_name
        and not (closing.how is Removal.HIDE and closing.is_hidden)
    ]


def _closing(gate: ClosedGate, row: Row[Any]) -> Closing:
    remove_by = gate.since + GONE_WITHIN if gate.how is Removal.ERASE else None
    return Closing(row, gate.how, gate.cause, remove_by, since=gate.since)


def is_due(closing: Closing, now: datetime) -> bool:
    """Say whether no pause after a failed attempt stands in the way."""
    begun = closing.row.state in {MemberState.HIDING.value, MemberState.REMOVING.value}
    waiting = begun or closing.row.state == MemberState.STUCK.value
    return not waiting or closing.row.next_at is None or closing.row.next_at <= now


def removed_meanwhile(d: "Deployment", invitation_ids: Sequence[str]) -> list[Closing]:
    """Return members who were removed while a write of ours was under way: it may have landed.

    Why they were removed stands in their membership.
    """
    with d.ledger.read() as connection:
        rows = memberships(connection, invitation_ids)
    return [
        Closing(row, Removal.ERASE, row.cause, row.remove_by)
        for row in rows.values()
        if row.state in GONE_VALUES and row.cause
    ]


def abandoned(d: "Deployment", run_id: str) -> list[str]:
    """Return invitations of members who were removed while a write was under way that died.

    The caller holds the platform's lease: any claim but its own is of a process that is gone.
    """
    with d.ledger.read() as connection:
        return list(
            connection.execute(
                select(MEMBERSHIP.c.invitation_id).where(
                    MEMBERSHIP.c.platform == d.platform_name,
                    MEMBERSHIP.c.state.in_(GONE_VALUES),
                    MEMBERSHIP.c.claimed_by.is_not(None),
                    MEMBERSHIP.c.claimed_by != run_id,
                )
            ).scalars()
        )
