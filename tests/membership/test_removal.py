"""Removal: a gate that closed hides at once, erases, and proves it; nothing stands in its way."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from alumni_sync.errors import Unavailable
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Invitation, Membership, Tombstone, t
from alumni_sync.membership.claims import claim
from alumni_sync.membership.read_backs import LOOKS, ReadBackCounts, next_look, verify_removed
from alumni_sync.membership.receipts import removal_receipts
from alumni_sync.membership.removal import RemovalCounts, remove_closed
from alumni_sync.membership.retries import wait_after, wait_to_remove
from alumni_sync.membership.sync import MemberCounts
from alumni_sync.testing.platforms import Held
from tests.conftest import NOW
from tests.membership.world import Community
from tests.roster import Leaver


def remove(community: Community) -> RemovalCounts:
    """Do what the worker beside the sites does."""
    return remove_closed(community.d, new_id("R"))


def look(community: Community) -> ReadBackCounts:
    """Do what the worker does an hour later."""
    return verify_removed(community.d, new_id("R"))


def test_a_withdrawal_hides_then_erases(any_community: Community) -> None:
    """Withdrawing must be as easy as joining, and true at once."""
    community = any_community
    leaver, other = community.member("anna"), community.member("olga")
    community.sync()
    community.leave(leaver)
    assert remove(community) == RemovalCounts(removed=1)
    assert (community.on_platform(leaver), community.on_platform(other)) == ("absent", "visible")
    alumni_id = community.membership(leaver)["alumni_id"]
    mine = [verb for verb, who in community.platform.calls if who == alumni_id]
    assert mine == ["create", "hide", "erase"]
    assert remove(community) == RemovalCounts()


def test_a_removal_names_the_event_that_required_it(community: Community) -> None:
    """The audit must show that the withdrawal, and nothing else, took the person away."""
    leaver = community.joined()
    community.leave(leaver)
    remove(community)
    seq = community.events(leaver)[-1]["seq"]
    removals = [(w["verb"], w["cause"], w["outcome"]) for w in community.writes(leaver)[1:]]
    assert removals == [
        ("hide", f"consent:{seq}", "done"),
        ("erase", f"consent:{seq}", "done"),
    ]
    membership = community.membership(leaver)
    assert membership["remove_by"] == NOW + timedelta(hours=24)
    assert (membership["state"], membership["absent_at"]) == ("removed", community.clock.now())


def test_the_profile_key_dies_with_the_first_verified_absence(any_community: Community) -> None:
    """What we still could read, we still would hold."""
    community = any_community
    leaver = community.joined()
    community.leave(leaver)
    remove(community)
    ring = community.d.ledger.vault.load([leaver.person])
    assert not ring.has(leaver.person, KeyKind.PROFILE)
    assert ring.has(leaver.person, KeyKind.EVIDENCE)
    assert community.roster.spell(leaver).sealed is None
    assert community.invitation(leaver)["sealed"] is None


def test_whoever_left_has_a_tombstone(community: Community) -> None:
    """Without it the next payroll close would ask them again."""
    leaver = community.joined()
    community.leave(leaver)
    remove(community)
    table = t(Tombstone)
    with community.d.ledger.read() as connection:
        (stone,) = connection.execute(select(table)).all()
    assert stone.spell_hash == community.roster.spell(leaver).spell_hash
    assert (stone.outcome, stone.reopens_on) == ("withdrawn", "never")
    assert len(stone.marks) > 0


def test_a_key_that_outlived_its_facts_dies_with_the_next_sync(
    any_community: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between facts and key: what every backup still holds would stay readable."""
    community = any_community
    leaver = community.joined()
    community.leave(leaver)
    vault = type(community.d.ledger.vault)
    with monkeypatch.context() as killed:
        killed.setattr(vault, "shred", _killed)
        with pytest.raises(KeyboardInterrupt):
            remove(community)
    ring = community.d.ledger.vault.load([leaver.person])
    assert ring.has(leaver.person, KeyKind.PROFILE)
    assert community.roster.spell(leaver).sealed is None
    community.sync()
    ring = community.d.ledger.vault.load([leaver.person])
    assert not ring.has(leaver.person, KeyKind.PROFILE)
    assert community.roster.spell(leaver).purge_after is None


def _killed(*_arguments: object) -> None:
    raise KeyboardInterrupt


def test_a_legal_hold_keeps_what_is_held(community: Community) -> None:
    """A court's order wins over tidiness; the platform is another matter."""
    leaver = community.joined()
    community.roster.set_person(leaver, legal_hold=True)
    community.leave(leaver)
    remove(community)
    assert community.on_platform(leaver) == "absent"
    assert community.roster.spell(leaver).sealed is not None
    assert community.d.ledger.vault.load([leaver.person]).has(leaver.person, KeyKind.PROFILE)


def test_another_exit_of_the_same_person_keeps_the_key(community: Community) -> None:
    """Two employments, one withdrawn: the other must still be readable."""
    leaver = community.joined()
    community.roster.add(of=leaver)
    community.leave(leaver)
    remove(community)
    assert community.roster.spell(leaver).sealed is None
    assert community.d.ledger.vault.load([leaver.person]).has(leaver.person, KeyKind.PROFILE)


# --- gates closed by something else ---------------------------------------------------------------


def rule_changes(community: Community, leaver: Leaver) -> None:
    """New facts make the rules doubt: a case is to be ruled on again."""
    community.roster.change(leaver, exit_kind="unknown")
    community.judge()


def rehire_is_agreed(community: Community, leaver: Leaver) -> None:
    """A new job is agreed and has not begun."""
    community.roster.set(leaver, rehire_on=NOW.date() + timedelta(days=30))


def exit_moves(community: Community, leaver: Leaver) -> None:
    """The last working day moved into the future."""
    community.roster.set(leaver, effective_at=NOW + timedelta(days=60))


@pytest.mark.parametrize("happens", [rule_changes, rehire_is_agreed, exit_moves])
def test_what_may_be_undone_hides_only(
    community: Community, happens: Callable[[Community, Leaver], None]
) -> None:
    """Nobody undecided is visible; and nobody is erased for what may turn out to be nothing."""
    leaver = community.joined()
    happens(community, leaver)
    assert remove(community) == RemovalCounts(hidden=1)
    assert community.on_platform(leaver) == "hidden"
    assert community.roster.spell(leaver).sealed is not None
    assert remove(community) == RemovalCounts()


def test_a_hidden_member_comes_back_when_the_gate_opens(community: Community) -> None:
    """A cancelled rehire must not cost the membership."""
    leaver = community.joined()
    rehire_is_agreed(community, leaver)
    remove(community)
    community.roster.set(leaver, rehire_on=None)
    assert community.sync() == MemberCounts(updated=1)
    assert community.on_platform(leaver) == "visible"
    membership = community.membership(leaver)
    assert (membership["state"], membership["cause"]) == ("active", "")


@pytest.mark.parametrize(
    "columns",
    [{"rehire_ends": True}, {"record_status": "rescinded"}, {"verdict": "never_contact"}],
)
def test_what_cannot_be_undone_erases(community: Community, columns: dict[str, object]) -> None:
    """Who works here again, never left, or has died, is no alumnus."""
    leaver = community.joined()
    community.roster.set(leaver, **columns)
    assert remove(community) == RemovalCounts(removed=1)
    assert community.on_platform(leaver) == "absent"


def test_a_yes_that_is_over_ends_by_itself(community: Community) -> None:
    """A yes lasts two years; a daemon that was down must not lengthen it."""
    leaver = community.joined()
    community.clock.set(NOW + timedelta(days=800))
    assert remove(community) == RemovalCounts(removed=1)
    assert community.membership(leaver)["cause"] == "expired"


# --- a platform that does not obey ----------------------------------------------------------------


def test_a_removal_is_tried_again_soon_and_for_ever(community: Community) -> None:
    """A person waits for it; giving up after five attempts would leave them there."""
    leaver = community.joined()
    community.leave(leaver)
    community.platform.busy[community.membership(leaver)["alumni_id"]] = "http-500"
    assert remove(community) == RemovalCounts(failed=1)
    assert remove(community) == RemovalCounts()
    community.later(seconds=30)
    assert remove(community) == RemovalCounts(failed=1)
    community.later(days=2)
    assert remove(community) == RemovalCounts(failed=1)
    assert community.membership(leaver)["state"] == "stuck"
    community.platform.busy.clear()
    community.later(hours=1)
    assert remove(community) == RemovalCounts(removed=1)
    assert community.on_platform(leaver) == "absent"


def test_an_erasure_that_only_hides_is_not_believed(community: Community) -> None:
    """A platform that says "done" and keeps the profile has not done it; the key lives on (T21)."""
    leaver = community.joined()
    community.leave(leaver)
    community.platform.sticky.add(community.membership(leaver)["alumni_id"])
    assert remove(community) == RemovalCounts(failed=1)
    assert community.membership(leaver)["state"] == "removing"
    assert community.d.ledger.vault.load([leaver.person]).has(leaver.person, KeyKind.PROFILE)
    community.platform.sticky.clear()
    community.later(hours=1)
    assert remove(community) == RemovalCounts(removed=1)


def test_a_platform_that_is_down_is_told_and_the_rest_stays_due(community: Community) -> None:
    """Half of the withdrawals done must be put down before the failure is reported."""
    leavers = community.members(3)
    community.sync()
    for leaver in leavers:
        community.leave(leaver)
    community.platform.fail_after = 4  # three are hidden, one is erased
    community.platform.failure = Unavailable("fake", "erase", "no answer in time")
    with pytest.raises(Unavailable):
        remove(community)
    assert {community.on_platform(leaver) for leaver in leavers} == {"absent", "hidden"}
    community.platform.fail_after = None
    community.later(hours=1)
    assert remove(community).removed == 3
    assert {community.on_platform(leaver) for leaver in leavers} == {"absent"}


# --- looking again --------------------------------------------------------------------------------


def test_somebody_gone_is_looked_for_three_times(community: Community) -> None:
    """Platforms restore backups; the proof of absence is more than one look."""
    leaver = community.joined()
    community.leave(leaver)
    remove(community)
    assert look(community) == ReadBackCounts()
    for after, state in (
        (timedelta(hours=1), "removed"),
        (timedelta(hours=23), "removed"),
        (timedelta(days=6), "verified_absent"),
    ):
        community.clock.advance(after)
        assert look(community) == ReadBackCounts(looked=1, absent=1)
        assert community.membership(leaver)["state"] == state
    assert community.membership(leaver)["sealed"] is None
    (receipt,) = removal_receipts(community.d, leaver.person)
    assert (receipt.complete, receipt.read_backs) == (True, 4)
    assert receipt.removed_at == receipt.absent_at == NOW


def test_who_came_back_is_removed_again(any_community: Community) -> None:
    """A platform restored from a backup shows everybody who left since."""
    community = any_community
    leaver = community.joined()
    alumni_id = community.membership(leaver)["alumni_id"]
    profile = community.platform.held[alumni_id].profile
    community.leave(leaver)
    remove(community)
    community.platform.held[alumni_id] = Held(profile)
    community.later(hours=1)
    assert look(community) == ReadBackCounts(looked=1, found_again=1)
    assert community.on_platform(leaver) == "absent"
    assert community.membership(leaver)["verify_at"] == community.clock.now() + LOOKS[0]


@pytest.mark.parametrize(
    ("late", "following"),
    [
        (timedelta(hours=1), timedelta(hours=24)),
        (timedelta(hours=23), timedelta(hours=24)),
        (timedelta(hours=24), timedelta(days=7)),
        (timedelta(days=3), timedelta(days=7)),
        (timedelta(days=7), None),
        (timedelta(days=90), None),
    ],
)
def test_looks_that_were_missed_are_not_made_up_for(
    late: timedelta, following: timedelta | None
) -> None:
    """A daemon that was down for a week owes one look, not three in a row."""
    expected = None if following is None else NOW + following
    assert next_look(NOW, NOW + late) == expected


# --- at the same time -----------------------------------------------------------------------------


@pytest.mark.parametrize("worker", [False, True])
def test_a_withdrawal_while_the_write_is_under_way_ends_absent(
    any_community: Community,
    worker: bool,  # noqa: FBT001 a parametrised circumstance
) -> None:
    """The person says no while their profile is on the wire; the wire is slower."""
    community = any_community
    leaver = community.member()

    def meanwhile(_alumni_id: str) -> None:
        community.platform.on_write = lambda _id: None
        community.leave(leaver)
        if worker:  # it finds nothing there yet: the write lands after it
            remove(community)

    community.platform.on_write = meanwhile
    counts = community.sync()
    assert (counts.created, counts.removed) == (1, 1)
    assert community.on_platform(leaver) == "absent"
    assert community.membership(leaver)["claimed_by"] is None
    assert community.audit(leaver)[0] == ("create", "done")
    assert community.audit(leaver)[-1] == ("erase", "done")


def test_a_write_that_landed_after_the_removal_and_died_is_found(
    any_community: Community,
) -> None:
    """Removed by the worker, then the write of a killed sync arrives: nobody might look again."""
    community = any_community
    leaver = community.member()
    died = claim(community.d, "R-dead", [community.invitation(leaver)["id"]])
    community.leave(leaver)
    assert remove(community).removed == 1
    list(community.platform.upsert([write.profile for write in died.writes]))
    assert community.on_platform(leaver) == "visible"
    community.sync()
    assert community.on_platform(leaver) == "absent"
    assert community.membership(leaver)["claimed_by"] is None


def test_a_killed_removal_is_carried_on(any_community: Community) -> None:
    """Killed between claim and call: the member must not stay because it was put down."""
    community = any_community
    leaver = community.joined()
    community.leave(leaver)
    table = t(Membership)
    with community.d.ledger.write() as connection:
        connection.execute(update(table).values(state="removing", cause="consent:1"))
    assert remove(community).removed == 1
    assert community.on_platform(leaver) == "absent"


def test_a_gate_that_closed_and_opened_again_during_a_write_ends_visible(
    community: Community,
) -> None:
    """A rehire announced and cancelled within a second must leave things as they were."""
    leaver = community.member()

    def meanwhile(_alumni_id: str) -> None:
        community.platform.on_write = lambda _id: None
        rehire_is_agreed(community, leaver)
        remove(community)
        community.roster.set(leaver, rehire_on=None)

    community.platform.on_write = meanwhile
    community.sync()
    community.sync()
    assert community.on_platform(leaver) == "visible"
    assert community.membership(leaver)["state"] == "active"


def test_only_the_gates_asked_for_are_handled(community: Community) -> None:
    """The fast way after a click looks at one invitation, not at a hundred thousand."""
    first, second = community.members(2)
    community.sync()
    for leaver in (first, second):
        community.leave(leaver)
    only = [community.invitation(first)["id"]]
    assert remove_closed(community.d, new_id("R"), only=only) == RemovalCounts(removed=1)
    assert community.on_platform(second) == "visible"


# --- pauses between attempts ----------------------------------------------------------------------


def test_pauses_between_attempts() -> None:
    """Short at first, a day at most, and an end after four weeks; removals never end."""
    hours = [wait_after(attempt) for attempt in range(1, 6)]
    assert hours == [
        timedelta(minutes=30),
        timedelta(hours=6),
        timedelta(hours=12),
        timedelta(hours=24),
        timedelta(hours=24),
    ]
    given_up = next(attempt for attempt in range(1, 100) if wait_after(attempt) is None)
    assert given_up == 31
    assert wait_to_remove(1) == timedelta(seconds=30)
    tried = sum((wait_to_remove(attempt) for attempt in range(1, 7)), timedelta())
    assert tried == timedelta(minutes=14, seconds=30)  # once more before hiding is late
    assert wait_to_remove(500) == timedelta(hours=1)


def test_invitations_are_untouched_by_a_look(community: Community) -> None:
    """Looking whether anything is closed must not write: it happens every few seconds."""
    community.joined()
    table = t(Invitation)
    with community.d.ledger.read() as connection:
        before = connection.execute(select(table)).all()
    assert remove(community) == RemovalCounts()
    with community.d.ledger.read() as connection:
        assert connection.execute(select(table)).all() == before
