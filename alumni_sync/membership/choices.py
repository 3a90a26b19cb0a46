"""What members switched off on the platform themselves: it comes back as their withdrawal.

Never as drift to be repaired: writing again what somebody has just switched off is what nobody
forgives.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from alumni_sync.consent.answers.answer import Channel, Decided, Evidence
from alumni_sync.consent.answers.decisions import withdraw
from alumni_sync.ledger.tables import Watermark, t
from alumni_sync.ledger.upsert import upsert
from alumni_sync.membership.ledger_rows import MEMBERSHIP
from alumni_sync.ports import MemberChoice, Purpose

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_WATERMARK: Final = t(Watermark)
_OVERLAP: Final = timedelta(hours=1)
"""Asked for again each time: clocks differ, and what comes twice is one decision."""

_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ChoiceCounts:
    """How many choices came, and how many of them changed a consent."""

    seen: int = 0
    taken: int = 0


def take_choices(d: "Deployment", run_id: str) -> ChoiceCounts:
    """Ask the platform for members' choices and take each as a withdrawal.

    Raises:
        ConnectorError: the platform cannot be asked; the next call asks from where this one began.
    """
    platform, now = d.platform(), d.clock.now()
    if not platform.info.capabilities.get("choices"):
        return ChoiceCounts()
    seen = taken = 0
    for choice in platform.choices(_since(d)):
        seen += 1
        taken += _take(d, choice)
    _remember(d, run_id, now)
    return ChoiceCounts(seen, taken)


def _take(d: "Deployment", choice: MemberChoice) -> bool:
    """Withdraw what a member switched off; False for strangers and for what was known already."""
    with d.ledger.read() as connection:
        invitation_id = connection.execute(
            select(MEMBERSHIP.c.invitation_id).where(
                MEMBERSHIP.c.platform == d.platform_name,
                MEMBERSHIP.c.alumni_id == choice.alumni_id,
            )
        ).scalar()
    if invitation_id is None:
        return False
    purposes: frozenset[Purpose] | None = None
    if choice.purpose is not None:
        purposes = frozenset({choice.purpose})
    nonce = f"{d.platform_name}:{choice.alumni_id}:{choice.what}:{choice.at.isoformat()}"
    outcome = withdraw(d, invitation_id, purposes, Evidence(Channel.PLATFORM), nonce)
    return isinstance(outcome, Decided) and not outcome.replay


def _name(d: "Deployment") -> str:
    return f"platform:{d.platform_name}"


def _since(d: "Deployment") -> datetime:
    with d.ledger.read() as connection:
        since = connection.execute(
            select(_WATERMARK.c.since).where(_WATERMARK.c.source == _name(d))
        ).scalar()
    return _BEGINNING if since is None else since - _OVERLAP


def _remember(d: "Deployment", run_id: str, now: datetime) -> None:
    row = {
        "source": _name(d),
        "cursor": "",
        "since": now,
        "basis": "",
        "rows": 0,
        "run_id": run_id,
    }
    with d.ledger.write() as connection:
        upsert(connection, _WATERMARK, [row], key=("source",), update=("since", "run_id"))
