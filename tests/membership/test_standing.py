"""Who is on the platform and should not be is counted, whatever a sync believes it did."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.tables import Membership, Spell, t
from alumni_sync.membership.standing import Misplaced, misplaced_members
from tests.membership.world import Community


def test_a_member_who_may_stay_is_no_violation(any_community: Community) -> None:
    """A check that is red without a reason is soon not looked at."""
    any_community.joined()

    assert Misplaced() == misplaced_members(any_community.d)


def test_a_withdrawn_member_is_seen(any_community: Community) -> None:
    """Nobody without a live grant is on the platform (I1)."""
    any_community.leave(any_community.joined())

    assert Misplaced(without_grant=1) == misplaced_members(any_community.d)

    any_community.sync()
    assert Misplaced() == misplaced_members(any_community.d)


@pytest.mark.parametrize("verdict", ["excluded", "review", "held", "never_contact"])
def test_a_barred_member_is_seen(community: Community, verdict: str) -> None:
    """Nobody excluded, held or undecided is on the platform (I2)."""
    leaver = community.joined()
    with community.d.ledger.write() as connection:
        change = update(t(Spell)).where(t(Spell).c.id == leaver.spell)
        connection.execute(change.values(verdict=verdict))

    assert Misplaced(adverse=1) == misplaced_members(community.d)


@pytest.mark.parametrize(
    ("state", "age", "found"),
    [
        ("active", timedelta(minutes=1), 1),
        ("removing", timedelta(hours=23), 0),
        ("removing", timedelta(hours=25), 1),
        ("hidden", timedelta(hours=23), 0),
        ("hidden", timedelta(hours=25), 1),
        ("stuck", timedelta(hours=25), 1),
    ],
)
def test_an_ordered_removal_has_its_time(
    community: Community, clock: FixedClock, state: str, age: timedelta, found: int
) -> None:
    """Gone within 24 hours; what is later than that, a person must look at."""
    community.leave(community.joined())
    with community.d.ledger.write() as connection:
        connection.execute(update(t(Membership)).values(state=state))
    clock.advance(age)

    assert Misplaced(without_grant=found) == misplaced_members(community.d)
