"""Leavers: what a source says of people who leave, at a payroll close. First stage of intake.

A source guard (an empty or short file, one without any exit code) stops the stage before anything
is written; the blocking check shows which one, and nothing later runs.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from alumni_sync.consent.rounds.reopening import reopen_tombstones
from alumni_sync.eligibility.revisions.publishing import publish
from alumni_sync.errors import SafetyStop
from alumni_sync.intake.closes import known_close
from alumni_sync.intake.pull import pull_leavers
from assets.links import release_metadata
from assets.resources import Company
from assets.stage import PAYROLL_CLOSES, stage

PLAUSIBLE = dg.AssetCheckSpec(
    "source_is_plausible",
    asset="leavers",
    blocking=True,
    description="The source answered with something that can be this company's leavers.",
)


@dg.asset(
    group_name="leavers",
    partitions_def=PAYROLL_CLOSES,
    check_specs=[PLAUSIBLE],
    kinds={"hris"},
    description="Exits that a source reports, taken in at a payroll close.",
)
def leavers(
    context: dg.AssetExecutionContext, deployment: Company
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
    """Pull one source for one payroll close."""
    with stage(context, deployment, "leavers") as work:
        run = work.run
        try:
            close = known_close(deployment, run.source, run.close)
            publish(deployment, run.id, [run.source])
            reopen_tombstones(deployment, run.source)
            counts = pull_leavers(deployment, run.source, close=close, run_id=run.id)
        except SafetyStop as stop:
            yield dg.AssetCheckResult(
                passed=False, metadata=release_metadata(deployment, stop.brake_id)
            )
            raise
        yield dg.AssetCheckResult(passed=True)
        yield work.done(counts)
