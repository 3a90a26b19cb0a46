"""The jobs by which a person decides: a ruling on a case, the release of a brake or source guard.

Everything that decides is checked where it is decided, not here: the ticket, the role, whether a
second person is needed. Dagster has no roles, and its webserver executes mutations by GET, so a
launch proves nothing about who wanted it.
"""

from enum import Enum
from typing import Final

import dagster as dg
from pydantic import Field

from alumni_sync.domain import Identity
from alumni_sync.review.releases.stops import release_stop
from alumni_sync.review.rulings.bulk import RefusedCase, rule_cases
from alumni_sync.review.rulings.ruling import RulingResult, rule_case
from assets.eligibility import queue_made
from assets.resources import Company, for_ops
from assets.run_coordinator import launched_by
from assets.stage import Stage, stage

RESULTS: Final = "results"
CASE, DONE, SAID = "case", "done", "what became of it"
"""The columns of `RESULTS`."""


class Reason(Enum):
    """Why; a closed list. What the links fill in, CHOOSE, is not in it: nothing can be launched."""

    confirmed = "confirmed"
    duplicate = "duplicate"
    legal_hold = "legal_hold"
    code_wrong = "code_wrong"
    context_known = "context_known"
    rehabilitated = "rehabilitated"
    contest_granted = "contest_granted"
    other = "other"


class RulingConfig(dg.Config):
    """What the links of the exclusion queue fill in."""

    ticket: str = Field(description="From the link; stands for one case, version and ruling.")
    reason: Reason = Field(description="Why. Choose one in place of CHOOSE.")
    others: list[str] = Field(
        default_factory=list,
        description="More tickets, of cases that the HR desk's list rules on by the same act.",
    )


@dg.op
def rule(context: dg.OpExecutionContext, config: RulingConfig, deployment: Company) -> None:
    """Rule on the case that the ticket stands for, or on several, and show the queue afresh."""
    with stage(context, deployment, "review_exclusions") as work:
        identity = launched_by(deployment.ledger.hashes, context.run.run_id, context.run.tags)
        if config.others:
            _rule_on_several(context, config, identity, work)
            return
        result = rule_case(
            deployment,
            ticket=config.ticket,
            reason=config.reason.value,
            identity=identity,
            run_id=work.run.id,
        )
        context.log_event(queue_made(deployment, result.sentence))
        work.record({"applied": int(result.applied)})


def _rule_on_several(
    context: dg.OpExecutionContext, config: RulingConfig, identity: Identity, work: Stage
) -> None:
    """Rule on each case by itself; what became of it stands in the run, one line a case."""
    results = rule_cases(
        work.deployment,
        [config.ticket, *config.others],
        reason=config.reason.value,
        identity=identity,
        run_id=work.run.id,
    )
    refused = sum(isinstance(one, RefusedCase) for one in results)
    said = f"{len(results) - refused} of {len(results)} cases ruled on by one act"
    context.add_output_metadata({RESULTS: dg.MetadataValue.table([_line(one) for one in results])})
    context.log_event(queue_made(work.deployment, said))
    work.record({"applied": len(results) - refused, "refused": refused})


def _line(result: RulingResult | RefusedCase) -> dg.TableRecord:
    if isinstance(result, RefusedCase):
        return dg.TableRecord({CASE: result.case, DONE: False, SAID: result.outside})
    return dg.TableRecord({CASE: result.case, DONE: True, SAID: result.sentence})


@dg.job(
    tags={"dagster/max_retries": "0"},
    description="A ruling on one case, by a link in the asset exclusion_queue; on several, by the "
    "HR desk's list.",
    **for_ops(),
)
def review_exclusions() -> None:
    """Rule on a case."""
    rule()


class ReleaseReason(Enum):
    """Why something that was stopped may go on; a closed list."""

    expected = "expected"
    corrected = "corrected"
    first_load = "first_load"
    other = "other"


class ReleaseConfig(dg.Config):
    """What the link beside a brake or source guard fills in."""

    ticket: str = Field(description="From the link; stands for one brake or guard as it stands.")
    reason: ReleaseReason = Field(description="Why. Choose one in place of CHOOSE.")


@dg.op
def release(context: dg.OpExecutionContext, config: ReleaseConfig, deployment: Company) -> None:
    """Release what the ticket stands for, as the first or the second of two."""
    with stage(context, deployment, "release_brake") as work:
        result = release_stop(
            deployment,
            ticket=config.ticket,
            reason=config.reason.value,
            identity=launched_by(deployment.ledger.hashes, context.run.run_id, context.run.tags),
        )
        context.add_output_metadata({"release": result.sentence})
        work.record({"applied": int(result.applied)})


@dg.job(
    tags={"dagster/max_retries": "0"},
    description="Release of a brake or source guard. Open it by the link beside what it stopped.",
    **for_ops(),
)
def release_brake() -> None:
    """Release a brake or source guard."""
    release()
