"""Releases of brakes (on what we write) and source guards (on what we read): two people each.

A release is for exactly what was stopped, the plan or the file whose hash the brake holds, and it
runs out. Whoever uses it marks it as spent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, or_, select, update

from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.tables import Brake, t
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.rulings import approvals
from alumni_sync.review.rulings.tickets import verify

RELEASE: Final = "release"
RELEASE_REASONS: Final = ("expected", "corrected", "first_load", "other")
"""Why something that was stopped may go on."""

HOLDS_FOR: Final = timedelta(hours=24)
"""How long a release of a brake holds, where the brake itself does not say."""

TRIPPED: Final = "tripped"
AWAITING: Final = "awaiting_second"
RELEASED: Final = "released"

_BRAKES: Final = t(Brake)


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """What became of a release; `applied` is False where it only repeated an earlier one."""

    brake: str
    status: str
    applied: bool
    sentence: str


def list_stops(d: Deployment, kind: str) -> Iterator[dict[str, Any]]:
    """Yield what is stopped or released and not used yet, oldest first.

    Args:
        d: the open deployment.
        kind: `brake` or `guard`.
    """
    now = d.clock.now()
    query = (
        select(_BRAKES)
        .where(
            _BRAKES.c.kind == kind,
            _BRAKES.c.status.in_([TRIPPED, AWAITING, RELEASED]),
            or_(_BRAKES.c.expires_at.is_(None), _BRAKES.c.expires_at > now),
        )
        .order_by(_BRAKES.c.tripped_at, _BRAKES.c.id)
    )
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        yield {
            kind: row.id,
            "name": row.name,
            "source" if kind == "guard" else "platform": row.scope,
            "counts": row.counts,
            "status": row.status,
            "version": row.version,
            "tripped_at": row.tripped_at,
            "expires_at": row.expires_at,
        }


def release_stop(
    d: Deployment,
    *,
    reason: str,
    identity: Identity,
    ticket: str | None = None,
    stop: str | None = None,
) -> ReleaseResult:
    """Release a brake or source guard: propose it, or as another person confirm it.

    Args:
        d: the open deployment.
        reason: a code of `RELEASE_REASONS`.
        identity: who releases; nothing but a verified one counts.
        ticket: names brake and version; for everything that came by a link.
        stop: `BR-…` or `GU-…`; only where the caller itself knows who acts.

    Raises:
        Refused: ticket, role, reason, version or state do not allow it; nothing was changed.
    """
    now = d.clock.now()
    version = None
    if ticket is not None:
        made = verify(d.ledger.hashes, ticket, now=now, user=identity.user)
        if made.act != RELEASE:
            raise Refused("the ticket is for something else")
        stop, version = made.subject, made.version
    if stop is None:
        raise Refused("a release needs a ticket, or the id of a brake or guard")
    if reason not in RELEASE_REASONS:
        raise Refused(f"to release, give one of: {', '.join(RELEASE_REASONS)}")
    with d.ledger.write() as connection:
        row = _standing(connection, stop, now)
        if version is not None and version != row.version:
            if row.version == version + 1 and _proposed_by(connection, row, identity.user):
                return ReleaseResult(stop, row.status, applied=False, sentence=_REPEATED)
            raise Refused(f"{stop} has changed since: look at it again before releasing")
        return _advance(connection, d, row, reason, identity, now)


_REPEATED: Final = "this was done before, nothing changed"


def _standing(connection: Connection, stop: str, now: datetime) -> Row[Any]:
    """Return what is to be released; raises `Refused` where it does not stand any more."""
    query = select(_BRAKES).where(_BRAKES.c.id == stop).with_for_update()  # one after the other
    row = connection.execute(query).first()
    if row is None:
        raise Refused(f"there is no brake or guard {stop}")
    if row.status not in {TRIPPED, AWAITING}:
        raise Refused(f"{stop} is {row.status} already")
    if row.expires_at is not None and row.expires_at <= now:
        raise Refused(f"{stop} has run out: run again, and release what stops it then")
    return row


def _proposed_by(connection: Connection, row: Row[Any], user: str) -> bool:
    proposal = approvals.pending(connection, row.id, row.version)
    return proposal is not None and proposal.first_by == user


def _advance(
    connection: Connection,
    d: Deployment,
    row: Row[Any],
    reason: str,
    identity: Identity,
    now: datetime,
) -> ReleaseResult:
    """Propose the release, or confirm the proposal that stands."""
    authority = authority_now(d, connection)
    scope = row.scope if row.kind == "guard" else None
    waiting = approvals.pending(connection, row.id, row.version)
    void = approvals.lapsed(waiting, authority, Act.PROPOSE_RELEASE, scope) if waiting else ""
    if waiting is None or void:
        authority.require(identity, Act.PROPOSE_RELEASE, scope)
        values = {"status": AWAITING, "version": row.version + 1}
        approvals.propose(
            connection, row.id, row.version + 1, RELEASE, identity, reason=reason, at=now
        )
        sentence = f"{row.id} waits for a second person to release it"
        sentence += approvals.ANOTHER_IS_VOID if void else ""
    else:
        authority.require(identity, Act.CONFIRM_RELEASE, scope)
        approvals.confirm(connection, row.id, row.version, RELEASE, identity, at=now)
        until = row.expires_at or now + HOLDS_FOR
        values = {"status": RELEASED, "version": row.version + 1, "expires_at": until}
        sentence = f"{row.id} is released until {until:%Y-%m-%d %H:%M} UTC: run again"
    this = (_BRAKES.c.id == row.id, _BRAKES.c.version == row.version)
    if not connection.execute(update(_BRAKES).where(*this).values(values)).rowcount:
        raise Refused(f"{row.id}: somebody else was faster, look at it again")
    return ReleaseResult(row.id, str(values["status"]), applied=True, sentence=sentence)
