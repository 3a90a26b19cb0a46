"""Companies for the tests of consent."""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from tests.consent.papers import PEOPLE
from tests.consent.world import World


@pytest.fixture
def world(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> World:
    """Return a company on SQLite, on a Tuesday morning."""
    return World(tmp_path, sqlite_ledger, clock)


@pytest.fixture
def any_world(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> World:
    """Return a company on either database."""
    return World(tmp_path, ledger, clock)


@pytest.fixture
def desk_world(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> World:
    """A company on either database, with people for its desk."""
    return World(tmp_path, ledger, clock, people=PEOPLE)


@pytest.fixture
def here(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> World:
    """The same on SQLite, for tests that are not about the database."""
    return World(tmp_path, sqlite_ledger, clock, people=PEOPLE)
