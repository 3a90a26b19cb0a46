"""A small company taken in once, and copies of it for the tests."""

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import dagster as dg
import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.deployment import Deployment
from assets.home import instance_of
from assets.in_process import run_intake
from tests.assets.small import NOW_ISO, write_small_sample

OCTOBER = date(2026, 10, 29)


def opened(folder: Path) -> Deployment:
    """Open the deployment in a folder, at the instant of the tests."""
    clock = FixedClock(datetime.fromisoformat(NOW_ISO))
    return Deployment.open(folder / "alumni_sync.yaml", clock=clock)


@pytest.fixture(scope="session")
def small_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a deployment in which nothing has happened yet; to be copied."""
    folder = tmp_path_factory.mktemp("small") / "acme"
    write_small_sample(folder)
    return folder


@pytest.fixture(scope="session")
def taken_in(small_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a deployment with both sources taken in through the real job; to be copied."""
    folder = tmp_path_factory.mktemp("taken") / "acme"
    shutil.copytree(small_sample, folder)
    with opened(folder) as deployment:
        for source in deployment.settings.sources:
            assert run_intake(deployment, source, OCTOBER).error is None
    return folder


@pytest.fixture
def fresh(small_sample: Path, tmp_path: Path) -> Iterator[Deployment]:
    """Yield a deployment of the test's own, with nothing taken in."""
    shutil.copytree(small_sample, tmp_path / "acme")
    with opened(tmp_path / "acme") as deployment:
        yield deployment


@pytest.fixture
def company(taken_in: Path, tmp_path: Path) -> Iterator[Deployment]:
    """Yield a deployment of the test's own, with both sources taken in."""
    shutil.copytree(taken_in, tmp_path / "acme")
    with opened(tmp_path / "acme") as deployment:
        yield deployment


@pytest.fixture
def instance(company: Deployment) -> Iterator[dg.DagsterInstance]:
    """Yield Dagster's instance of `company`."""
    with instance_of(company.root) as opened_instance:
        yield opened_instance
