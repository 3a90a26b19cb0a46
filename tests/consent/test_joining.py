"""A former employee asks to be asked: what the mail proves, and what nobody else can do with it."""

import pytest

from alumni_sync.consent.joining import (
    Entered,
    JoinState,
    Wanted,
    companies,
    disown_join,
    find_join,
    prove_join,
    read_wanted,
    request_join,
)
from tests.consent.world import World

EMAIL = "zofia.j@home.example"


def wanted(world: World, **changed: str) -> Wanted:
    """Return a request as the page reads it."""
    usual = {
        "name": "Zofia Jaworowska",
        "company": companies(world.d)[0].key,
        "since": "2019",
        "until": "2026",
        "number": "",
        "email": EMAIL,
        "language": "en",
    }
    read = read_wanted(
        Entered(**{**usual, **changed}),
        companies(world.d),
        languages=("en", "pl"),
        company_domains=("acme.example",),
        year=2026,
    )
    assert isinstance(read, Wanted), read
    return read


def asked(world: World, nonce: str = "n1", **changed: str) -> str:
    """Ask to be asked; return the secret of the mailed link."""
    request_join(world.d, wanted(world, **changed), nonce)
    world.deliver()
    return world.token("/j/")


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
