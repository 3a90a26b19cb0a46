"""Source guards: a read that looks wrong as a whole stops before anything is written.

A full listing that is empty, much shorter than the last good one, without a single exit code, or
not as long as it says it is: all of these have been half an export somewhere. One in which far more
people have left at once than ever leave has been a batch job that went wrong. Nothing is taken in
and the watermark stays until the next good one, or until a person says that this very read is
right (`guards release`). A release holds for exactly these bytes, once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select, update

from alumni_sync.deployment import Deployment
from alumni_sync.errors import SafetyStop
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Brake, t
from alumni_sync.ledger.upsert import insert_rows

LEAST_SHARE: Final = 0.8
"""A full listing with fewer rows than this share of the last good one is suspicious…"""

FROM_ROWS: Final = 50
"""…if that one had at least so many rows."""

MOST_LEAVERS: Final = 20
"""A listing of staff in which more people than this have newly left is suspicious…"""

MOST_OF_STAFF: Final = 0.03
"""…if they are more than this share of the staff, too."""

RELEASE_HOLDS: Final = timedelta(days=7)

_BRAKE: Final = t(Brake)
_KIND: Final = "guard"
_OPEN: Final = ("tripped", "awaiting_second")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the guards look at.

    Attributes:
        basis: fingerprint of what was read; a release is good for nothing else.
        full: whether it is a complete listing.
        declared: how many rows the source says there are; None if it does not.
        coded: rows about leavers with an exit code.
        uncoded: rows about leavers without one; both 0 where the mapping has no exit code.
        last_rows: rows of the last good full read; 0 if there was none.
        staff: rows about people who are still employed; 0 where only leavers are listed.
        newly_left: rows about leavers whom the ledger does not know.
    """

    basis: str
    full: bool
    rows: int
    declared: int | None
    coded: int
    uncoded: int
    last_rows: int
    staff: int = 0
    newly_left: int = 0


@dataclass(frozen=True, slots=True)
class Trip:
    """One guard that a read does not pass."""

    name: str
    what: str
    counts: dict[str, int]


def suspicions(reading: Reading) -> Iterator[Trip]:
    """Yield what is wrong with a read as a whole."""
    rows, last = reading.rows, reading.last_rows
    if reading.declared is not None and reading.declared != rows:
        what = f"the source declares {reading.declared} rows, {rows} were read"
        yield Trip("declared_total", what, {"declared": reading.declared, "rows": rows})
    if not reading.full:
        return
    if rows == 0:
        yield Trip("empty", "a full listing without a row", {"rows": 0, "last": last})
    elif last >= FROM_ROWS and rows < LEAST_SHARE * last:
        what = f"{rows} rows, after {last} in the last good read"
        yield Trip("short", what, {"rows": rows, "last": last})
    if reading.uncoded and not reading.coded:
        what = f"none of {reading.uncoded} leavers has an exit code"
        yield Trip("no_exit_code", what, {"leavers": reading.uncoded})
    left, staff = reading.newly_left, reading.staff
    many = left > max(MOST_LEAVERS, MOST_OF_STAFF * (staff + left))
    if staff and last and many:  # the first read takes in everybody who ever left
        what = f"{left} people have left since the last good read, {staff} are still there"
        yield Trip("mass_exit", what, {"left": left, "staff": staff})


def pass_guards(
    ledger: Ledger, source: str, trips: Sequence[Trip], *, basis: str, run_id: str, now: datetime
) -> list[str]:
    """Return the ids of the releases that let this read pass; they are spent when it is done.

    Raises:
        SafetyStop: a guard that nobody released; it is on record now, once for each read.
    """
    if not trips:
        return []
    with ledger.write() as connection:
        found = {row.name: row for row in _of(connection, source, basis, now)}
        stopped = [trip for trip in trips if found.get(trip.name) is None]
        rows = [_row(source, basis, trip, run_id, now) for trip in stopped]
        insert_rows(connection, _BRAKE, rows)
        ids = {trip.name: row["id"] for trip, row in zip(stopped, rows, strict=True)}
        ids |= {name: row.id for name, row in found.items()}
    held = [trip for trip in trips if trip in stopped or found[trip.name].status != "released"]
    if held:
        first, *others = held
        what = "; ".join([first.what, *(f"{trip.what} ({ids[trip.name]})" for trip in others)])
        message = f"{source}: {what}; nothing was written: see alumni-sync guards list"
        raise SafetyStop(ids[first.name], message)
    return [ids[trip.name] for trip in trips]


def spend(connection: Connection, ids: Sequence[str]) -> None:
    """Use releases up, in the transaction that ends the read that they let pass."""
    if ids:
        connection.execute(update(_BRAKE).where(_BRAKE.c.id.in_(ids)).values(status="spent"))


def list_guards(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the guards that wait for somebody, oldest first, as `guards list` shows them."""
    now = deployment.clock.now()
    query = select(_BRAKE).where(_BRAKE.c.kind == _KIND, _BRAKE.c.status.in_((*_OPEN, "released")))
    with deployment.ledger.read() as connection:
        rows = connection.execute(query.order_by(_BRAKE.c.tripped_at, _BRAKE.c.id)).all()
    return [
        {
            "guard": row.id,
            "name": row.name,
            "source": row.scope,
            "counts": row.counts,
            "status": row.status,
            "version": row.version,
            "tripped_at": row.tripped_at.isoformat(),
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        }
        for row in rows
        if row.expires_at is None or row.expires_at > now
    ]


def _of(connection: Connection, source: str, basis: str, now: datetime) -> Sequence[Any]:
    """Return the guards on record for this very read, the latest of each name last."""
    query = select(_BRAKE).where(
        _BRAKE.c.kind == _KIND,
        _BRAKE.c.scope == source,
        _BRAKE.c.subject_hash == basis,
        _BRAKE.c.status.in_((*_OPEN, "released")),
        _BRAKE.c.expires_at > now,
    )
    return connection.execute(query.order_by(_BRAKE.c.tripped_at)).all()


def _row(source: str, basis: str, trip: Trip, run_id: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id("GU"),
        "kind": _KIND,
        "name": trip.name,
        "scope": source,
        "subject_hash": basis,
        "counts": trip.counts,
        "status": "tripped",
        "version": 1,
        "tripped_at": now,
        "expires_at": now + RELEASE_HOLDS,
        "run_id": run_id,
    }
