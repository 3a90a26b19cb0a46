"""Brakes on what we write: too many new members, or too many removals that no consent asked for.

A brake looks at the whole plan before anything is written, and freezes it: the people concerned are
put down one by one. A release (two people, see `review.people`) is for these people and no
others, for a day; whoever joins meanwhile is counted afresh. What is counted goes back 24 hours, so
that nineteen percent an hour is not "below twenty".

Removals by a withdrawn, expired or erased consent never pass here.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Connection, Row, and_, func, insert, not_, or_, select, update

from alumni_sync.errors import SafetyStop
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.tables import Brake, BrakeItem, PlatformWrite, t
from alumni_sync.ledger.upsert import insert_rows
from alumni_sync.membership.ledger_rows import MEMBERSHIP, count_states
from alumni_sync.membership.plan import Act, MemberState

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_BRAKE: Final = t(Brake)
_ITEM: Final = t(BrakeItem)
_WRITE: Final = t(PlatformWrite)
WINDOW: Final = timedelta(hours=24)
_NOT_BY_EXIT: Final = ("consent:", "expired", "erased")


class BrakeName(StrEnum):
    """What is limited; the names of the settings."""

    ADDS = "adds"
    REMOVALS = "removals"


class BrakeStatus(StrEnum):
    """Where a brake stands."""

    TRIPPED = "tripped"
    AWAITING_SECOND = "awaiting_second"
    RELEASED = "released"
    SPENT = "spent"


_OPEN: Final = [BrakeStatus.TRIPPED.value, BrakeStatus.AWAITING_SECOND.value]
_LET_GO: Final = [BrakeStatus.RELEASED.value, BrakeStatus.SPENT.value]


class Limit(Protocol):
    """A limit as the settings have it."""

    @property
    def count(self) -> int:
        """Return how many are always allowed."""

    @property
    def share(self) -> float:
        """Return what part of the members is always allowed."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be judged.

    Attributes:
        planned: new ones of this plan that no release covers.
        recent: those of the last 24 hours that no release covered.
        members: who were members before them.
    """

    planned: int
    recent: int
    members: int


def exceeds(load: Load, limit: Limit) -> bool:
    """Say whether a plan is above both count and share; exactly at a limit passes. Pure."""
    together = load.planned + load.recent
    return bool(load.planned and together > limit.count and together > limit.share * load.members)


@dataclass(frozen=True, slots=True)
class Planned:
    """The people of a plan: counted cheaply, listed only where it matters who they are."""

    count: Callable[[], int]
    listed: Callable[[], Iterable[str]]


def hold_adds(d: "Deployment", run_id: str, planned: Planned) -> None:
    """Stop the plan where it would add too many at once.

    Raises:
        SafetyStop: nothing was written; names the brake that a person may release.
    """
    brake_id = _judge(d, run_id, BrakeName.ADDS, planned)
    if brake_id:
        limit = d.settings.brakes.adds
        what = (
            f"more than {limit.count} people and {limit.share:.0%} of the members would be added "
            f"within a day; see `alumni-sync plan`, then `alumni-sync brakes release {brake_id}`"
        )
        raise SafetyStop(brake_id, what)


def removals_allowed(d: "Deployment", run_id: str, invitation_ids: Sequence[str]) -> bool:
    """Say whether members may be erased whose consent stands, but whose exit does not."""
    planned = Planned(lambda: len(invitation_ids), lambda: invitation_ids)
    return not _judge(d, run_id, BrakeName.REMOVALS, planned)


def end_moot_removals(d: "Deployment") -> None:
    """End the brake on removals where nobody is left to be removed: the HRIS was corrected."""
    with d.ledger.read() as connection:
        standing = _open_brake(connection, d.platform_name, BrakeName.REMOVALS)
    if standing is not None:
        _close(d, standing.id)


def _judge(d: "Deployment", run_id: str, name: BrakeName, planned: Planned) -> str:
    """Return the brake that holds these people, "" where none does; a new one is tripped."""
    now, platform = d.clock.now(), d.platform_name
    limit = d.settings.brakes.adds if name is BrakeName.ADDS else d.settings.brakes.removals
    with d.ledger.read() as connection:
        load = _load(connection, platform, name, planned, now)
        standing = _open_brake(connection, platform, name)
    if not exceeds(load, limit):
        if standing is not None:
            _close(d, standing.id)  # its plan has shrunk below the limits by itself
        return ""
    if standing is not None:
        return str(standing.id)
    return _trip(d, run_id, name, list(planned.listed()), load, now)


def _load(
    connection: Connection,
    platform: str,
    name: BrakeName,
    people: Planned,
    now: datetime,
) -> Load:
    released = _released_items(connection, platform, name, now)
    recent = _recent(connection, platform, name, now)
    active = count_states(connection, platform).get(MemberState.ACTIVE, 0)
    planned = people.count()
    if released:
        planned = sum(1 for one in people.listed() if one not in released)
    before = active - recent if name is BrakeName.ADDS else active + recent
    return Load(planned, recent, max(0, before))


def _released_items(
    connection: Connection, platform: str, name: BrakeName, now: datetime
) -> Collection[str]:
    """Return the invitations that a release still covers."""
    rows = connection.execute(
        select(_ITEM.c.invitation_id)
        .join(_BRAKE, _BRAKE.c.id == _ITEM.c.brake_id)
        .where(
            _BRAKE.c.scope == platform,
            _BRAKE.c.name == name.value,
            _BRAKE.c.status == BrakeStatus.RELEASED.value,
            or_(_BRAKE.c.expires_at.is_(None), _BRAKE.c.expires_at > now),
        )
    )
    return set(rows.scalars())


def _recent(connection: Connection, platform: str, name: BrakeName, now: datetime) -> int:
    """Return how many of the last 24 hours no release covered."""
    covered = (
        select(_ITEM.c.invitation_id)
        .join(_BRAKE, _BRAKE.c.id == _ITEM.c.brake_id)
        .where(_BRAKE.c.name == name.value, _BRAKE.c.status.in_(_LET_GO))
    )
    verb = Act.CREATE if name is BrakeName.ADDS else Act.REMOVE
    query = (
        select(func.count())
        .select_from(_WRITE.join(MEMBERSHIP, MEMBERSHIP.c.alumni_id == _WRITE.c.alumni_id))
        .where(
            _WRITE.c.platform == platform,
            _WRITE.c.verb == verb.value,
            _WRITE.c.outcome == "done",
            _WRITE.c.claimed_at > now - WINDOW,
            MEMBERSHIP.c.invitation_id.not_in(covered),
        )
    )
    if name is BrakeName.REMOVALS:
        by_exit = and_(*(not_(_WRITE.c.cause.startswith(text)) for text in _NOT_BY_EXIT))
        query = query.where(by_exit)
    return int(connection.execute(query).scalar_one())


def _open_brake(connection: Connection, platform: str, name: BrakeName) -> Row[Any] | None:
    return connection.execute(
        select(_BRAKE).where(
            _BRAKE.c.scope == platform,
            _BRAKE.c.name == name.value,
            _BRAKE.c.status.in_(_OPEN),
        )
    ).first()


def _trip(
    d: "Deployment",
    run_id: str,
    name: BrakeName,
    invitation_ids: Sequence[str],
    load: Load,
    now: datetime,
) -> str:
    """Freeze the plan: who is in it, and its hash."""
    brake_id = new_id("BR")
    verb = Act.CREATE if name is BrakeName.ADDS else Act.REMOVE
    row = {
        "id": brake_id,
        "kind": "brake",
        "name": name.value,
        "scope": d.platform_name,
        "subject_hash": plan_hash(verb, invitation_ids),
        "counts": {"planned": load.planned, "recent": load.recent, "members": load.members},
        "status": BrakeStatus.TRIPPED.value,
        "version": 1,
        "tripped_at": now,
        "expires_at": None,
        "run_id": run_id,
    }
    items = [
        {"brake_id": brake_id, "invitation_id": one, "verb": verb.value} for one in invitation_ids
    ]
    with d.ledger.write() as connection:
        connection.execute(insert(_BRAKE).values(row))
        insert_rows(connection, _ITEM, items)
    return brake_id


def plan_hash(verb: Act, invitation_ids: Sequence[str]) -> str:
    """Return what names exactly this plan, whatever the order it is given in."""
    told = "\n".join([verb.value, *sorted(invitation_ids)])
    return sha256(told.encode()).hexdigest()


def _close(d: "Deployment", brake_id: str) -> None:
    with d.ledger.write() as connection:
        connection.execute(
            update(_BRAKE)
            .where(_BRAKE.c.id == brake_id, _BRAKE.c.status.in_(_OPEN))
            .values(status=BrakeStatus.SPENT.value)
        )


def spend(d: "Deployment") -> None:
    """End the releases whose plan was carried out: nobody in them is left to be written."""
    now = d.clock.now()
    with d.ledger.write() as connection:
        released = connection.execute(
            select(_BRAKE.c.id).where(
                _BRAKE.c.scope == d.platform_name,
                _BRAKE.c.kind == "brake",
                _BRAKE.c.status == BrakeStatus.RELEASED.value,
            )
        ).scalars()
        for brake_id in list(released):
            connection.execute(
                update(_BRAKE)
                .where(_BRAKE.c.id == brake_id)
                .values(status=BrakeStatus.SPENT.value, expires_at=now)
            )
