"""A changed configuration lifts the tombstones that it had made, and no other."""

from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.rounds.reopening import reopen_tombstones
from alumni_sync.eligibility.revisions.publishing import publish
from alumni_sync.ledger.leases import LeaseBusy, hold
from alumni_sync.ledger.store import Ledger
from alumni_sync.membership.forgetting import forget_spells
from tests.consent.world import RUN, World
from tests.roster import Leaver, company, release_changed_rules

SOURCE = "acme-pl"
OURS = {"name": "Acme", "domains": ["acme.example"], "languages": ["en"]}
TOO_MANY = {**OURS, "domains": ["acme.example", "mail.example"]}
NARROW = {"location": ["Berlin"]}


def _configure(world: World, **changed: Any) -> None:  # noqa: ANN401 any section
    world.d.settings = company(world.root, **changed)
    publish(world.d, RUN, [SOURCE])


def _forgotten(world: World) -> Leaver:
    """Return somebody who could not be asked, or was out of scope, and whose facts were let go."""
    leaver = world.leaver()
    world.plan()
    forget_spells(world.d, [leaver.spell])
    return leaver


def test_mended_contact_terms_lift_once(any_world: World) -> None:
    """Lifted at every run, it would have the source read from the beginning every time."""
    _configure(any_world, company=TOO_MANY)
    _forgotten(any_world)
    assert 0 == reopen_tombstones(any_world.d, SOURCE)

    _configure(any_world, company=OURS)

    assert 1 == reopen_tombstones(any_world.d, SOURCE)
    before = any_world.everything()
    assert 0 == reopen_tombstones(any_world.d, SOURCE)
    assert before == any_world.everything()


def test_a_wider_audience_lifts_once(any_world: World) -> None:
    """A pilot that grows is the usual way in; so is a rule that is taken out."""
    _configure(any_world, audience=NARROW)
    _forgotten(any_world)
    assert 0 == reopen_tombstones(any_world.d, SOURCE)
    assert 0 == reopen_tombstones(any_world.d, "acme-de")

    _configure(any_world)
    assert 0 == reopen_tombstones(any_world.d, SOURCE)  # nobody has released it yet
    assert 1 == release_changed_rules(any_world.d)

    assert 1 == reopen_tombstones(any_world.d, SOURCE)
    assert 0 == reopen_tombstones(any_world.d, SOURCE)


def test_a_narrower_audience_lifts_nothing(world: World) -> None:
    """They would be read, judged and forgotten again, all of them, at every change of a rule."""
    _configure(world, audience=NARROW)
    _forgotten(world)

    _configure(world, audience={**NARROW, "department": ["HR"]})

    assert 0 == release_changed_rules(world.d)
    assert 0 == reopen_tombstones(world.d, SOURCE)


@pytest.mark.parametrize("reason", ["suppressed", "no_address", "do_not_consider"])
def test_a_reason_of_the_persons_own_lifts_nothing(world: World, reason: str) -> None:
    """Their facts would come back for nothing, or worse: for a mail."""
    _configure(world, company=TOO_MANY)
    leaver = world.leaver()
    world.plan()
    world.set_invitation(leaver, no_contact_reason=reason, reason_terms="")
    forget_spells(world.d, [leaver.spell])

    _configure(world, company=OURS)

    assert 0 == reopen_tombstones(world.d, SOURCE)


def test_nothing_is_lifted_for_people_who_would_only_wait(world: World) -> None:
    """Under a draft nobody is asked, so nobody's facts are needed."""
    _configure(world, company=TOO_MANY)
    _forgotten(world)
    pack = world.root / "rules" / "jurisdictions" / "pl.yaml"
    accepted = pack.read_text("utf-8")
    pack.write_text(accepted.replace("C. Counsel", '""'), "utf-8")
    _configure(world, company=OURS)

    assert 0 == reopen_tombstones(world.d, SOURCE)

    pack.write_text(accepted, "utf-8")
    assert 1 == reopen_tombstones(world.d, SOURCE)


def test_a_read_under_way_is_waited_for(world: World) -> None:
    """It would note that everything was taken in, and the next read would not look."""
    _configure(world, audience=NARROW)
    _forgotten(world)
    _configure(world)
    release_changed_rules(world.d)

    with hold(world.d.ledger, world.d.clock, f"intake:{SOURCE}"), pytest.raises(LeaseBusy):
        reopen_tombstones(world.d, SOURCE)

    assert 1 == reopen_tombstones(world.d, SOURCE)


def test_a_source_that_is_not_there_has_none(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """In the Dagster UI anybody can type any key; the read says what is wrong with it."""
    assert 0 == reopen_tombstones(World(tmp_path, sqlite_ledger, clock).d, "nobody")
