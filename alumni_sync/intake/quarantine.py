"""Rows that cannot be used: sealed for 14 days, recognised for good.

A row is recognised by its keyed hash, so that one that was rejected before is not news. What it
says is sealed under a key of its own: whose row it is cannot be known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from alumni_sync.deployment import Deployment
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.intake.sighting import is_usable
from alumni_sync.ledger.among import among
from alumni_sync.ledger.facts import dump_facts
from alumni_sync.ledger.ids import new_ids
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Quarantine, t
from alumni_sync.ledger.upsert import insert_ignore
from alumni_sync.ports import SourceRecord

KEPT: Final = timedelta(days=14)
CONFLICT: Final = ("row", "conflicting-repeat")
INCOMPLETE: Final = ("row", "incomplete")
"""A connector gave a record that cannot be placed, and no reason for it."""

KEYS: Final = (KeyKind.PROFILE,)

_QUARANTINE: Final = t(Quarantine)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that cannot be used, with the first reason why."""

    row_hash: str
    record: SourceRecord
    field: str
    reason: str


def rejection(identity: SourceIdentity, record: SourceRecord) -> Rejection:
    """Return the rejection of a record, with the first of its problems."""
    if record.problems:
        field, reason = record.problems[0]
    else:
        field, reason = CONFLICT if is_usable(record) else INCOMPLETE
    return Rejection(identity.row(record), record, field, reason)


def seal_rejections(
    ledger: Ledger,
    identity: SourceIdentity,
    rejections: Sequence[Rejection],
    *,
    run_id: str,
    now: datetime,
) -> list[dict[str, Any]]:
    """Return the quarantine rows of rejections that are new; makes their keys."""
    fresh = _unknown(ledger, {one.row_hash: one for one in rejections})
    ids = new_ids("Q", len(fresh))
    if not ids:
        return []
    ring = ledger.vault.create_keys(ids, KEYS)
    return [
        {
            "id": subject,
            "source": identity.source,
            "row_hash": one.row_hash,
            "position": one.record.where,
            "field": one.field,
            "reason": one.reason,
            "run_id": run_id,
            "created_at": now,
            "purge_after": now + KEPT,
            "sealed": ring.seal(
                subject,
                KeyKind.PROFILE,
                "quarantine",
                one.record.raw.encode() or dump_facts(one.record.facts),
            ),
        }
        for subject, one in zip(ids, fresh, strict=True)
    ]


def keep_rejections(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write quarantine rows; return how many were not there yet."""
    return insert_ignore(connection, _QUARANTINE, rows, key=("row_hash",))


def _unknown(ledger: Ledger, by_hash: Mapping[str, Rejection]) -> list[Rejection]:
    query = select(_QUARANTINE.c.row_hash).where(among(_QUARANTINE.c.row_hash))
    with ledger.read() as connection:
        known = set(connection.execute(query, {"among": by_hash}).scalars())
    return [one for row_hash, one in by_hash.items() if row_hash not in known]


def list_quarantine(deployment: Deployment, source: str | None = None) -> list[dict[str, Any]]:
    """Return what waits in quarantine, oldest first, without what the rows say."""
    columns = ("id", "source", "position", "field", "reason", "run_id", "created_at", "purge_after")
    query = select(*(_QUARANTINE.c[name] for name in columns)).order_by(
        _QUARANTINE.c.created_at, _QUARANTINE.c.id
    )
    if source is not None:
        query = query.where(_QUARANTINE.c.source == source)
    with deployment.ledger.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def show_quarantine(deployment: Deployment, quarantine_id: str) -> str | None:
    """Return the text of a row in quarantine; None if there is no such row or it was purged."""
    query = select(_QUARANTINE.c.sealed).where(_QUARANTINE.c.id == quarantine_id)
    with deployment.ledger.read() as connection:
        sealed = connection.execute(query).scalar_one_or_none()
    if sealed is None:
        return None
    vault = deployment.ledger.vault
    return vault.open(quarantine_id, KeyKind.PROFILE, "quarantine", sealed).decode()
