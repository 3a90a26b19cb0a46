"""The do-not-write list, looked at again every 36 months: kept with a reason, or ended.

Of an objection only the keyed hash of an address is left, so nobody is shown here: only when it was
made, and why it is kept. It ends by itself never; its owner can take it back (`taking_back`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from alumni_sync.consent.lifecycle import months_later
from alumni_sync.consent.transitions import REJUSTIFY_MONTHS
from alumni_sync.errors import Refused
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment
    from alumni_sync.domain import Identity

KEEP_REASONS: Final = ("programme_runs", "source_lists_them", "asked_again")
END_REASONS: Final = ("programme_ended", "address_gone", "by_court")
SHORT: Final = 12
_SUPPRESSION: Final = t(Suppression)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One address that is not written to.

    Attributes:
        number: begins its keyed hash; says nothing about the address.
        scope: `all`, or the kinds of mail.
        since: of the objection; `due`: when it has to be justified anew.
    """

    number: str
    scope: str
    reason: str
    since: datetime
    due: datetime


def list_suppressions(
    d: "Deployment", identity: "Identity", *, everything: bool = False
) -> list[Suppressed]:
    """Return what is due to be justified anew, the longest due first; or all there is.

    Raises:
        Refused: the role does not allow it.
    """
    authority_now(d).require(identity, Act.JUSTIFY_SUPPRESSION)
    query = select(_SUPPRESSION).order_by(_SUPPRESSION.c.rejustify_at)
    if not everything:
        query = query.where(_SUPPRESSION.c.rejustify_at <= d.clock.now())
    with d.ledger.read() as connection:
        rows = connection.execute(query).all()
    return [
        Suppressed(
            row.address_hash[:SHORT], row.scope, row.reason, row.created_at, row.rejustify_at
        )
        for row in rows
    ]


def count_due(d: "Deployment") -> int:
    """Count what is due to be justified anew."""
    due = select(_SUPPRESSION.c.address_hash).where(_SUPPRESSION.c.rejustify_at <= d.clock.now())
    with d.ledger.read() as connection:
        return len(connection.execute(due).all())


def due_to_justify(d: "Deployment") -> list[str]:
    """Return a sentence about what is due, for `doctor`; nothing where nothing is."""
    due = count_due(d)
    if not due:
        return []
    return [f"{due} suppressions have to be justified anew: alumni-sync suppressions list"]


def keep_suppression(d: "Deployment", number: str, reason: str, identity: "Identity") -> datetime:
    """Keep one for another 36 months; return until when.

    Raises:
        Refused: role or reason do not allow it, there is no such one, or it is not due yet.
    """
    _allow(d, identity, reason, KEEP_REASONS, "keep")
    now = d.clock.now()
    until = months_later(now, REJUSTIFY_MONTHS)
    with d.ledger.write() as connection:
        row = _found(connection, number)
        if row["rejustify_at"] > now:
            raise Refused(f"{number} is justified until {row['rejustify_at']:%Y-%m-%d}")
        this = _SUPPRESSION.c.address_hash == row["address_hash"]
        connection.execute(update(_SUPPRESSION).where(this).values(rejustify_at=until))
        _note(connection, identity, now, f"{number} kept: {reason}")
    return until


def end_suppression(d: "Deployment", number: str, reason: str, identity: "Identity") -> None:
    """End one that nothing justifies any more, once it is due.

    Raises:
        Refused: as `keep_suppression`.
    """
    _allow(d, identity, reason, END_REASONS, "end")
    now = d.clock.now()
    with d.ledger.write() as connection:
        row = _found(connection, number)
        if row["rejustify_at"] > now:
            raise Refused(f"{number} is justified until {row['rejustify_at']:%Y-%m-%d}")
        this = _SUPPRESSION.c.address_hash == row["address_hash"]
        connection.execute(delete(_SUPPRESSION).where(this))
        d.ledger.vault.store.forget_suppressed(row["address_hash"])
        _note(connection, identity, now, f"{number} ended: {reason}")


def _allow(
    d: "Deployment", identity: "Identity", reason: str, reasons: tuple[str, ...], what: str
) -> None:
    if reason not in reasons:
        raise Refused(f"to {what} one, give one of: {', '.join(reasons)}")
    authority_now(d).require(identity, Act.JUSTIFY_SUPPRESSION)


def _found(connection: Connection, number: str) -> RowMapping:
    """Return the row of a number; raises `Refused` where it means none, or several."""
    whole = len(number) == SHORT and number.isascii() and number.isalnum()
    begins = _SUPPRESSION.c.address_hash.startswith(number if whole else "-", autoescape=True)
    rows = connection.execute(select(_SUPPRESSION).where(begins).with_for_update()).mappings().all()
    if len(rows) != 1:
        msg = "there is no such suppression"
        raise Refused(msg)
    return rows[0]


def _note(connection: Connection, identity: "Identity", now: datetime, subject: str) -> None:
    connection.execute(
        insert(t(AccessLog)).values(
            at=now,
            actor=identity.user,
            verified=identity.verified,
            act=Act.JUSTIFY_SUPPRESSION.value,
            subject=subject,
        )
    )
