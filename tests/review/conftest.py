"""An empty queue, on either database or on the quicker one."""

from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from tests.review.queue_of import PEOPLE, Desk
from tests.roster import Roster


@pytest.fixture
def desk(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Desk:
    """Return an empty queue on either database."""
    return Desk(Roster.of(tmp_path, ledger, clock, people=PEOPLE))


@pytest.fixture
def desk_here(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Desk:
    """Return an empty queue on SQLite, for tests that are not about the database."""
    return Desk(Roster.of(tmp_path, sqlite_ledger, clock, people=PEOPLE))
