"""Housekeeping: what retention lets go, in the ledger and in Dagster's history of it.

Last of all the end of the consent chain is signed: a failure there keeps no term from passing.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import dagster as dg
from sqlalchemy import func, select

from alumni_sync.clock import SystemClock
from alumni_sync.deployment import Deployment
from alumni_sync.ledger.runs import last_counts
from alumni_sync.ledger.tables import Erasure, t
from alumni_sync.privacy.retention import purge_due
from alumni_sync.privacy.vouching import vouch
from assets.counts import metadata_of
from assets.eligibility import queue_made
from assets.history import History
from assets.home import home_of
from assets.resources import Company, for_ops
from assets.stage import stage

JOB_NAME: Final = "housekeeping"
RUNS_END_WITHIN: Final = timedelta(days=2)
_ERASURES: Final = t(Erasure)


@dataclass(frozen=True, slots=True)
class Seen:
    """Up to which erasure Dagster's history was cleared; the number of its journal entry."""

    erasures_seen: int


@dg.op
def forget(context: dg.OpExecutionContext, deployment: Company) -> None:
    """Purge what is due, clear Dagster's history, sign the end of the consent chain."""
    with stage(context, deployment, JOB_NAME) as work:
        purged = purge_due(deployment, dry_run=False)
        history = History(context.instance, home_of(deployment.root), context.run.run_id)
        erased = erasures_to_forget(deployment)
        if erased or _erased_lately(deployment):
            history.forget_cases()
            context.log_event(queue_made(deployment))
        forgotten = history.forget_old(SystemClock().now())  # Dagster knows no other clock
        history.overwrite_deleted()
        seen = Seen(erased or _seen(deployment))
        vouched = vouch(deployment)
        context.add_output_metadata(metadata_of(work.record(purged, forgotten, seen, vouched)))


@dg.job(
    name=JOB_NAME,
    description="Retention: purges what is due, forgets Dagster's history.",
    **for_ops(),
)
def housekeeping() -> None:
    """Let go what may no longer be kept."""
    forget()


def erasures_to_forget(deployment: Deployment) -> int:
    """Return the latest erasure whose traces in Dagster's history still stand; 0 for none."""
    with deployment.ledger.read() as connection:
        latest = connection.execute(select(func.max(_ERASURES.c.id))).scalar() or 0
    return int(latest) if latest > _seen(deployment) else 0


def _erased_lately(deployment: Deployment) -> bool:
    """Say whether a run that was under way at an erasure may have shown the case once more."""
    since = deployment.clock.now() - RUNS_END_WITHIN
    with deployment.ledger.read() as connection:
        query = select(_ERASURES.c.id).where(_ERASURES.c.at > since).limit(1)
        return connection.execute(query).first() is not None


def _seen(deployment: Deployment) -> int:
    with deployment.ledger.read() as connection:
        return int(last_counts(connection, JOB_NAME, JOB_NAME).get("erasures_seen", 0))
