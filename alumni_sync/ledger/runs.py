"""The ledger's record of runs: what each run of a flow did, in counts, stage by stage.

One row a run, whoever executes it (Dagster, the command line). Dagster's own history may be wiped
at any time; this is what remains, and what `run --json` reports.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, select, update

from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Run, t
from alumni_sync.ledger.upsert import insert_ignore
from alumni_sync.ports import Clock

_RUNS: Final = t(Run)

Counts = Mapping[str, int | Mapping[str, int]]
"""What a stage did; never anything about a person."""


class RunStatus(StrEnum):
    """How a run stands; of several stages, the last word."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"  # by a brake or guard: a person decides


@dataclass(frozen=True, slots=True)
class RunOf:
    """Which run of what.

    Attributes:
        id: `R-…`, the same for every stage of one run.
        flow: name of the job.
        source: for runs of one source, else "".
        close: civil date of the payroll close, where there is one.
    """

    id: str
    flow: str
    source: str = ""
    close: date | None = None


def begin_run(ledger: Ledger, clock: Clock, run: RunOf) -> None:
    """Record that a run has started; each of its stages may say so."""
    row: dict[str, Any] = {
        "id": run.id,
        "flow": run.flow,
        "source": run.source,
        "close": run.close,
        "started_at": clock.now(),
        "status": RunStatus.STARTED,
        "counts": {},
    }
    with ledger.write() as connection:
        insert_ignore(connection, _RUNS, [row], key=("id",))


def end_stage(
    ledger: Ledger, clock: Clock, run: RunOf, stage: str, status: RunStatus, counts: Counts
) -> None:
    """Record what a stage of a run did; the same stage again replaces its counts."""
    with ledger.write() as connection:
        known = run_counts(connection, run.id) | {stage: dict(counts)}
        connection.execute(
            update(_RUNS)
            .where(_RUNS.c.id == run.id)
            .values(counts=known, status=status, finished_at=clock.now())
        )


def run_counts(connection: Connection, run_id: str) -> dict[str, dict[str, Any]]:
    """Return the counts of a run by stage; empty where there is no such run."""
    row = connection.execute(select(_RUNS.c.counts).where(_RUNS.c.id == run_id)).first()
    return dict(row.counts) if row else {}


def last_counts(connection: Connection, flow: str, stage: str) -> dict[str, Any]:
    """Return what a stage did in the latest run of a flow that ended well; empty if none did."""
    rows = connection.execute(
        select(_RUNS.c.counts)
        .where(_RUNS.c.flow == flow, _RUNS.c.status == RunStatus.DONE)
        .order_by(_RUNS.c.finished_at.desc())
        .limit(1)
    )
    row = rows.first()
    return dict(row.counts.get(stage, {})) if row else {}
