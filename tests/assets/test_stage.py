"""What every stage shares: its record in the ledger, a busy lease, and how a brake is released."""

import uuid
from collections.abc import Callable
from datetime import date

import dagster as dg
import pytest
from sqlalchemy import select

from alumni_sync.deployment import Deployment
from alumni_sync.errors import ConfigError, LedgerError, SafetyStop
from alumni_sync.ledger.leases import LeaseBusy
from alumni_sync.ledger.runs import run_counts
from alumni_sync.ledger.tables import Brake, Run, t
from alumni_sync.ledger.upsert import insert_rows
from assets.failures import StageFailed
from assets.resources import Company
from assets.stage import BUSY_RETRIES, ledger_run_id, split_key, stage

Work = Callable[[int], dict[str, int]]


def _run(deployment: Deployment, work: Work, *, retries: int = 0) -> tuple[str, str]:
    """Run a stage that does `work(attempt)`; return the ledger's run id and its status there."""
    attempts: list[int] = []

    @dg.op
    def doing(context: dg.OpExecutionContext, deployment: Company) -> None:
        with stage(context, deployment, "doing", busy_wait=0) as current:
            attempts.append(context.retry_number)
            current.record(work(context.retry_number))

    @dg.job(resource_defs={"deployment": dg.ResourceDefinition.hardcoded_resource(deployment)})
    def flow() -> None:
        doing()

    run_id = str(uuid.uuid4())
    try:
        flow.execute_in_process(run_id=run_id)
    finally:
        assert list(range(retries + 1)) == attempts
    return ledger_run_id(run_id), _status(deployment, ledger_run_id(run_id))


def _status(deployment: Deployment, run_id: str) -> str:
    table = t(Run)
    with deployment.ledger.read() as connection:
        query = select(table.c.status).where(table.c.id == run_id)
        return str(connection.execute(query).scalar_one())


def _only_status(deployment: Deployment) -> str:
    table = t(Run)
    with deployment.ledger.read() as connection:
        return str(connection.execute(select(table.c.status)).scalar_one())


def test_what_a_stage_did_stands_in_the_ledger(fresh: Deployment) -> None:
    """`run --json` reports it, and it survives Dagster's home."""
    run_id, status = _run(fresh, lambda _: {"sent": 3})

    assert "done" == status
    with fresh.ledger.read() as connection:
        assert {"doing": {"sent": 3}} == run_counts(connection, run_id)


def test_a_busy_lease_is_waited_for(fresh: Deployment) -> None:
    """The withdrawal worker holds it for a moment: that is no reason for a red run."""

    def work(attempt: int) -> dict[str, int]:
        if attempt < 2:
            raise LeaseBusy("platform:directory is busy")
        return {"hidden": 1}

    assert "done" == _run(fresh, work, retries=2)[1]


def test_a_lease_that_stays_busy_is_said_so(fresh: Deployment) -> None:
    """Waiting for ever would hide that somebody hangs."""

    def work(_attempt: int) -> dict[str, int]:
        raise LeaseBusy("platform:directory is busy")

    with pytest.raises(StageFailed, match="platform:directory is busy"):
        _run(fresh, work, retries=BUSY_RETRIES)
    assert "failed" == _only_status(fresh)


def test_a_database_error_tells_where_and_not_what(fresh: Deployment) -> None:
    """What it was asked stands in the message of the driver, which is gone by then."""

    def work(_attempt: int) -> dict[str, int]:
        raise LedgerError("IntegrityError SQLITE_CONSTRAINT_UNIQUE")

    with pytest.raises(StageFailed, match=r"IntegrityError SQLITE_CONSTRAINT_UNIQUE: .*test_stage"):
        _run(fresh, work)


def test_a_brake_is_shown_with_the_way_to_release_it(fresh: Deployment) -> None:
    """Whoever finds the red run must not have to look for the command."""
    row = {
        "id": "BR-1",
        "kind": "brake",
        "name": "adds",
        "scope": "directory",
        "subject_hash": "00",
        "counts": {"adds": 45},
        "status": "tripped",
        "version": 1,
        "tripped_at": fresh.clock.now(),
    }
    with fresh.ledger.write() as connection:
        insert_rows(connection, t(Brake), [row])

    def work(_attempt: int) -> dict[str, int]:
        raise SafetyStop("BR-1", "45 members would be added")

    with pytest.raises(StageFailed, match="45 members would be added") as caught:
        _run(fresh, work)
    assert "stopped" == _only_status(fresh)
    link = str(caught.value.metadata["BR-1"].value)
    assert "/jobs/release_brake/playground/setup?config=ops" in link
    assert "BR-1.1.release." in link


def test_a_key_says_source_and_day() -> None:
    """It is what the whole flow of a close goes by."""
    assert ("acme-pl", date(2026, 10, 29)) == split_key("acme-pl|2026-10-29")
    for wrong in ("acme-pl", "acme-pl|", "2026-10-29", "acme-pl|29.10.2026"):
        with pytest.raises(ConfigError, match=r"a key is SOURCE\|YYYY-MM-DD"):
            split_key(wrong)
