"""The one two-person mechanism: cases of misconduct and dispute, brakes, source guards.

A first person proposes an act on one version of a subject; a second, another one, confirms the same
act on the very version that the proposal made. Whatever changes the subject in between voids it.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.queue_tables import Approval
from alumni_sync.ledger.tables import t
from alumni_sync.review.people.authority import Act, Authority

ANOTHER_IS_VOID: Final = "; what was proposed before is void"
"""What stands behind a sentence that everybody may read, instead of who proposed and why not."""

_APPROVALS: Final = t(Approval)


def pending(connection: Connection, subject: str, version: int) -> Row[Any] | None:
    """Return the proposal that waits for its second on exactly this version, None for none."""
    query = select(_APPROVALS).where(
        _APPROVALS.c.subject == subject,
        _APPROVALS.c.version == version,
        _APPROVALS.c.second_by.is_(None),
    )
    return connection.execute(query).first()


def propose(
    connection: Connection,
    subject: str,
    version: int,
    act: str,
    first: Identity,
    *,
    reason: str,
    at: datetime,
) -> None:
    """Record the first of two.

    Args:
        connection: of the transaction that also changes the subject.
        subject: `EX-000123`, `BR-…` or `GU-…`.
        version: that the subject gets by this proposal.
        act: what is proposed.
        first: who; must be verified.
        reason: a code of a closed list.
        at: now.
    """
    _must_be_verified(first)
    connection.execute(
        insert(_APPROVALS).values(
            subject=subject,
            version=version,
            act=act,
            first_by=first.user,
            first_at=at,
            reason=reason,
        )
    )


def confirm(
    connection: Connection, subject: str, version: int, act: str, second: Identity, *, at: datetime
) -> None:
    """Record the second of two.

    Raises:
        Refused: nobody proposed this act on this version, or it was the same person.
    """
    _must_be_verified(second)
    proposal = pending(connection, subject, version)
    if proposal is None or proposal.act != act:
        raise Refused(f"nobody has proposed to {act} {subject}")
    if proposal.first_by == second.user:
        raise Refused(f"{second.user} proposed it: the second must be another person")
    connection.execute(
        update(_APPROVALS)
        .where(_APPROVALS.c.id == proposal.id, _APPROVALS.c.second_by.is_(None))
        .values(second_by=second.user, second_at=at)
    )


def lapsed(proposal: Row[Any], authority: Authority, act: Act, source: str | None = None) -> str:
    """Return why a proposal is void; "" while whoever made it may still make it.

    Args:
        proposal: that waits.
        authority: of this moment.
        act: being the first of two on this.
        source: of the subject; None for none.
    """
    permit = authority.may(Identity(proposal.first_by, verified=True), act, source)
    return "" if permit.allowed else f"what {proposal.first_by} proposed is void: {permit.why}"


def _must_be_verified(identity: Identity) -> None:
    if not identity.verified:
        raise Refused("it takes two people here, and nothing vouches for who you are")
