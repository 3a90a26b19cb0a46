"""What membership reads from the ledger: open gates, memberships, and what there is to do.

SQL only; what a row means is decided in `plan`, whether a gate is open in `consent.grants`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    and_,
    func,
    or_,
    select,
)

from alumni_sync.consent.grants import consent_stands, live_condition, may_stand
from alumni_sync.consent.standing import SPELL, joined
from alumni_sync.ledger.among import among
from alumni_sync.ledger.tables import Invitation, Membership, t
from alumni_sync.membership.plan import GONE, MemberState

INVITATION: Final = t(Invitation)
MEMBERSHIP: Final = t(Membership)
GONE_VALUES: Final = tuple(sorted(state.value for state in GONE))
PAGE: Final = 1_000


def _with_exits() -> FromClause:
    """Return invitations with spell, person and case, and their membership if there is one."""
    return (INVITATION.join(joined(), INVITATION.c.spell_id == SPELL.c.id)).outerjoin(
        MEMBERSHIP, MEMBERSHIP.c.invitation_id == INVITATION.c.id
    )


def open_gates(
    connection: Connection, invitation_ids: Sequence[str], now: datetime
) -> dict[str, int]:
    """Return invitation id → version of those who may be on the platform now."""
    query = (
        select(INVITATION.c.id, INVITATION.c.version)
        .select_from(INVITATION.join(joined(), INVITATION.c.spell_id == SPELL.c.id))
        .where(among(INVITATION.c.id), live_condition(now))
    )
    return dict(connection.execute(query, {"among": invitation_ids}).all())


def memberships(connection: Connection, invitation_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return invitation id → membership row."""
    query = select(MEMBERSHIP).where(among(MEMBERSHIP.c.invitation_id))
    rows = connection.execute(query, {"among": invitation_ids})
    return {row.invitation_id: row for row in rows}


def _due(now: datetime) -> ColumnElement[bool]:
    """Say that no pause after a failure keeps a membership from being tried."""
    return or_(MEMBERSHIP.c.next_at.is_(None), MEMBERSHIP.c.next_at <= now)


def _differs(now: datetime) -> ColumnElement[bool]:
    """Say that a membership may not be what the grant of this moment says."""
    news = MEMBERSHIP.c.grant_seq.is_distinct_from(INVITATION.c.grant_seq)
    settled = and_(
        MEMBERSHIP.c.state == MemberState.ACTIVE.value,
        MEMBERSHIP.c.claimed_by.is_(None),
        MEMBERSHIP.c.attempts == 0,
        or_(MEMBERSHIP.c.recheck_at.is_(None), MEMBERSHIP.c.recheck_at > now),
    )
    return or_(news, and_(~settled, MEMBERSHIP.c.dead_letter_id.is_(None), _due(now)))


Wanted = tuple[str, str | None]
"""Invitation id, and the state of the membership if there is one."""


def wanted(connection: Connection, now: datetime, after: str, limit: int) -> list[Wanted]:
    """Return where something may have to be written, in the order of ids above `after`.

    People whose membership is confirmed for the very grant that stands are not among them: they
    cost no look-up of keys, no call and no write.
    """
    rows = connection.execute(
        select(INVITATION.c.id, MEMBERSHIP.c.state)
        .select_from(_with_exits())
        .where(
            INVITATION.c.id > after,
            or_(MEMBERSHIP.c.id.is_(None), _differs(now)),
            live_condition(now),
        )
        .order_by(INVITATION.c.id)
        .limit(limit)
    )
    return list(rows.all())


def candidates(connection: Connection, now: datetime, after: str, limit: int) -> list[str]:
    """Return `wanted` and perhaps some more: the exits are left to whoever claims the writes."""
    membership = MEMBERSHIP.c.invitation_id == INVITATION.c.id
    query = (
        select(INVITATION.c.id)
        .select_from(INVITATION.outerjoin(MEMBERSHIP, membership))
        .where(
            INVITATION.c.id > after,
            or_(MEMBERSHIP.c.id.is_(None), _differs(now)),
            consent_stands(now),
        )
    )
    return list(connection.execute(query.order_by(INVITATION.c.id).limit(limit)).scalars())


def count_new(connection: Connection, now: datetime) -> int:
    """Return how many of `wanted` were never on the platform, or are gone from it."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(_with_exits())
            .where(
                or_(
                    MEMBERSHIP.c.id.is_(None),
                    and_(MEMBERSHIP.c.state.in_(GONE_VALUES), _differs(now)),
                ),
                live_condition(now),
            )
        ).scalar_one()
    )


def every_wanted(connection: Connection, now: datetime) -> Iterator[Wanted]:
    """Yield all of `wanted`, page by page."""
    after = ""
    while page := wanted(connection, now, after, PAGE):
        yield from page
        after = page[-1][0]


def states_of(
    connection: Connection, concerned: ColumnElement[bool], now: datetime
) -> dict[str, str | None]:
    """Return invitation id → membership state of those concerned whom nothing else speaks against.

    Args:
        connection: a transaction.
        concerned: a condition on the invitation.
        now: the instant; aware.
    """
    query = select(INVITATION.c.id, MEMBERSHIP.c.state).select_from(_with_exits())
    return dict(connection.execute(query.where(concerned, may_stand(now))).all())


def still_claimed(connection: Connection, run_id: str, invitation_ids: Sequence[str]) -> list[str]:
    """Return those of the invitations that a run has claimed and nothing has confirmed."""
    query = select(MEMBERSHIP.c.invitation_id).where(
        among(MEMBERSHIP.c.invitation_id), MEMBERSHIP.c.claimed_by == run_id
    )
    return list(connection.execute(query, {"among": invitation_ids}).scalars())


def elsewhere(connection: Connection, platform: str) -> Mapping[str, int]:
    """Return platform → how many are (or may be) still on it, for every other platform."""
    rows = connection.execute(
        select(MEMBERSHIP.c.platform, func.count().label("number"))
        .where(MEMBERSHIP.c.platform != platform, MEMBERSHIP.c.state.not_in(GONE_VALUES))
        .group_by(MEMBERSHIP.c.platform)
    )
    return {row.platform: row.number for row in rows}


def count_states(connection: Connection, platform: str) -> dict[MemberState, int]:
    """Return how many memberships of a platform are in each state."""
    rows = connection.execute(
        select(MEMBERSHIP.c.state, func.count())
        .where(MEMBERSHIP.c.platform == platform)
        .group_by(MEMBERSHIP.c.state)
    )
    return {MemberState(state): count for state, count in rows}
