"""Companies with a community, for the tests of privacy."""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from tests.membership.world import Community


@pytest.fixture
def community(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Community:
    """Return a company on SQLite, with an empty platform."""
    return Community(tmp_path, sqlite_ledger, clock)


@pytest.fixture
def any_community(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """Return a company on either database, with an empty platform."""
    return Community(tmp_path, ledger, clock)
