"""A key store that is not this ledger's is noticed before anybody meets it."""

from pathlib import Path

import pytest
from sqlalchemy import delete

from alumni_sync.clock import FixedClock
from alumni_sync.errors import LedgerError
from alumni_sync.ledger.keystore import WRAPPED_KEY
from alumni_sync.ledger.store import Ledger
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.journal import before_work
from tests.consent.world import RUN, World


@pytest.fixture
def world(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> World:
    """A company on either database."""
    return World(tmp_path, ledger, clock)


def lose(world: World, *people: str) -> None:
    """Lose keys as a file that was not mounted does: nothing says that they were destroyed."""
    with world.d.ledger.vault.store.engine.begin() as connection:
        connection.execute(delete(WRAPPED_KEY).where(WRAPPED_KEY.c.subject.in_(people)))


def test_an_empty_key_store_stops_the_start_with_one_line(world: World) -> None:
    """Everybody would look erased: members could not leave, and nobody would be told why."""
    leavers = [world.member("zofia"), world.invited("olga")]
    before_work(world.d)
    lose(world, *(one.person for one in leavers))

    with pytest.raises(LedgerError, match=r"^the key store has no key of anybody .* keys\.store"):
        before_work(world.d)


def test_a_key_that_is_missing_stops_nobody_else(world: World) -> None:
    """One damaged row must not keep everybody else in."""
    one, _ = world.invited("olga"), world.invited("zofia")
    lose(world, one.person)

    before_work(world.d)


def test_a_ledger_in_which_everybody_was_erased_is_none_without_keys(world: World) -> None:
    """Whose keys were destroyed is known: an old copy of the ledger is brought up to date."""
    before_work(world.d)
    leaver = world.invited()
    erase(world.d, leaver.person, by="hr", reason="request", run_id=RUN)

    before_work(world.d)
