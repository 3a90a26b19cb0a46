"""What every stage shares: which run it is part of, its record in the ledger, harmless errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from typing import Any, Final

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.errors import ConfigError, SafetyStop
from alumni_sync.ledger.leases import LeaseBusy
from alumni_sync.ledger.runs import Counts, RunOf, RunStatus, begin_run, end_stage
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
def stage(context: Context, deployment: Deployment, name: str) -> Iterator[Stage]:
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
                raise dg.RetryRequested(BUSY_RETRIES, BUSY_WAIT) from None
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
        return source, date.fromisoformat(day)
    except ValueError:
        raise ConfigError.of("payroll_closes", "a key is SOURCE|YYYY-MM-DD") from None


def counts_of(counts: object) -> Counts:
    """Return a record of counts as a mapping of numbers, and nothing but numbers.

    Raises:
        TypeError: something else is in it; it might be about a person.
    """
    mapping = asdict(counts) if is_dataclass(counts) and not isinstance(counts, type) else counts
    if not isinstance(mapping, Mapping):
        msg = f"{type(counts).__name__} is no record of counts"
        raise TypeError(msg)
    for name, value in mapping.items():
        numbers = value.values() if isinstance(value, Mapping) else [value]
        if not all(isinstance(number, int | float) for number in numbers):
            msg = f"{type(counts).__name__}.{name} is no count"
            raise TypeError(msg)
    return {str(name): value for name, value in mapping.items()}


def metadata_of(counts: Counts) -> dict[str, int]:
    """Return counts flat, as Dagster plots them: `verdicts: excluded`."""
    flat: dict[str, int] = {}
    for name, value in counts.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}: {inner}": number for inner, number in value.items()}
        else:
            flat[name] = value
    return flat
