"""Dagster's home: as the deployment says, for its owner only, rid of runs without a process."""

import socket
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from alumni_sync.ledger.leases import this_process
from assets.home import OWNER_TAG, fail_orphans, home_of, instance_of, owner_tag, prepare_home

HOST = socket.gethostname()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Yield an empty instance."""
    with instance_of(tmp_path) as opened:
        yield opened


def _started(instance: dg.DagsterInstance, owner: str | None = None) -> str:
    run = dg.DagsterRun(
        job_name="sync_community",
        run_id=str(uuid.uuid4()),
        status=dg.DagsterRunStatus.STARTED,
        tags={} if owner is None else {OWNER_TAG: owner},
    )
    instance.add_run(run)
    return run.run_id


def _status(instance: dg.DagsterInstance, run_id: str) -> str:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status.value


def test_the_home_is_for_its_owner_only(tmp_path: Path) -> None:
    """Case numbers and reviewers' names stand there."""
    assert 0o700 == stat.S_IMODE(prepare_home(tmp_path).stat().st_mode)


def test_the_home_follows_the_deployments_settings(tmp_path: Path) -> None:
    """Who changes dagster.yaml in the deployment means it."""
    home = prepare_home(tmp_path)
    assert "SignedRunCoordinator" in (home / "dagster.yaml").read_text(encoding="utf-8")

    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    prepare_home(tmp_path)
    assert "telemetry: {enabled: false}\n" == (home / "dagster.yaml").read_text(encoding="utf-8")


def test_the_environment_may_put_the_home_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service of its own sets DAGSTER_HOME, and `run` must work on the same one."""
    assert tmp_path / "var" / "dagster" == home_of(tmp_path)

    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "elsewhere"))
    assert tmp_path / "elsewhere" == home_of(tmp_path)


def test_a_run_whose_process_is_gone_is_failed(instance: dg.DagsterInstance) -> None:
    """A killed host leaves its runs started for ever, and the sensor waits for them."""
    of_a_worker = _started(instance)
    of_a_dead_command = _started(instance, owner=f"{HOST} 999999999 1")

    assert 2 == fail_orphans(instance)
    assert ["FAILURE"] * 2 == [_status(instance, of_a_worker), _status(instance, of_a_dead_command)]
    assert 0 == fail_orphans(instance)


def test_a_run_in_a_living_command_is_left_alone(instance: dg.DagsterInstance) -> None:
    """`up` may be started while `run` is at work."""
    run_id = _started(instance, owner=owner_tag()[OWNER_TAG])

    assert 0 == fail_orphans(instance)
    assert "STARTED" == _status(instance, run_id)


@pytest.mark.parametrize(
    "tag",
    ["", "nonsense", "a b c", f"{HOST} {this_process().pid} 1"],
    ids=["empty", "nonsense", "three words", "another start of this process"],
)
def test_a_tag_that_somebody_chose_keeps_nothing_alive(
    instance: dg.DagsterInstance, tag: str
) -> None:
    """Whoever calls GraphQL picks the tags of a run."""
    _started(instance, owner=tag)

    assert 1 == fail_orphans(instance)
