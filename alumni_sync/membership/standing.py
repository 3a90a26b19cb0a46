"""Whether anybody is where they must not be, told from the ledger: what Dagster's checks ask."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from alumni_sync.membership.closings import Closing, closings
from alumni_sync.membership.plan import MemberState

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_VISIBLE: Final = frozenset({MemberState.PENDING.value, MemberState.ACTIVE.value})


@dataclass(frozen=True, slots=True)
class Misplaced:
    """How many are on the platform against a closed gate.

    Attributes:
        adverse: visible although excluded, held, undecided, rehired or rescinded.
        without_grant: visible without a live grant, or not gone by the deadline.
    """

    adverse: int = 0
    without_grant: int = 0


def misplaced_members(d: "Deployment") -> Misplaced:
    """Count who is misplaced now; after a sync, nobody is."""
    now = d.clock.now()

    def is_misplaced(closing: Closing) -> bool:
        late = closing.remove_by is not None and now > closing.remove_by
        return late or closing.row.state in _VISIBLE

    wrong = [closing for closing in closings(d) if is_misplaced(closing)]
    by_consent = sum(1 for closing in wrong if closing.by_consent)
    return Misplaced(adverse=len(wrong) - by_consent, without_grant=by_consent)
