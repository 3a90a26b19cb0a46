"""What starts the jobs: schedules by the clock, and one sensor by what is to be done.

All look at the ledger and none remembers anything: what is due and not done is asked for, whether
or not it was asked for before, so that nothing is lost with a daemon, a cursor or Dagster's home.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

import dagster as dg

from alumni_sync.clock import SystemClock
from alumni_sync.deployment import Deployment
from alumni_sync.domain import PayrollClose
from alumni_sync.eligibility.judging.unjudged import unjudged_spells
from alumni_sync.intake.closes import due_closes
from alumni_sync.membership.pending import LOOK, pending_work
from assets.failures import harmless
from assets.housekeeping import erasures_to_forget, housekeeping
from assets.jobs import after_payroll_close, daily_round, reconcile, sync_community
from assets.pacing import Attempt, Wait, is_busy, next_attempt, past_runs
from assets.resources import Company
from assets.stage import PARTITION_TAG, PAYROLL_CLOSES

RUNNING: Final = dg.DefaultScheduleStatus.RUNNING
SENSOR_NAME: Final = "community_work"
SCHEDULE_NAME: Final = "payroll_close"


@dg.schedule(
    name=SCHEDULE_NAME,
    job=after_payroll_close,
    cron_schedule="* * * * *",
    default_status=RUNNING,
    description="Asks the payroll calendars which closes are due and were not taken in yet.",
)
def payroll_close(
    context: dg.ScheduleEvaluationContext, deployment: Company
) -> list[dg.RunRequest] | dg.SkipReason:
    """Request a run for each close that is due; of one source, one after the other."""
    with harmless():
        due = due_closes(deployment)
        if not due:
            return dg.SkipReason("no payroll close is due")
        context.instance.add_dynamic_partitions(str(PAYROLL_CLOSES.name), [c.key for c in due])
        answers = [_ask_for_close(context.instance, close) for close in _first_of_each(due)]
        requests = [answer for answer in answers if isinstance(answer, dg.RunRequest)]
        return requests or dg.SkipReason("; ".join(str(answer) for answer in answers))


def _first_of_each(due: list[PayrollClose]) -> list[PayrollClose]:
    """Return the earliest close of each source: two reads of one would be in each other's way."""
    return list({close.source: close for close in reversed(due)}.values())


def _ask_for_close(instance: dg.DagsterInstance, close: PayrollClose) -> dg.RunRequest | str:
    job, now = after_payroll_close.name, SystemClock().now().timestamp()
    partition = {PARTITION_TAG: close.key}
    if is_busy(instance, job, now, partition):
        return f"{close.key}: a run is at work on it"
    by_schedule = {**partition, "dagster/schedule_name": SCHEDULE_NAME}
    asked_before = past_runs(instance, job, by_schedule)
    match next_attempt(close.key, asked_before, now):
        case Attempt() as attempt:
            return dg.RunRequest(
                run_key=attempt.run_key, partition_key=close.key, tags=dict(attempt.tags)
            )
        case Wait(reason):
            return f"{close.key}: {reason}"


@dg.sensor(
    name=SENSOR_NAME,
    jobs=[sync_community, housekeeping, daily_round],
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks the ledger whether anything waits for the platform, the mail or the rules.",
)
def community_work(
    context: dg.SensorEvaluationContext, deployment: Company
) -> dg.SensorResult | dg.SkipReason:
    """Request a run while work is pending, whatever was requested before."""
    with harmless():
        answers = list(_ask_for_work(context.instance, deployment))
        requests = [answer for answer in answers if isinstance(answer, dg.RunRequest)]
        if requests:
            return dg.SensorResult(run_requests=requests)
        return dg.SkipReason("; ".join(map(str, answers)) or "nothing is pending")


def _ask_for_work(
    instance: dg.DagsterInstance, deployment: Deployment
) -> Iterator[dg.RunRequest | str]:
    pending = pending_work(deployment)
    if pending:
        yield _ask(instance, sync_community.name, pending.digest)
    if erased := erasures_to_forget(deployment):
        yield _ask(instance, housekeeping.name, f"erasure {erased}")
    if unjudged := unjudged_spells(deployment, LOOK):
        yield _ask_to_judge(instance, unjudged)


def _ask_to_judge(instance: dg.DagsterInstance, spells: Sequence[str]) -> dg.RunRequest | str:
    """Request what judges; not while a run is on its way there by itself."""
    if is_busy(instance, after_payroll_close.name, SystemClock().now().timestamp()):
        return f"{after_payroll_close.name}: a run is at work"
    work = sha256(",".join(spells).encode()).hexdigest()[:16]
    return _ask(instance, daily_round.name, work)


def _ask(instance: dg.DagsterInstance, job: str, work: str) -> dg.RunRequest | str:
    now = SystemClock().now().timestamp()
    if is_busy(instance, job, now):
        return f"{job}: a run is at work"
    asked_before = past_runs(instance, job, {"dagster/sensor_name": SENSOR_NAME})
    match next_attempt(work, asked_before, now):
        case Attempt() as attempt:
            key = f"{job} {attempt.run_key}"
            return dg.RunRequest(job_name=job, run_key=key, tags=dict(attempt.tags))
        case Wait(reason):
            return f"{job}: {reason}"


SCHEDULES: Final = (
    payroll_close,
    dg.ScheduleDefinition(
        name="daily_round", job=daily_round, cron_schedule="15 6 * * *", default_status=RUNNING
    ),
    dg.ScheduleDefinition(
        name="reconcile", job=reconcile, cron_schedule="30 4 * * 0", default_status=RUNNING
    ),
    dg.ScheduleDefinition(
        name="housekeeping", job=housekeeping, cron_schedule="45 3 * * *", default_status=RUNNING
    ),
)
SENSORS: Final = (community_work,)
