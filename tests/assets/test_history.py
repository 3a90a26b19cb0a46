"""Dagster's history goes after 30 days, and at once where somebody was erased."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from alumni_sync.clock import SystemClock
from assets.history import ForgottenCounts, History
from assets.home import prepare_home

CASE = "EX-000123"
REASON = "context_known"


@dg.asset
def exclusion_queue() -> dg.MaterializeResult[None]:
    """Name a case, as the real one does."""
    return dg.MaterializeResult(metadata={CASE: "conduct-exit"})


@dg.asset
def leavers() -> dg.MaterializeResult[None]:
    """Name nobody."""
    return dg.MaterializeResult(metadata={"read": 3})


@dg.op
def say_ruling(context: dg.OpExecutionContext) -> None:
    """Say how somebody ruled, as the real op does."""
    context.log.info("%s was admitted: %s", CASE, REASON)


@dg.job
def review_exclusions() -> None:
    """Rule on a case."""
    say_ruling()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a Dagster home as a deployment has it."""
    return prepare_home(tmp_path)


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """Yield an instance on SQLite with one run of each kind in its history."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        dg.materialize([leavers], instance=instance)
        dg.materialize([exclusion_queue], instance=instance)
        review_exclusions.execute_in_process(instance=instance)
        yield instance


def _files_with(home: Path, text: str) -> list[str]:
    files = (path for path in home.rglob("*") if path.is_file())
    return sorted(path.name for path in files if text.encode() in path.read_bytes())


def _now() -> datetime:
    return SystemClock().now().astimezone(UTC)


def test_young_history_stays(instance: dg.DagsterInstance, home: Path) -> None:
    """HR looks at last week's runs."""
    counts = History(instance, home, "").forget_old(_now() + timedelta(days=29))

    assert ForgottenCounts(0, 0) == counts
    assert 3 == instance.get_runs_count()
    assert [] != _files_with(home, CASE)


def test_old_history_goes_to_the_last_byte(instance: dg.DagsterInstance, home: Path) -> None:
    """Deleting runs alone leaves the last metadata and a file a run."""
    history = History(instance, home, "")

    counts = history.forget_old(_now() + timedelta(days=31))
    history.overwrite_deleted()

    assert ForgottenCounts(runs=3, assets=2) == counts
    assert 0 == instance.get_runs_count()
    assert [] == _files_with(home, CASE)
    assert [] == _files_with(home, REASON)


def test_the_run_that_tidies_up_is_kept(instance: dg.DagsterInstance, home: Path) -> None:
    """A run that deletes itself would end as a fault."""
    current = instance.get_runs()[0].run_id

    History(instance, home, current).forget_old(_now() + timedelta(days=31))

    assert [current] == [run.run_id for run in instance.get_runs()]


def test_an_erasure_takes_what_names_cases_and_nothing_else(
    instance: dg.DagsterInstance, home: Path
) -> None:
    """An erased person's case number must not stand there for another month."""
    history = History(instance, home, "")

    counts = history.forget_cases()
    history.overwrite_deleted()

    assert ForgottenCounts(runs=2, assets=1) == counts
    assert [] == _files_with(home, CASE)
    assert [] == _files_with(home, REASON)
    assert instance.get_latest_materialization_event(dg.AssetKey("leavers")) is not None
