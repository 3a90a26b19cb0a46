"""Sync: who said yes is on the platform, once, with what they allowed, and the ledger knows why."""

from tests.membership.world import Community


def test_who_said_yes_becomes_a_member(any_community: Community) -> None:
    """This is what the product is for."""
    leaver = any_community.member()
    counts = any_community.sync()
    assert (counts.created, counts.failed) == (1, 0)
    assert any_community.on_platform(leaver) == "visible"
