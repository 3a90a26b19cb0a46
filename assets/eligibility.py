"""Eligibility: a verdict for every leaver, and the queue of those on whom a person must rule.

In Dagster a case is a number with a rule id, its age and three links; the person and the facts are
on the HR desk. The links to `review_exclusions` carry tickets, without which it refuses.
"""

from typing import Any, Final

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.domain import ADMIT_REASONS, UPHOLD_REASONS
from alumni_sync.eligibility.judging.judge import judge_leavers
from alumni_sync.eligibility.revisions.publishing import waiting_sentences
from alumni_sync.review.queue.following import count_waiting, sync_queue
from alumni_sync.review.telling.mails import tell_deciders
from assets.leavers import leavers
from assets.links import inbox_metadata
from assets.resources import Company
from assets.stage import stage

RULING: Final = "ruling"
"""The entry above the queue that says what the last ruling did."""

WAITING_RULES: Final = "rules that wait for their release"


@dg.asset(
    group_name="eligibility",
    deps=[leavers],
    kinds={"rules"},
    description="Verdicts of the rule pack on every leaver about whom something changed.",
)
def eligibility(
    context: dg.AssetExecutionContext, deployment: Company
) -> dg.MaterializeResult[Any]:
    """Judge what is stale: of the run's source, or of all."""
    with stage(context, deployment, "eligibility") as work:
        done = work.done(judge_leavers(deployment, source=work.source, run_id=work.run.id))
        return dg.MaterializeResult(
            metadata={**(done.metadata or {}), **rules_metadata(deployment)}
        )


def rules_metadata(deployment: Deployment) -> dict[str, Any]:
    """Return which changed rules wait for their release, a sentence a source; {} for none."""
    waiting = waiting_sentences(deployment)
    return {WAITING_RULES: dg.MetadataValue.text("\n".join(waiting))} if waiting else {}


@dg.asset(
    group_name="eligibility",
    deps=[eligibility],
    kinds={"review"},
    description=(
        "Cases on which a named person rules: follow a link, put a reason in place of CHOOSE.\n\n"
        f"To admit: {', '.join(ADMIT_REASONS)}.\n\nTo uphold: {', '.join(UPHOLD_REASONS)}."
    ),
)
def exclusion_queue(
    context: dg.AssetExecutionContext, deployment: Company
) -> dg.MaterializeResult[Any]:
    """Open and reopen cases, tell who may rule what is due, and show the oldest that wait."""
    with stage(context, deployment, "exclusion_queue") as work:
        done = work.done(sync_queue(deployment, run_id=work.run.id))
        tell_deciders(deployment)
        return dg.MaterializeResult(
            metadata={**inbox_metadata(deployment), **(done.metadata or {})}
        )


@dg.asset_check(asset=exclusion_queue, description="No case waits longer than until its due date.")
def cases_not_overdue(
    context: dg.AssetCheckExecutionContext, deployment: Company
) -> dg.AssetCheckResult:
    """Count cases that are overdue; a warning, since who is not ruled on is simply not asked."""
    with stage(context, deployment, "cases_not_overdue") as work:
        late = count_waiting(deployment).overdue
        return work.checked(
            passed=not late, counts={"overdue": late}, severity=dg.AssetCheckSeverity.WARN
        )


def queue_made(deployment: Deployment, ruling: str = "") -> dg.AssetMaterialization:
    """Return the queue as it stands now, for a job that changed it; `ruling` stands above it."""
    said: dict[str, Any] = {RULING: dg.MetadataValue.text(ruling)} if ruling else {}
    return dg.AssetMaterialization(
        exclusion_queue.key, metadata={**said, **inbox_metadata(deployment)}
    )
