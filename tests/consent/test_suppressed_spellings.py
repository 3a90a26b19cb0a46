"""Whoever objected is not written to under another spelling, from any source (T25)."""

import unicodedata

import pytest

from alumni_sync.consent.answers.decisions import one_click
from alumni_sync.consent.lifecycle import Event
from tests.consent.world import World

OBJECTED = "zofia.müller@bücher.example"
SAME = {
    "case": "Zofia.MÜLLER@BÜCHER.Example",
    "decomposed": unicodedata.normalize("NFD", OBJECTED),
    "punycode": "zofia.müller@xn--bcher-kva.example",
    "full width": "ｚofia.müller@bücher.example",
    "blanks around it": f"  {OBJECTED} ",
}
WRITTEN = "zofia.mueller@bücher.example"
ITS_SPELLINGS = {
    "case": "Zofia.Mueller@BÜCHER.example",
    "decomposed": unicodedata.normalize("NFD", WRITTEN),
    "punycode": "zofia.mueller@xn--bcher-kva.example",
    "punycode in capitals": "ZOFIA.MUELLER@XN--BCHER-KVA.EXAMPLE",
    "full width": "zofia.mueller@ｂücher.example",
}


@pytest.mark.parametrize("spelling", ITS_SPELLINGS.values(), ids=ITS_SPELLINGS)
def test_an_objection_holds_for_every_spelling(world: World, spelling: str) -> None:
    """Another source writes the same mailbox otherwise: the next mail after a no is one too many.

    This is T25 of docs/tests-of-consent.md.
    """
    world.invited("zofia", personal_email=WRITTEN)
    assert one_click(world.d, world.token("/u/"))
    again = world.leaver("zofia.again", "acme-de", personal_email=spelling)

    world.round()

    assert 1 == len(world.mails)
    assert "suppressed" == world.invitation(again)["no_contact_reason"]
    assert Event.ASKED.value not in world.history(again)


@pytest.mark.parametrize("spelling", SAME.values(), ids=SAME)
def test_spellings_are_one_address(world: World, spelling: str) -> None:
    """Letters outside ASCII can be composed in several ways that nobody can tell apart (T25)."""
    hashes = world.d.ledger.hashes

    assert hashes.address(OBJECTED) == hashes.address(spelling)


def test_somebody_else_at_the_same_provider_is_asked(world: World) -> None:
    """A list that matches too much would silence people who never objected (T25)."""
    world.invited("zofia", personal_email=WRITTEN)
    one_click(world.d, world.token("/u/"))

    world.invited("anna", source="acme-de", personal_email="anna.mueller@bücher.example")

    assert 2 == len(world.mails)
