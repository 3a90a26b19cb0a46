"""Looking again: whether somebody who was removed is really gone, and stays gone.

After one hour, one day and one week. Platforms restore backups and replay queues; whoever is found
again is removed again, and the looking starts over. After the last look the platform's reference is
dropped: nothing is left that could find the person there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, select, update

from alumni_sync.membership.closings import GONE_WITHIN, Closing
from alumni_sync.membership.ledger_rows import MEMBERSHIP
from alumni_sync.membership.plan import MemberState
from alumni_sync.membership.removal import member_ref, take_away
from alumni_sync.ports import Removal, Residue

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

LOOKS: Final = (timedelta(hours=1), timedelta(hours=24), timedelta(days=7))
"""When to look, counted from the removal."""

_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class ReadBackCounts:
    """What a round of looking found; `found_again` were removed once more."""

    looked: int = 0
    absent: int = 0
    found_again: int = 0


def next_look(removed_at: datetime, now: datetime) -> datetime | None:
    """Return when to look next after a look at `now`; None when it was the last. Pure.

    A look that came late stands for those it should have followed: nobody is looked for in a hurry
    because a daemon was down.
    """
    coming = (removed_at + after for after in LOOKS)
    return next((moment for moment in coming if moment > now), None)


def verify_removed(d: "Deployment", run_id: str) -> ReadBackCounts:
    """Look for everybody whose look is due.

    Raises:
        ConnectorError: the platform cannot be asked; who was not looked for is still due.
    """
    now, counts = d.clock.now(), ReadBackCounts()
    rows = _due(d, now)
    for start in range(0, len(rows), _BATCH):
        batch = _look(d, run_id, rows[start : start + _BATCH], now)
        counts = ReadBackCounts(
            counts.looked + batch.looked,
            counts.absent + batch.absent,
            counts.found_again + batch.found_again,
        )
    return counts


def _due(d: "Deployment", now: datetime) -> Sequence[Row[Any]]:
    with d.ledger.read() as connection:
        return connection.execute(
            select(MEMBERSHIP)
            .where(
                MEMBERSHIP.c.platform == d.platform_name,
                MEMBERSHIP.c.state == MemberState.REMOVED.value,
                MEMBERSHIP.c.verify_at <= now,
            )
            .order_by(MEMBERSHIP.c.verify_at)
        ).all()


def _look(d: "Deployment", run_id: str, rows: Sequence[Row[Any]], now: datetime) -> ReadBackCounts:
    platform = d.platform()
    ring = d.ledger.vault.load([row.person_id for row in rows])
    found = {row.id: platform.verify_absent(member_ref(row, ring)) for row in rows}
    absent = [row for row in rows if found[row.id] is Residue.ABSENT]
    with d.ledger.write() as connection:
        for row in absent:
            connection.execute(
                update(MEMBERSHIP)
                .where(MEMBERSHIP.c.id == row.id, MEMBERSHIP.c.version == row.version)
                .values(version=row.version + 1, **_after_look(row, now))
            )
    again = [_removal(row, now) for row in rows if found[row.id] is not Residue.ABSENT]
    take_away(d, run_id, again)
    return ReadBackCounts(len(rows), len(absent), len(again))


def _after_look(row: Row[Any], now: datetime) -> dict[str, Any]:
    following = next_look(row.removed_at, now)
    values: dict[str, Any] = {
        "verify_at": following,
        "read_backs": row.read_backs + 1,
        "absent_at": row.absent_at or now,
        "changed_at": now,
    }
    if following is None:
        values |= {"state": MemberState.VERIFIED_ABSENT.value, "sealed": None}
    return values


def _removal(row: Row[Any], now: datetime) -> Closing:
    """Return the removal of somebody found again, for the reason of the first time."""
    return Closing(row, Removal.ERASE, row.cause, now + GONE_WITHIN)
