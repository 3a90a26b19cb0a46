"""The off switch for what goes out: mail, platform, or both.

Asked inside every claim, in the claim's own transaction, so that nothing new begins after `pause`
has returned. A removal by a closed gate never asks.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, delete, select

from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Pause, t
from alumni_sync.ledger.upsert import upsert

_PAUSE: Final = t(Pause)


class Outlet(StrEnum):
    """What can be paused."""

    MAIL = "mail"
    PLATFORM = "platform"


def is_paused(connection: Connection, outlet: Outlet) -> bool:
    """Say whether an outlet is paused, in the caller's transaction."""
    found = connection.execute(select(_PAUSE.c.what).where(_PAUSE.c.what == outlet.value))
    return found.first() is not None


def pause(
    ledger: Ledger, outlets: Sequence[Outlet], *, by: str, reason: str, now: datetime
) -> None:
    """Pause outlets; the latest reason is kept."""
    rows = [{"what": outlet.value, "reason": reason, "by": by, "at": now} for outlet in outlets]
    with ledger.write() as connection:
        upsert(connection, _PAUSE, rows, key=["what"], update=["reason", "by", "at"])


def resume(ledger: Ledger, outlets: Sequence[Outlet]) -> list[Outlet]:
    """Let outlets go on; return those that were paused."""
    with ledger.write() as connection:
        return [
            outlet
            for outlet in outlets
            if connection.execute(delete(_PAUSE).where(_PAUSE.c.what == outlet.value)).rowcount
        ]


def paused(ledger: Ledger) -> dict[Outlet, tuple[str, str, datetime]]:
    """Return outlet → (reason, by, at) of what is paused now."""
    with ledger.read() as connection:
        return {
            Outlet(row.what): (row.reason, row.by, row.at)
            for row in connection.execute(select(_PAUSE))
        }
