"""What all tests share: a clock that stands still, and a ledger on both databases."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import make_url

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from tests import postgres
from tests.dialects import share_compiled_statements
from tests.migrations import read_migrations_once

MASTER = bytes(range(32))
NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
"""A Tuesday morning after the October payroll, no holiday in Poland or Germany."""

FILES = ("ledger.db", "keys.db")
ROOM = 4 * 2**30
"""Bytes; what all tests write in a run is well under that."""

OpenLedger = Callable[[], Ledger]


def must_run_everything() -> bool:
    """Say whether a missing part is a failure (in `.ci/run`) instead of a skip said aloud."""
    return bool(os.environ.get("ALUMNI_SYNC_CI"))


def pytest_configure() -> None:
    """Draw the same examples in every run, and let a busy machine fail none of them."""
    if memory := memory_folder():
        os.environ.setdefault(postgres.TEMPORARY, str(memory))
    share_compiled_statements()
    read_migrations_once()
    hypothesis.settings.load_profile("ci")


def memory_folder() -> Path | None:
    """Return a folder in memory for what tests write; None where there is none, or little room.

    Ledgers and Dagster wait for the disk at every commit, which is a third of the tests' time; no
    test pulls the plug.
    """
    folder = Path("/dev/shm")  # noqa: S108 pytest makes a folder in it that is ours alone
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < ROOM:
        return None
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long; leave most crash points to `.ci/run`, or to who names them."""
    if not must_run_everything() and "every_crash" not in str(config.option.markexpr):
        left_out = [item for item in items if item.get_closest_marker("every_crash")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("every_crash")]
    longest_first(items)


def longest_first(items: list[pytest.Item]) -> None:
    """Put files that take long in front: a worker that gets one last keeps all others waiting."""
    weights: Counter[Path] = Counter()
    for item in items:
        weights[item.path] += 100 if item.get_closest_marker("slow") else 1
    items.sort(key=lambda item: -weights[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where everything must run: a part is missing there."""
    report = yield
    if report.skipped and must_run_everything() and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but everything must run here: {report.longrepr}"
    return report


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that stands at `NOW` until it is moved."""
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """Yield the PostgreSQL server of this session."""
    try:
        with postgres.server() as running:
            yield running
    except postgres.Missing as missing:
        if must_run_everything():
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def templates(postgres_server: postgres.Server) -> tuple[str, str]:
    """Return the names of an empty ledger and key store, from which tests' copies are made."""
    urls = postgres_server.create(), postgres_server.create()
    Ledger.open(*urls, MASTER).close()
    ledger, keys = (str(make_url(url).database) for url in urls)
    return ledger, keys


@pytest.fixture(scope="session")
def ledger_template(templates: tuple[str, str]) -> str:
    """Return the name of a database with the ledger's schema."""
    return templates[0]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an empty ledger and key store; every test on SQLite gets copies."""
    folder = tmp_path_factory.mktemp("ledger")
    Ledger.open(*_urls_in(folder), MASTER).close()
    return folder


def sqlite_urls(folder: Path, template: Path) -> tuple[str, str]:
    """Return (ledger, key store) URLs of databases in `folder`, both empty, with their schema."""
    for name in FILES:
        shutil.copyfile(template / name, folder / name)
    return _urls_in(folder)


def _urls_in(folder: Path) -> tuple[str, str]:
    ledger, keys = (f"sqlite:///{folder}/{name}" for name in FILES)
    return ledger, keys


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Yield (ledger, key store) URLs on either database."""
    if request.param == "sqlite":
        yield sqlite_urls(tmp_path, request.getfixturevalue("sqlite_template"))
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    ledger, keys = (server.create(name) for name in request.getfixturevalue("templates"))
    yield ledger, keys
    server.drop(ledger)
    server.drop(keys)


@pytest.fixture
def ledger(ledger_urls: tuple[str, str]) -> Iterator[Ledger]:
    """Yield an empty ledger on either database."""
    with Ledger.open(*ledger_urls, MASTER) as opened:
        yield opened


@pytest.fixture
def sqlite_ledger(tmp_path: Path, sqlite_template: Path) -> Iterator[Ledger]:
    """Yield an empty ledger on SQLite, for tests that are not about the database."""
    with Ledger.open(*sqlite_urls(tmp_path, sqlite_template), MASTER) as opened:
        yield opened
