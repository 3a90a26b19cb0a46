"""What every stage shares: which run it is part of, its record in the ledger, harmless errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.errors import ConfigError, SafetyStop
from alumni_sync.ledger.leases import LeaseBusy
from alumni_sync.ledger.runs import Counts, RunOf, RunStatus, begin_run, end_stage
from assets.counts import counts_of, metadata_of
from assets.failures import StageFailed, harmless
from assets.links import release_metadata

PAYROLL_CLOSES: Final = dg.DynamicPartitionsDefinition(name="payroll_closes")
"""One partition a payroll close of a source; key `source|2026-10-29`."""

PARTITION_TAG: Final = "dagster/partition"
RUN_ID_LENGTH: Final = 16

BUSY_RETRIES: Final = 5
BUSY_WAIT: Final = 3  # seconds


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage within one run.

    Attributes:
        name: of the asset or op.
        run: the run it is part of; `source` and `close` are set where the run has a partition.
    """

    deployment: Deployment
    name: str
    run: RunOf

    @property
    def source(self) -> str | None:
        """Return the only source that this run is about; None where it is about all."""
        return self.run.source or None

    def done(self, *counts: object) -> dg.MaterializeResult[Any]:
        """Record what services counted and return it as the asset's metadata."""
        return dg.MaterializeResult(metadata=metadata_of(self.record(*counts)))

    def checked(
        self,
        *,
        passed: bool,
        counts: object,
        severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
    ) -> dg.AssetCheckResult:
        """Record what a check counted and return its result."""
        metadata = metadata_of(self.record(counts))
        return dg.AssetCheckResult(passed=passed, severity=severity, metadata=metadata)

    def record(self, *counts: object, status: RunStatus = RunStatus.DONE) -> Counts:
        """Record what services counted in the ledger and return it as one mapping."""
        numbers = {name: value for each in counts for name, value in counts_of(each).items()}
        ledger, clock = self.deployment.ledger, self.deployment.clock
        end_stage(ledger, clock, self.run, self.name, status, numbers)
        return numbers


Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext


@contextmanager
def stage(
    context: Context, deployment: Deployment, name: str, *, busy_wait: float = BUSY_WAIT
) -> Iterator[Stage]:
    """Work on one stage: its start and its failure are recorded, its errors made harmless.

    Where another process is at the same work (the withdrawal worker, most of the time), the stage
    waits and begins again, instead of failing over something that is over in a moment.
    """
    with harmless():
        current = Stage(deployment, name, run_of(context))
        begin_run(deployment.ledger, deployment.clock, current.run)
        try:
            yield current
        except LeaseBusy:
            if context.retry_number < BUSY_RETRIES:
                raise dg.RetryRequested(BUSY_RETRIES, busy_wait) from None
            current.record(status=RunStatus.FAILED)
            raise
        except SafetyStop as stop:
            current.record(status=RunStatus.STOPPED)
            how = release_metadata(deployment, stop.brake_id)
            raise StageFailed(str(stop), stop, how) from None
        except Exception:
            current.record(status=RunStatus.FAILED)
            raise


def run_of(context: Context) -> RunOf:
    """Return the run that Dagster is executing, as the ledger names it."""
    run = context.run
    source, close = split_key(run.tags[PARTITION_TAG]) if PARTITION_TAG in run.tags else ("", None)
    return RunOf(ledger_run_id(run.run_id), run.job_name, source, close)


def ledger_run_id(dagster_run_id: str) -> str:
    """Return the ledger's id of a Dagster run, so that each can be found from the other."""
    return f"R-{dagster_run_id.replace('-', '')[:RUN_ID_LENGTH]}"


def split_key(key: str) -> tuple[str, date]:
    """Return source and civil date of a partition key.

    Raises:
        ConfigError: somebody made a partition by hand that is no payroll close.
    """
    source, _, day = key.rpartition("|")
    try:
        close = date.fromisoformat(day)
    except ValueError:
        close = None
    if not source or close is None:
        raise ConfigError.of("payroll_closes", "a key is SOURCE|YYYY-MM-DD")
    return source, close
