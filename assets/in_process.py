"""The real jobs, executed in the process of a command, on Dagster's home of the deployment.

What `alumni-sync run` and `sync` do: the same jobs as in the Dagster UI, seen there, but with this
process's clock and nobody waiting for a daemon.
"""

import uuid
from dataclasses import dataclass
from datetime import date

from alumni_sync.deployment import Deployment
from alumni_sync.domain import PayrollClose
from alumni_sync.errors import AlumniSyncError
from assets.definitions import defs
from assets.failures import StageFailed
from assets.home import instance_of, owner_tag
from assets.stage import PAYROLL_CLOSES, ledger_run_id


@dataclass(frozen=True, slots=True)
class FlowResult:
    """How a flow ended.

    Attributes:
        run_id: the ledger's id of the run; its counts stand there.
        error: what stopped it, one of our errors; None when it went through.
    """

    run_id: str
    error: AlumniSyncError | None = None


def run_intake(deployment: Deployment, source: str, close: date | None) -> FlowResult:
    """Execute the intake flow of one source: leavers to consent requests.

    Args:
        deployment: open, with the clock to work by.
        source: name in `alumni_sync.yaml`.
        close: the payroll close; None (by hand) takes today at the site.

    Raises:
        StageFailed: a fault of ours, in words that hold no value.
    """
    day = close or _today(deployment, source)
    return _execute(
        deployment, "after_payroll_close", PayrollClose(source, day, deployment.clock.now())
    )


def run_community(deployment: Deployment) -> FlowResult:
    """Execute the community flow: consent requests, profiles, members, report."""
    return _execute(deployment, "sync_community", None)


def run_job(deployment: Deployment, job: str) -> FlowResult:
    """Execute another job that has no partitions, such as `daily_round` or `housekeeping`."""
    return _execute(deployment, job, None)


def _execute(deployment: Deployment, job: str, close: PayrollClose | None) -> FlowResult:
    dagster_run_id = str(uuid.uuid4())
    run_id = ledger_run_id(dagster_run_id)
    with instance_of(deployment.root) as instance:
        if close is not None:
            instance.add_dynamic_partitions(str(PAYROLL_CLOSES.name), [close.key])
        try:
            defs.resolve_job_def(job).execute_in_process(
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                instance=instance,
                partition_key=close.key if close else None,
                run_id=dagster_run_id,
                tags=owner_tag(),
                resources={"deployment": deployment},
            )
        except StageFailed as failed:
            if failed.error is None:
                raise
            return FlowResult(run_id, failed.error)
    return FlowResult(run_id)


def _today(deployment: Deployment, source: str) -> date:
    timezone = deployment.context(source).timezone
    return deployment.clock.now().astimezone(timezone).date()
