"""Who is on the platform and should not be: what the asset checks show (I1, I2).

By the ledger's own account, after every sync. Somebody whose hiding or removal was ordered in time
is no violation; somebody who is simply still there, or whose removal is overdue, is one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row

from alumni_sync.consent.grants import ClosedGate, closed_gates
from alumni_sync.deployment import Deployment
from alumni_sync.membership.closings import GONE_WITHIN
from alumni_sync.membership.ledger_rows import memberships
from alumni_sync.membership.plan import UNDER_WAY, MemberState
from alumni_sync.ports import Removal

HIDDEN_WITHIN: Final = timedelta(minutes=15)
"""From the closing of a gate until the member is hidden, at the latest (4-consent)."""

_BY_CONSENT: Final = ("consent:", "expired", "erased")


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Members who should not be there.

    Attributes:
        without_grant: whose consent does not stand.
        barred: whose exit is excluded, held, undecided or undone.
    """

    without_grant: int = 0
    barred: int = 0


def misplaced_members(deployment: Deployment) -> Misplaced:
    """Count members who should not be on the platform and are not being removed in time."""
    gates = {gate.invitation_id: gate for gate in closed_gates(deployment)}
    with deployment.ledger.read() as connection:
        rows = memberships(connection, list(gates))
    now = deployment.clock.now()
    found = [gates[id_] for id_, row in rows.items() if _is_misplaced(gates[id_], row, now)]
    by_consent = sum(gate.cause.startswith(_BY_CONSENT) for gate in found)
    return Misplaced(without_grant=by_consent, barred=len(found) - by_consent)


def _is_misplaced(gate: ClosedGate, row: Row[Any], now: datetime) -> bool:
    state, age = MemberState(row.state), now - gate.since
    if gate.how is Removal.ERASE and age > GONE_WITHIN:
        return True
    if state is MemberState.HIDDEN:
        return False
    ordered = state in UNDER_WAY or state is MemberState.PENDING
    return not ordered or (row.hidden_at is None and age > HIDDEN_WITHIN)
