"""When to ask for work again that is still there: at once, then ever more rarely. Pure.

Schedules and the sensor look at what is to be done, not at what they asked for before, so a run
that changes nothing (a brake holds the plan, a vendor is down) would be asked for at every look.
Dagster starts no second run for a run key that it has seen, hence the attempt's number in the key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import dagster as dg

WORK_TAG: Final = ".dagster/alumni_sync_work"
ATTEMPT_TAG: Final = ".dagster/alumni_sync_attempt"
"""The prefix keeps tags that mean nothing to people out of Dagster's pages."""

FIRST_WAIT: Final = timedelta(seconds=20)
LONGEST_WAIT: Final = timedelta(hours=1)
LOST_AFTER: Final = timedelta(hours=1)
"""An unfinished run older than this blocks nothing: its host may be dead. Leases keep two apart."""

LOOK_BACK: Final = 20
"""How many runs are looked at; after that many in vain, the longest wait is long reached."""

UNFINISHED: Final = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that was asked for before; `ended` is in seconds since 1970."""

    work: str
    attempt: int
    ended: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """Ask for a run now."""

    work: str
    number: int

    @property
    def run_key(self) -> str:
        """Return a key that was never used before."""
        return f"{self.work}#{self.number}"

    @property
    def tags(self) -> Mapping[str, str]:
        """Return what the next look recognises the run by."""
        return {WORK_TAG: self.work, ATTEMPT_TAG: str(self.number)}


@dataclass(frozen=True, slots=True)
class Wait:
    """Do not ask now, and why not."""

    reason: str


def next_attempt(work: str, past: Sequence[PastRun], now: float) -> Attempt | Wait:
    """Decide whether to ask for a run, when none is at work.

    Args:
        work: what is to be done, as a digest or key; another one is another piece of work.
        past: earlier runs that were asked for here, latest first.
        now: seconds since 1970.
    """
    in_vain = 0
    for run in past:
        if run.work != work:
            break
        in_vain += 1
    if in_vain:
        wait = min(FIRST_WAIT * 2 ** (in_vain - 1), LONGEST_WAIT)
        due = past[0].ended + wait.total_seconds()
        if now < due:
            return Wait(f"tried {in_vain} times; again in {due - now:.0f} s")
    return Attempt(work, 1 + max((run.attempt for run in past), default=0))


def is_busy(
    instance: dg.DagsterInstance, job: str, now: float, tags: Mapping[str, str] | None = None
) -> bool:
    """Say whether a run of `job` (with `tags`) is queued or at work."""
    filters = dg.RunsFilter(job_name=job, statuses=list(UNFINISHED), tags=tags or {})
    return any(
        now - record.create_timestamp.timestamp() < LOST_AFTER.total_seconds()
        for record in instance.get_run_records(filters, limit=LOOK_BACK)
    )


def past_runs(instance: dg.DagsterInstance, job: str, tags: Mapping[str, str]) -> list[PastRun]:
    """Return the latest runs of `job` with these tags, latest first."""
    filters = dg.RunsFilter(job_name=job, tags=tags)
    records = instance.get_run_records(filters, limit=LOOK_BACK)
    return [
        PastRun(
            work=record.dagster_run.tags.get(WORK_TAG, ""),
            attempt=_number(record.dagster_run.tags.get(ATTEMPT_TAG, "")),
            ended=record.end_time or record.update_timestamp.timestamp(),
        )
        for record in records
    ]


def _number(text: str) -> int:
    """Return a tag as a number; a caller of GraphQL may have put anything there."""
    return int(text) if text.isascii() and text.isdecimal() else 0
