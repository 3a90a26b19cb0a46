"""Dagster owns nothing: whatever is run again, or lost, nobody is asked or written twice."""

import shutil
from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest
from sqlalchemy import func, select

from alumni_sync.deployment import Deployment
from alumni_sync.errors import SafetyStop
from alumni_sync.ledger.runs import run_counts
from alumni_sync.ledger.tables import Case, Lease, Run, Spell, t
from assets.counts import counts_of
from assets.home import home_of, instance_of
from assets.in_process import run_community, run_intake, run_job
from assets.resources import no_values
from tests.assets.conftest import OCTOBER
from tests.assets.small import mails_in

OWN = {Run.__tablename__, Lease.__tablename__, "alembic_version"}
"""What a run without changes may write: its own record and leases (I7)."""


def _rows(deployment: Deployment) -> dict[str, list[str]]:
    """Return every row of the ledger but those of runs, as text."""
    tables = [table for name, table in t(Run).metadata.tables.items() if name not in OWN]
    with deployment.ledger.read() as connection:
        return {
            table.name: sorted(str(row) for row in connection.execute(select(table)))
            for table in tables
        }


def _everything_again(deployment: Deployment) -> None:
    for source in deployment.settings.sources:
        assert run_intake(deployment, source, OCTOBER).error is None
    for job in ("daily_round", "sync_community", "reconcile"):
        assert run_job(deployment, job).error is None


def _count(deployment: Deployment, model: type[Spell | Case]) -> int:
    with deployment.ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(t(model))).scalar_one()


def test_one_run_takes_a_source_to_the_invitations(company: Deployment) -> None:
    """This is the intake flow: read, judged, queued, asked."""
    assert 20 < _count(company, Spell)
    assert 4 < _count(company, Case)
    assert 10 < len(mails_in(company.root))


def test_everything_materialised_twice_writes_nothing(company: Deployment) -> None:
    """A backfill, a wide selection, a curious click: nobody may get a second mail by it."""
    before, mails = _rows(company), mails_in(company.root)

    _everything_again(company)

    assert before == _rows(company)
    assert mails == mails_in(company.root)


def test_without_dagsters_home_nothing_is_lost_and_nobody_mailed_twice(
    company: Deployment,
) -> None:
    """Dagster's history may be deleted at any time: it owns nothing."""
    before, mails = _rows(company), mails_in(company.root)
    shutil.rmtree(home_of(company.root))

    _everything_again(company)

    assert before == _rows(company)
    assert mails == mails_in(company.root)


def test_a_read_that_is_not_plausible_stops_everything_after_it(fresh: Deployment) -> None:
    """Half an export taken for the whole would be judged, queued and asked."""
    path = fresh.root / "leavers-pl.csv"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])

    result = run_intake(fresh, "acme-pl", OCTOBER)

    assert isinstance(result.error, SafetyStop)
    with fresh.ledger.read() as connection:
        assert {"leavers": {}} == run_counts(connection, result.run_id)
    assert 0 == _count(fresh, Spell)
    with instance_of(fresh.root) as instance:
        made = [
            instance.get_latest_materialization_event(dg.AssetKey(name))
            for name in ("leavers", "eligibility", "exclusion_queue", "consent_requests")
        ]
        (run,) = instance.get_runs()
        evaluations = [
            event.dagster_event.asset_check_evaluation_data
            for event in instance.all_logs(run.run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
            if event.dagster_event
        ]
    assert [None] * 4 == made
    assert [("source_is_plausible", False)] == [(one.check_name, one.passed) for one in evaluations]
    assert [True] == [result.error.brake_id in one.metadata for one in evaluations]


def test_a_source_that_fails_does_not_stop_another(fresh: Deployment) -> None:
    """A broken export of one country must not keep the other one waiting."""
    (fresh.root / "leavers-pl.csv").unlink()

    assert run_intake(fresh, "acme-pl", OCTOBER).error is not None
    assert run_intake(fresh, "acme-de", OCTOBER).error is None


def test_a_partition_that_somebody_made_up_is_refused(fresh: Deployment) -> None:
    """In the Dagster UI anybody can type any key."""
    result = run_intake(fresh, "nobody", date(2026, 10, 29))

    assert "there is no source nobody" in str(result.error)


def test_the_report_leaves_small_cells_out(company: Deployment) -> None:
    """A cell of one is a person."""
    run_community(company)
    with instance_of(company.root) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("programme_report"))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata

    assert isinstance(metadata["leavers"], dg.IntMetadataValue)
    assert "< 5" in str(metadata["funnel"].value)


@pytest.mark.parametrize(
    "counts",
    [{"name": "Zofia"}, {"when": date(2026, 1, 1)}, {"verdicts": {"held": "Zofia"}}, ["Zofia"]],
    ids=["text", "date", "text within", "list"],
)
def test_only_numbers_become_metadata(counts: object) -> None:
    """Metadata stand in Dagster's storage for a month: nothing about a person may get there."""
    with pytest.raises(TypeError):
        counts_of(counts)


def test_a_returned_value_is_refused() -> None:
    """Dagster's usual I/O manager would pickle it to disk."""

    @dg.asset
    def careless() -> str:
        return "Zofia"

    with pytest.raises(TypeError, match="stages pass nothing on, and this is a str"):
        dg.materialize([careless], resources={"io_manager": no_values})


def _canaries(deployment: Deployment) -> Iterator[bytes]:
    """Yield what must never stand in Dagster's home: addresses and numbers of the export."""
    for path in sorted(deployment.root.glob("leavers-*.csv")):
        for line in path.read_text(encoding="utf-8-sig").splitlines()[1:]:
            for value in line.replace('"', "").split(";"):
                if "@" in value or value.startswith("OS-"):
                    yield value.encode()


def _leaks(deployment: Deployment) -> list[str]:
    canaries = [canary for canary in _canaries(deployment) if len(canary) > 5]
    assert 20 < len(canaries)
    files = [path for path in home_of(deployment.root).rglob("*") if path.is_file()]
    assert files
    return [path.name for path in files if any(c in path.read_bytes() for c in canaries)]


def test_no_person_stands_in_dagsters_home(company: Deployment) -> None:
    """Whoever may look at runs may not therefore look at people."""
    _everything_again(company)

    assert [] == _leaks(company)


def test_a_failure_in_any_stage_leaks_nothing(company: Deployment) -> None:
    """Messages of parsers and databases quote the very row that they failed at."""
    canary = next(_canaries(company)).decode()

    class Broken(Deployment):
        """A deployment whose every part fails, and says whom it failed at."""

        def __init__(self) -> None:
            self.root = company.root
            self.clock = company.clock

        @property
        def ledger(self) -> None:  # type: ignore[override]  # it is to fail
            raise KeyError(canary)

    for source in ("acme-pl", "acme-de"):
        with pytest.raises(dg.Failure, match="a fault of alumni_sync: KeyError"):
            run_intake(Broken(), source, OCTOBER)
    for job in ("daily_round", "sync_community", "reconcile", "housekeeping"):
        with pytest.raises(dg.Failure, match="a fault of alumni_sync: KeyError"):
            run_job(Broken(), job)
    assert [] == _leaks(company)
