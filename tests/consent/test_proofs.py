"""What may happen between naming an address and proving it."""

from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Stale
from alumni_sync.ledger.store import Ledger
from tests.consent.test_addresses import OTHER, named, proof, prove
from tests.consent.test_renewals import DPA
from tests.consent.world import World
from tests.roster import company


@pytest.mark.parametrize(
    "processor",
    [
        {"agreement": "DPA with somebody else", "region": "eu"},
        {"agreement": "DPA", "region": "eea"},
    ],
)
def test_a_yes_that_waits_for_its_proof_is_not_given_to_another_recipient(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, processor: dict[str, str]
) -> None:
    """Who agreed to one company holding their data would be at another one after a click."""
    world = World(tmp_path, sqlite_ledger, clock, platform=DPA)
    leaver = named(world)
    changed: dict[str, Any] = {"platform": {**DPA, "processor": processor}}
    world.d.settings = company(world.root, **changed)

    assert isinstance(prove(world, leaver, proof(world)), Stale)
    row = world.invitation(leaver)
    assert ("address_pending", False, None) == (row["state"], row["gate_open"], row["grant_seq"])


def test_no_proof_is_asked_for_at_the_address_of_the_dead(world: World) -> None:
    """They named an address on Monday and died; whoever reads it now gets no mail of ours (T27)."""
    leaver = world.invited()
    sent = len(world.mails)
    world.answer(leaver, Answer.YES, email=OTHER)
    world.roster.set(leaver, verdict="never_contact")

    world.deliver()

    assert sent == len(world.mails)
    assert "never_contact" == world.outbox(kind="verify")[-1]["reason"]
