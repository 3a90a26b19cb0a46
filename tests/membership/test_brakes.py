"""Brakes: too much at once stops the whole plan; a release is for exactly that plan."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from alumni_sync.clock import FixedClock
from alumni_sync.errors import SafetyStop
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Brake, BrakeItem, t
from alumni_sync.membership.brakes import Load, exceeds, plan_hash
from alumni_sync.membership.plan import Act
from alumni_sync.membership.removal import RemovalCounts, remove_closed
from alumni_sync.membership.sync import MemberCounts
from alumni_sync.sections import Limit
from tests.membership.world import Community

SMALL = {
    "invitations": {"per_day": 500},
    "adds": {"count": 3, "share": 0.2},
    "removals": {"count": 2, "share": 0.2},
}


@pytest.fixture
def community(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Community:
    """Return a company with brakes that a handful of people trip."""
    return Community(tmp_path, sqlite_ledger, clock, brakes=SMALL)


def brakes(community: Community) -> list[Any]:
    """Return the brakes that ever stopped something, oldest first."""
    table = t(Brake)
    with community.d.ledger.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.tripped_at)))


def let_go(community: Community, brake_id: str) -> None:
    """Release a brake for a day, as two people would."""
    table = t(Brake)
    until = community.clock.now() + timedelta(hours=24)
    with community.d.ledger.write() as connection:
        released = {"status": "released", "expires_at": until}
        connection.execute(update(table).where(table.c.id == brake_id).values(**released))


def stopped(community: Community) -> str:
    """Sync, expect to be stopped, and return by which brake."""
    with pytest.raises(SafetyStop) as caught:
        community.sync()
    return caught.value.brake_id


@pytest.mark.parametrize(
    ("planned", "recent", "members", "expected"),
    [
        (200, 0, 0, False),
        (201, 0, 0, True),
        (201, 0, 1_005, False),
        (202, 0, 1_005, True),
        (1, 200, 0, True),
        (1, 199, 0, False),
        (0, 5_000, 0, False),
        (20_001, 0, 100_000, True),
        (20_000, 0, 100_000, False),
    ],
)
def test_a_brake_is_tripped_above_both_count_and_share(
    planned: int,
    recent: int,
    members: int,
    expected: bool,  # noqa: FBT001 an expectation
) -> None:
    """R4: exactly at the limit passes; nineteen percent an hour does not; nothing holds nothing."""
    limit = Limit(count=200, share=0.2)
    assert exceeds(Load(planned, recent, members), limit) is expected


def test_a_plan_is_named_by_its_people_in_any_order() -> None:
    """The same plan listed differently is the same plan; one person more is another."""
    assert plan_hash(Act.CREATE, ["I-b", "I-a"]) == plan_hash(Act.CREATE, ["I-a", "I-b"])
    assert plan_hash(Act.CREATE, ["I-a"]) != plan_hash(Act.REMOVE, ["I-a"])
    assert plan_hash(Act.CREATE, ["I-a"]) != plan_hash(Act.CREATE, ["I-a", "I-b"])


def test_too_many_at_once_stop_the_plan_before_anything_is_written(community: Community) -> None:
    """A wrong add is a disclosure; a thousand of them cannot be taken back."""
    community.members(4)
    brake_id = stopped(community)
    assert community.platform.calls == []
    (brake,) = brakes(community)
    assert (brake.id, brake.name, brake.status) == (brake_id, "adds", "tripped")
    assert brake.counts == {"planned": 4, "recent": 0, "members": 0}


def test_the_same_plan_trips_the_same_brake(community: Community) -> None:
    """A sync runs every minute; ten brakes for one plan would drown the decision."""
    community.members(4)
    assert stopped(community) == stopped(community)
    assert len(brakes(community)) == 1


def test_updates_wait_with_the_plan_and_withdrawals_do_not(community: Community) -> None:
    """R2: the whole plan is held, because we do not know what is wrong; leaving still works."""
    member = community.joined()
    community.members(4)
    newer = community.membership(member)["grant_seq"] + 1
    community.set_invitation(member, grant_seq=newer)
    stopped(community)
    assert brakes(community)[0].counts["planned"] == 4
    assert community.membership(member)["grant_seq"] == newer - 1
    community.leave(member)
    stopped(community)
    assert community.on_platform(member) == "absent"


def test_a_release_lets_exactly_that_plan_through(community: Community) -> None:
    """R3: four people were looked at and let go; these four are written, once."""
    leavers = community.members(4)
    brake_id = stopped(community)
    let_go(community, brake_id)
    assert community.sync() == MemberCounts(created=4)
    assert {community.on_platform(leaver) for leaver in leavers} == {"visible"}
    assert [brake.status for brake in brakes(community)] == ["spent"]


def test_a_release_does_not_cover_who_came_later(community: Community) -> None:
    """Between the look and the release another flood arrives: it was not looked at."""
    community.members(4)
    let_go(community, stopped(community))
    for number in range(4):
        community.member(f"late{number}")
    second = stopped(community)
    assert community.platform.calls == []
    frozen = t(BrakeItem)
    with community.d.ledger.read() as connection:
        query = select(frozen).where(frozen.c.brake_id == second)
        assert len(connection.execute(query).all()) == 8


def test_a_few_who_came_later_do_not_spoil_a_release(community: Community) -> None:
    """In a living community somebody always joins meanwhile."""
    community.members(4)
    let_go(community, stopped(community))
    community.member("late")
    assert community.sync() == MemberCounts(created=5)


def test_whoever_withdrew_meanwhile_is_not_written_by_a_release(community: Community) -> None:
    """R3: a release is no consent: every gate is asked again."""
    leavers = community.members(4)
    let_go(community, stopped(community))
    community.leave(leavers[0])
    assert community.sync() == MemberCounts(created=3)


def test_a_release_ends_after_a_day(community: Community) -> None:
    """R3: what was looked at last week is another plan now."""
    community.members(4)
    first = stopped(community)
    let_go(community, first)
    community.later(hours=25)
    assert stopped(community) != first


def test_a_plan_that_shrank_by_itself_ends_its_brake(community: Community) -> None:
    """The fault was repaired: nobody has to release what is not held any more."""
    leavers = community.members(4)
    stopped(community)
    community.leave(leavers[0])
    assert community.sync() == MemberCounts(created=3)
    assert [brake.status for brake in brakes(community)] == ["spent"]


def test_a_trickle_is_counted_over_a_day(community: Community) -> None:
    """R5: three an hour is seventy a day; a brake per run would never see it."""
    community.members(3)
    assert community.sync() == MemberCounts(created=3)
    community.member("fourth")
    brake_id = stopped(community)
    assert brakes(community)[0].counts == {"planned": 1, "recent": 3, "members": 0}
    community.later(hours=25)
    assert community.sync() == MemberCounts(created=1, unchanged=3)
    assert [(brake.id, brake.status) for brake in brakes(community)] == [(brake_id, "spent")]


def test_who_was_released_is_not_counted_again(community: Community) -> None:
    """Else the first person after a released launch would be stopped, and the next, all day."""
    community.members(4)
    let_go(community, stopped(community))
    community.sync()
    community.member("late")
    assert community.sync() == MemberCounts(created=1, unchanged=4)


def test_a_write_that_is_tried_again_is_no_new_member(community: Community) -> None:
    """People of an earlier plan were counted when they were claimed."""
    leavers = community.members(3)
    for leaver in leavers:
        address = str(community.roster.facts[leaver.spell]["personal_email"])
        community.platform.busy[address] = "http-500"
    assert community.sync().failed == 3
    community.platform.busy.clear()
    community.later(days=2)
    community.member("fourth")
    assert community.sync() == MemberCounts(created=4)


# --- removals that no consent asked for -----------------------------------------------------------


def test_a_mass_error_in_the_hris_hides_and_erases_nobody(community: Community) -> None:
    """R2: three thousand "rehires" by a wrong batch job: invisible for a day is bad, gone is worse.

    This is T40 of docs/tests-of-consent.md.
    """
    leavers = community.members(3)
    community.sync()
    for leaver in leavers:
        community.roster.set(leaver, rehire_ends=True)
    counts = remove_closed(community.d, new_id("R"))
    assert counts == RemovalCounts(hidden=3, held=3)
    assert {community.on_platform(leaver) for leaver in leavers} == {"hidden"}
    assert [(b.name, b.status) for b in brakes(community)] == [("removals", "tripped")]
    assert remove_closed(community.d, new_id("R")) == RemovalCounts(held=3)


def test_a_mass_error_that_is_corrected_brings_everybody_back(community: Community) -> None:
    """The brake was there for this day."""
    leavers = community.members(3)
    community.sync()
    for leaver in leavers:
        community.roster.set(leaver, rehire_ends=True)
    remove_closed(community.d, new_id("R"))
    for leaver in leavers:
        community.roster.set(leaver, rehire_ends=False)
    assert community.sync() == MemberCounts(updated=3)
    assert {community.on_platform(leaver) for leaver in leavers} == {"visible"}
    assert [brake.status for brake in brakes(community)] == ["spent"]


def test_released_removals_are_carried_out(community: Community) -> None:
    """A real merger: a whole department was rehired."""
    leavers = community.members(3)
    community.sync()
    for leaver in leavers:
        community.roster.set(leaver, rehire_ends=True)
    remove_closed(community.d, new_id("R"))
    let_go(community, brakes(community)[0].id)
    assert remove_closed(community.d, new_id("R")) == RemovalCounts(removed=3)
    assert {community.on_platform(leaver) for leaver in leavers} == {"absent"}


def test_withdrawals_are_never_braked(community: Community) -> None:
    """A scandal: everybody leaves on one day. Every one of them is gone at once."""
    leavers = community.members(3)
    community.sync()
    for leaver in leavers:
        community.leave(leaver)
    assert remove_closed(community.d, new_id("R")) == RemovalCounts(removed=3)
    assert brakes(community) == []
