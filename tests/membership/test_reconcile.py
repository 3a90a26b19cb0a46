"""Reconcile: the platform compared with the ledger, and what members switched off there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alumni_sync.errors import Refused, Unavailable
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.tables import DeadLetter, t
from alumni_sync.membership.choices import ChoiceCounts, take_choices
from alumni_sync.membership.claims import claim
from alumni_sync.membership.letters import drop, open_letters, retry
from alumni_sync.membership.receipts import removal_receipts
from alumni_sync.membership.reconcile import Drift, reconcile
from alumni_sync.membership.sync import MemberCounts
from alumni_sync.ports import MemberChoice, Purpose
from alumni_sync.testing.platforms import Held, sample_profile
from tests.membership.world import Community
from tests.roster import Leaver


def compare(community: Community) -> Drift:
    """Compare, as the weekly job does."""
    return reconcile(community.d, new_id("R"))


def alumni_id(community: Community, leaver: Leaver) -> str:
    """Return somebody's id on the platform."""
    return str(community.membership(leaver)["alumni_id"])


def test_where_both_agree_there_is_no_drift(any_community: Community) -> None:
    """A comparison that cries every week is soon read by nobody."""
    any_community.joined()
    calls = list(any_community.platform.calls)
    drift = compare(any_community)
    assert drift == Drift(members=1)
    assert drift.is_none
    assert any_community.platform.calls == calls


def test_who_deleted_themselves_is_reported_and_not_created_anew(community: Community) -> None:
    """Writing somebody back who has just deleted their profile is what nobody forgives."""
    leaver = community.joined()
    del community.platform.held[alumni_id(community, leaver)]
    assert compare(community) == Drift(missing=1)
    assert community.sync() == MemberCounts(unchanged=1)
    assert community.platform.held == {}


def test_an_edit_over_there_is_reported_and_left_alone(community: Community) -> None:
    """What members write about themselves is theirs."""
    leaver = community.joined()
    held = community.platform.held[alumni_id(community, leaver)]
    held.profile = sample_profile(7)
    held.visible = False
    drift = compare(community)
    assert drift == Drift(members=1, changed=1, hidden=1)
    assert not drift.is_none
    assert held.profile == sample_profile(7)


def test_who_was_removed_and_is_back_is_removed_again(community: Community) -> None:
    """Found weeks after the last look, when nobody looks any more."""
    leaver = community.joined()
    profile = community.platform.held[alumni_id(community, leaver)].profile
    community.leave(leaver)
    community.sync()
    community.platform.held[alumni_id(community, leaver)] = Held(profile)
    assert compare(community) == Drift(members=1, returned=1)
    assert community.platform.held == {}
    assert compare(community) == Drift()


def test_who_must_be_hidden_and_is_visible_is_hidden(community: Community) -> None:
    """A moderator over there switched a paused member on again."""
    leaver = community.joined()
    community.roster.set(leaver, rehire_on=community.clock.now().date() + timedelta(days=9))
    community.sync()
    community.platform.held[alumni_id(community, leaver)].visible = True
    assert compare(community) == Drift(members=1, visible=1)
    assert community.on_platform(leaver) == "hidden"
    assert compare(community) == Drift(members=1)


def test_strangers_are_never_touched(community: Community) -> None:
    """Only what we created and still own may be removed."""
    community.platform.held["A-0000000000000007"] = Held(sample_profile(7))
    assert compare(community) == Drift(members=1, strangers=1)
    assert community.platform.calls == []


def test_half_a_list_leads_to_nothing(community: Community) -> None:
    """A listing that broke off once made a product delete everybody it did not see."""
    leaver = community.joined()

    def half() -> object:
        raise Unavailable("fake", "list members", "no answer in time")

    community.platform.members = half  # type: ignore[method-assign, assignment]  # a fault
    with pytest.raises(Unavailable):
        compare(community)
    assert community.membership(leaver)["state"] == "active"


# --- choices of members ---------------------------------------------------------------------------


def chose(
    community: Community, leaver: Leaver, what: str, purpose: Purpose | None = None
) -> MemberChoice:
    """Let a member switch something off over there."""
    choice = MemberChoice(alumni_id(community, leaver), what, purpose, community.clock.now())
    community.platform.chosen.append(choice)
    return choice


def test_a_deleted_account_is_a_withdrawal(any_community: Community) -> None:
    """Whoever deletes their profile there has left, with all that follows."""
    community = any_community
    leaver = community.joined()
    chose(community, leaver, "deleted")
    assert community.sync() == MemberCounts(removed=1)
    event = community.events(leaver)[-1]
    assert (event["event"], event["actor"], event["channel"]) == ("withdrew", "subject", "platform")
    assert community.on_platform(leaver) == "absent"


def test_an_unsubscribed_purpose_is_withdrawn_alone(community: Community) -> None:
    """No newsletter any more is not no community any more."""
    leaver = community.joined()
    chose(community, leaver, "unsubscribed", Purpose.NEWSLETTER)
    assert community.sync() == MemberCounts(updated=1)
    assert community.on_platform(leaver) == "visible"
    held = community.platform.held[alumni_id(community, leaver)]
    assert held.profile.purposes == {Purpose.COMMUNITY}


def test_a_choice_told_twice_is_one_withdrawal(community: Community) -> None:
    """Platforms deliver at least once; the evidence must not show two decisions."""
    leaver = community.joined()
    chose(community, leaver, "unsubscribed", Purpose.NEWSLETTER)
    assert take_choices(community.d, "R-1") == ChoiceCounts(seen=1, taken=1)
    assert take_choices(community.d, "R-2") == ChoiceCounts(seen=1, taken=0)
    assert community.history(leaver).count("narrowed") == 1


def test_choices_are_asked_for_from_where_we_were(community: Community) -> None:
    """Asking for all of history each minute would use up any quota."""
    leaver = community.joined()
    chose(community, leaver, "unsubscribed", Purpose.NEWSLETTER)
    take_choices(community.d, "R-1")
    community.later(hours=2)
    take_choices(community.d, "R-2")
    assert take_choices(community.d, "R-3") == ChoiceCounts()


def test_a_choice_of_a_stranger_is_nobodys(community: Community) -> None:
    """An account that is not ours has no consent here to withdraw."""
    choice = MemberChoice("A-0000000000000007", "deleted", None, community.clock.now())
    community.platform.chosen.append(choice)
    assert take_choices(community.d, "R-1") == ChoiceCounts(seen=1, taken=0)


def test_a_platform_that_tells_nothing_is_not_asked(community: Community) -> None:
    """Most cannot say who switched what off; asking them would be an error each minute."""
    quiet = {**community.platform.info.capabilities, "choices": False}
    community.platform.info = replace(community.platform.info, capabilities=quiet)  # type: ignore[misc]  # another platform's
    leaver = community.joined()
    chose(community, leaver, "deleted")
    assert take_choices(community.d, "R-1") == ChoiceCounts()


@pytest.mark.parametrize("flow", [Community.sync, compare])
def test_whoever_left_is_removed_though_choices_cannot_be_asked_for(
    community: Community, flow: Callable[[Community], object]
) -> None:
    """One endpoint that is down for days would keep everybody on the platform who has left."""
    leaver = community.joined()
    community.leave(leaver)

    def down(_since: datetime) -> Iterator[MemberChoice]:
        raise Unavailable("platform", "choices", "down")

    community.platform.choices = down  # type: ignore[method-assign, assignment]  # a fault
    with pytest.raises(Unavailable):
        flow(community)

    assert "absent" == community.on_platform(leaver)


# --- dead letters and receipts --------------------------------------------------------------------


def test_a_dead_letter_is_tried_again_on_request(community: Community) -> None:
    """The vendor repaired it: one word, and the person is a member."""
    leaver = community.member()
    community.platform.poison["zofia@mail.example"] = "http-400"
    community.sync()
    community.platform.poison.clear()
    (letter,) = open_letters(community.d)
    retry(community.d, letter["id"], by="ops")
    assert community.sync() == MemberCounts(created=1)
    assert community.on_platform(leaver) == "visible"
    with pytest.raises(Refused, match="no open dead letter"):
        retry(community.d, letter["id"], by="ops")


def test_a_dropped_dead_letter_stays_dropped(community: Community) -> None:
    """Somebody decided; the next sync must not decide otherwise."""
    community.member()
    community.platform.poison["zofia@mail.example"] = "http-400"
    community.sync()
    community.platform.poison.clear()
    (letter,) = open_letters(community.d)
    drop(community.d, letter["id"], by="ops")
    assert open_letters(community.d) == []
    assert community.sync() == MemberCounts()


def test_whoever_withdraws_with_a_dead_letter_is_looked_for_all_the_same(
    community: Community,
) -> None:
    """Refused is not "not there": the platform may have kept half of it."""
    leaver = community.member()
    community.platform.poison["zofia@mail.example"] = "http-400"
    community.sync()
    community.leave(leaver)
    assert community.sync() == MemberCounts(removed=1)
    (receipt,) = removal_receipts(community.d, leaver.person)
    assert receipt.absent_at == community.clock.now()
    assert not receipt.complete


def test_a_mail_is_never_sent_again(community: Community) -> None:
    """It may have arrived: retrying is for writes that can be repeated."""
    row = {"kind": "mail", "subject": "7", "person_id": "P-1", "reason": "550", "attempts": 9}
    with community.d.ledger.write() as connection:
        when = {"state": "open", "created_at": community.clock.now(), "closed_by": ""}
        connection.execute(t(DeadLetter).insert(), {**row, **when})
    (letter,) = open_letters(community.d)
    with pytest.raises(Refused, match="may have arrived"):
        retry(community.d, letter["id"], by="ops")
    drop(community.d, letter["id"], by="ops")


def test_a_write_under_way_is_no_drift(community: Community) -> None:
    """Compared between claim and confirm, everybody would be reported."""
    leaver = community.member()
    died = claim(community.d, "R-dead", [community.invitation(leaver)["id"]])
    list(community.platform.upsert([write.profile for write in died.writes]))
    assert compare(community) == Drift(members=1)


def test_a_member_has_no_removal_receipt(community: Community) -> None:
    """A receipt for somebody who is still there would be a false proof."""
    leaver = community.joined()
    assert removal_receipts(community.d, leaver.person) == []
