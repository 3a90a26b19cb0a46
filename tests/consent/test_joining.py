"""A former employee asks to be asked: what the mail proves, and what nobody else can do with it."""

import pytest

from alumni_sync.consent.joining.join_requests import (
    JoinState,
    disown_join,
    find_join,
    forget,
    prove_join,
    request_join,
)
from tests.consent.joins import EMAIL, asked, wanted
from tests.consent.world import World


def test_the_mail_goes_to_the_address_and_its_link_proves_it(any_world: World) -> None:
    """Otherwise anybody could have anybody else invited."""
    token = asked(any_world)

    found = find_join(any_world.d, token)
    assert found is not None
    assert JoinState.UNPROVEN is found.state
    proven = prove_join(any_world.d, token)
    assert proven is not None
    assert (JoinState.PROVEN, "Zofia Jaworowska", EMAIL) == (
        proven.state,
        proven.wanted.name,
        proven.wanted.email,
    )
    assert EMAIL == any_world.mails[-1].to


@pytest.mark.parametrize("hours", [49, 24 * 30])
def test_a_link_of_two_days_ago_opens_nothing(world: World, hours: int) -> None:
    """A mailbox may change hands."""
    token = asked(world)
    world.later(hours=hours)

    assert find_join(world.d, token) is None
    assert prove_join(world.d, token) is None


def test_whoever_never_asked_gets_no_such_mail_again(world: World) -> None:
    """Or anybody could fill a stranger's mailbox, one request at a time."""
    assert disown_join(world.d, asked(world))

    world.later(days=1)
    request_join(world.d, wanted(world, email=EMAIL.upper()), "n2")
    world.deliver()

    assert 1 == len(world.mails)
    assert ["suppressed"] == [row["reason"] for row in world.outbox(state="dropped")]


def test_a_request_whose_key_is_gone_opens_nothing(world: World) -> None:
    """After a restore the ledger has it still; its link must show what any old link shows."""
    token = asked(world)
    found = find_join(world.d, token)
    assert found is not None
    forget(world.d, [found.id])

    assert find_join(world.d, token) is None
