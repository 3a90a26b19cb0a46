"""Reconcile: compares the platform, member by member, with what the ledger remembers.

Weekly, and by hand. Somebody who was removed and is back is removed again. Everything else is
reported and left alone: who deleted themselves there is not created anew, and who was never ours is
not touched.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, select

from alumni_sync.membership.choices import take_choices
from alumni_sync.membership.closings import GONE_WITHIN, Closing
from alumni_sync.membership.ledger_rows import GONE_VALUES, MEMBERSHIP
from alumni_sync.membership.plan import MemberState
from alumni_sync.membership.removal import remove_closed, take_away
from alumni_sync.ports import MemberRef, Removal

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(slots=True)
class Drift:
    """What differs, in numbers.

    Attributes:
        members: how many the platform holds of ours.
        missing: should be there and are not.
        hidden: should be visible and are not.
        visible: should be hidden and are not; they are hidden by this very comparison.
        changed: hold something else than what was written.
        returned: were removed and are back; they are removed by this very comparison.
        strangers: carry an id that looks like ours, but that the ledger does not know.
    """

    members: int = 0
    missing: int = 0
    hidden: int = 0
    visible: int = 0
    changed: int = 0
    returned: int = 0
    strangers: int = 0

    @property
    def is_none(self) -> bool:
        """Say whether platform and ledger agree."""
        return not (
            self.missing
            or self.hidden
            or self.visible
            or self.changed
            or self.returned
            or self.strangers
        )


_NOT_SURE: Final = frozenset(
    {MemberState.PENDING.value, MemberState.HIDING.value, MemberState.REMOVING.value}
)
"""States in which a write is under way: nothing to compare with."""


def reconcile(d: "Deployment", run_id: str) -> Drift:
    """Compare, take members' own choices, remove who came back.

    Raises:
        ConnectorError: the platform could not be listed completely; nothing follows from half a
            list.
    """
    try:
        take_choices(d, run_id)
    finally:
        remove_closed(d, run_id)
    held = list(d.platform().members())
    with d.ledger.read() as connection:
        known = {
            row.alumni_id: row
            for row in connection.execute(
                select(MEMBERSHIP).where(MEMBERSHIP.c.platform == d.platform_name)
            )
        }
    drift = Drift(members=len(held))
    wrong = [closing for member in held if (closing := _compare(d, drift, known, member))]
    there = {member.alumni_id for member in held}
    drift.missing = sum(
        1
        for alumni_id, row in known.items()
        if row.state == MemberState.ACTIVE.value and alumni_id not in there
    )
    take_away(d, run_id, wrong)
    return drift


def _compare(
    d: "Deployment", drift: Drift, known: dict[str, Row[Any]], member: MemberRef
) -> Closing | None:
    """Count one member, and return the removal of somebody who must not be there like this."""
    row = known.get(member.alumni_id)
    if row is None:
        drift.strangers += 1
    elif row.state in GONE_VALUES:
        drift.returned += 1
        return Closing(row, Removal.ERASE, row.cause, d.clock.now() + GONE_WITHIN)
    elif row.state == MemberState.HIDDEN.value:
        if member.visible:
            drift.visible += 1
            return Closing(row, Removal.HIDE, row.cause, row.remove_by, seen=True)
    elif row.state not in _NOT_SURE:
        drift.hidden += not member.visible
        drift.changed += bool(member.content and member.content != row.content_hash)
    return None
