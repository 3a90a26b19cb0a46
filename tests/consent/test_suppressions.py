"""The do-not-write list is justified anew after 36 months, by somebody, with a reason."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alumni_sync.cli.suppressions import END_REASONS as END
from alumni_sync.cli.suppressions import KEEP_REASONS as KEEP
from alumni_sync.clock import FixedClock
from alumni_sync.consent.rounds.suppressions import (
    END_REASONS,
    KEEP_REASONS,
    count_due,
    end_suppression,
    keep_suppression,
    list_suppressions,
)
from alumni_sync.consent.transitions import suppress
from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from tests.consent.joins import HR, PEOPLE
from tests.consent.world import World


@pytest.fixture
def world(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> World:
    """Return a company in which one address has objected."""
    world = World(tmp_path, ledger, clock, people=PEOPLE)
    with world.d.ledger.write() as connection:
        address = world.d.ledger.hashes.address("zofia@mail.example")
        suppress(connection, address, "all", "objected", clock.now())
    return world


def noted(world: World) -> list[tuple[str, str]]:
    """Return (who, what) of the record of acts."""
    log = t(AccessLog)
    with world.d.ledger.read() as connection:
        return [(row.actor, row.subject) for row in connection.execute(select(log))]


def test_after_three_years_it_is_due_and_kept_with_a_reason(world: World) -> None:
    """What is kept for ever without anybody asking why is not justified."""
    assert (0, []) == (count_due(world.d), list_suppressions(world.d, HR))
    world.later(days=3 * 366)

    (due,) = list_suppressions(world.d, HR)
    assert ("all", "objected", 1) == (due.scope, due.reason, count_due(world.d))
    until = keep_suppression(world.d, due.number, "programme_runs", HR)
    assert until > world.clock.now() + timedelta(days=3 * 365)
    assert [("hr.kowalska", f"{due.number} kept: programme_runs")] == noted(world)
    assert [] == list_suppressions(world.d, HR)


def test_one_that_nothing_justifies_is_ended(world: World) -> None:
    """A programme that ended writes to nobody, and needs no list of whom not to."""
    world.later(days=3 * 366)
    (due,) = list_suppressions(world.d, HR)
    end_suppression(world.d, due.number, "programme_ended", HR)

    assert [] == list_suppressions(world.d, HR, everything=True)
    assert [("hr.kowalska", f"{due.number} ended: programme_ended")] == noted(world)


@pytest.mark.parametrize(
    "who", [Identity("otto", verified=True), Identity("hr.kowalska", verified=False)]
)
def test_only_privacy_justifies(world: World, who: Identity) -> None:
    """Whoever ends an objection lets somebody be written to who said never."""
    (one,) = list_suppressions(world.d, HR, everything=True)
    world.later(days=3 * 366)
    for act, reason in ((keep_suppression, "programme_runs"), (end_suppression, "address_gone")):
        with pytest.raises(Refused):
            act(world.d, one.number, reason, who)
    with pytest.raises(Refused):
        list_suppressions(world.d, who)
    assert 1 == count_due(world.d)


@pytest.mark.parametrize("number", ["", "%", "_" * 12, "0" * 12, "x" * 64])
def test_nothing_else_is_touched(world: World, number: str) -> None:
    """A slip must not lift somebody else's objection, or everybody's."""
    world.later(days=3 * 366)
    with pytest.raises(Refused):
        end_suppression(world.d, number, "address_gone", HR)
    assert 1 == count_due(world.d)


def test_before_it_is_due_an_objection_cannot_be_ended(world: World) -> None:
    """An objection is not undone by whoever would like to write."""
    (one,) = list_suppressions(world.d, HR, everything=True)
    for act, reason in ((keep_suppression, "programme_runs"), (end_suppression, "address_gone")):
        with pytest.raises(Refused, match="justified until"):
            act(world.d, one.number, reason, HR)
    with pytest.raises(Refused, match="give one of"):
        end_suppression(world.d, one.number, "we would like to", HR)


def test_the_reasons_on_the_command_line_are_the_stages() -> None:
    """A reason that is offered and refused helps nobody."""
    assert (KEEP_REASONS, END_REASONS) == (KEEP, END)
