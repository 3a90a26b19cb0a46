"""Sync: who said yes is on the platform, once, with what they allowed, and the ledger knows why."""

import pytest
from sqlalchemy import select, update

from alumni_sync.consent.answers.answer import Answer, Decided
from alumni_sync.consent.answers.decisions import change_fields
from alumni_sync.errors import (
    AuthRejected,
    ConfigError,
    PermanentError,
    RateLimited,
    Unavailable,
)
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.leases import LeaseBusy, hold
from alumni_sync.ledger.pauses import Outlet, pause, resume
from alumni_sync.ledger.tables import Membership, PlatformWrite, t
from alumni_sync.membership.claims import claim
from alumni_sync.membership.plan import MembershipPlan
from alumni_sync.membership.sync import MemberCounts, plan_members
from alumni_sync.ports import ProfileField, Purpose
from tests.consent.world import BY_MAIL
from tests.membership.world import Community
from tests.roster import Leaver


def narrow(community: Community, leaver: Leaver) -> None:
    """Take one of the two fields back in the preference centre."""
    invitation = community.invitation(leaver)["id"]
    fields = {ProfileField.JOB_TITLE: True}
    outcome = change_fields(community.d, invitation, fields, BY_MAIL, new_id("N"))
    assert isinstance(outcome, Decided)


def held_fields(community: Community, leaver: Leaver) -> set[ProfileField]:
    """Return the fields that the platform holds of somebody."""
    alumni_id = community.membership(leaver)["alumni_id"]
    return set(community.platform.held[alumni_id].profile.fields)


def test_who_said_yes_becomes_a_member(any_community: Community) -> None:
    """This is what the product is for."""
    leaver = any_community.member()
    assert plan_members(any_community.d) == MembershipPlan(create=1)
    assert any_community.sync() == MemberCounts(created=1)
    profile = any_community.platform.held[any_community.membership(leaver)["alumni_id"]].profile
    assert profile.email == "zofia@mail.example"
    assert {name: shown.to_members for name, shown in profile.fields.items()} == {
        ProfileField.JOB_TITLE: True,
        ProfileField.CITY: False,
    }
    assert profile.purposes == {Purpose.COMMUNITY, Purpose.NEWSLETTER}
    assert profile.segments == {"city:Warszawa"}


def test_a_write_names_the_consent_and_the_rules_that_allowed_it(community: Community) -> None:
    """Years later somebody asks why their data went there."""
    leaver = community.joined()
    (write,) = community.writes(leaver)
    allowed = community.events(leaver)[-1]
    assert (write["consent_seq"], allowed["state_after"]) == (int(allowed["seq"]), "given")
    assert write["revision"] == community.roster.decisions(leaver)[-1].revision
    assert (write["verb"], write["outcome"]) == ("create", "done")
    assert write["confirmed_at"] is not None


def test_unchanged_members_cost_no_call_and_no_write(any_community: Community) -> None:
    """A sync runs every minute; it must not write a hundred thousand rows each time."""
    any_community.joined()
    calls, before = list(any_community.platform.calls), rows(any_community)
    assert plan_members(any_community.d) == MembershipPlan(unchanged=1)
    assert any_community.sync() == MemberCounts(unchanged=1)
    assert (any_community.platform.calls, rows(any_community)) == (calls, before)


def rows(community: Community) -> list[object]:
    """Return everything that membership keeps."""
    with community.d.ledger.read() as connection:
        return [
            tuple(row)
            for model in (Membership, PlatformWrite)
            for row in connection.execute(select(t(model)))
        ]


def test_a_field_taken_back_is_taken_away(community: Community) -> None:
    """A partial withdrawal is a withdrawal."""
    leaver = community.joined()
    narrow(community, leaver)
    assert plan_members(community.d) == MembershipPlan(update=1)
    assert community.sync() == MemberCounts(updated=1)
    assert held_fields(community, leaver) == {ProfileField.JOB_TITLE}


def test_what_the_hris_says_later_changes_nothing(community: Community) -> None:
    """After joining, what a person confirmed is theirs."""
    leaver = community.joined()
    calls = list(community.platform.calls)
    community.roster.change(leaver, job_title="Chief Accountant", location="Radom")
    community.judge()
    assert community.sync() == MemberCounts(unchanged=1)
    assert community.platform.calls == calls


def test_a_newer_yes_to_the_same_is_noted_without_a_call(community: Community) -> None:
    """A renewal changes the proof, not the profile."""
    leaver = community.joined()
    calls = list(community.platform.calls)
    community.set_invitation(leaver, grant_seq=community.membership(leaver)["grant_seq"] + 1)
    assert community.sync() == MemberCounts(unchanged=1)
    assert plan_members(community.d) == MembershipPlan(unchanged=1)
    assert community.platform.calls == calls


def test_a_hold_that_ends_opens_its_purpose(community: Community) -> None:
    """Made redundant: no job offers for six months, although the person ticked them."""
    leaver = community.invited(exit_kind="redundancy")
    community.answer(leaver, Answer.YES, purposes=frozenset({Purpose.JOB_OFFERS}))
    community.sync()
    alumni_id = community.membership(leaver)["alumni_id"]
    assert community.platform.held[alumni_id].profile.purposes == {Purpose.COMMUNITY}
    community.later(days=100)
    assert community.sync() == MemberCounts(unchanged=1)
    community.later(days=100)
    assert community.sync() == MemberCounts(updated=1)
    assert Purpose.JOB_OFFERS in community.platform.held[alumni_id].profile.purposes


# --- one person's failure -------------------------------------------------------------------------


def address(community: Community, leaver: Leaver) -> str:
    """Return somebody's private address."""
    return str(community.roster.facts[leaver.spell]["personal_email"])


def test_one_poisoned_record_becomes_a_dead_letter_and_the_others_pass(
    community: Community,
) -> None:
    """One refused person must not keep ninety-nine out, nor be tried for ever."""
    leavers = community.members(5)
    community.platform.poison[address(community, leavers[2])] = "bad-title"
    assert community.sync() == MemberCounts(created=4, failed=1, dead_letters=1)
    assert [letter["reason"] for letter in community.dead_letters()] == ["bad-title"]
    community.platform.poison.clear()
    community.later(days=3)
    assert community.sync() == MemberCounts(unchanged=4)
    assert community.on_platform(leavers[2]) == "absent"


def test_a_dead_letter_is_tried_again_when_the_person_says_something_new(
    community: Community,
) -> None:
    """What was refused may have been the very field that is now gone."""
    leaver = community.member()
    community.platform.poison[address(community, leaver)] = "bad-city"
    community.sync()
    community.platform.poison.clear()
    narrow(community, leaver)
    assert community.sync() == MemberCounts(created=1)


def test_a_passing_failure_is_tried_after_half_an_hour_then_less_often(
    community: Community,
) -> None:
    """A platform in trouble is left alone, and the person still becomes a member."""
    leaver = community.member()
    community.platform.busy[address(community, leaver)] = "http-500"
    assert community.sync() == MemberCounts(failed=1)
    community.later(minutes=29)
    assert community.sync() == MemberCounts()
    community.later(minutes=1)
    assert community.sync() == MemberCounts(failed=1)
    community.later(hours=5, minutes=59)
    assert community.sync() == MemberCounts()
    community.platform.busy.clear()
    community.later(minutes=1)
    assert community.sync() == MemberCounts(created=1)
    assert community.audit(leaver) == [("create", "retry"), ("create", "retry"), ("create", "done")]
    assert community.membership(leaver)["attempts"] == 0


def test_after_four_weeks_of_failures_a_person_must_look(community: Community) -> None:
    """A fault that never passes has to surface; not as a thousandth attempt."""
    leaver = community.member()
    community.platform.busy[address(community, leaver)] = "http-500"
    days = 0
    while not community.dead_letters():
        community.sync()
        community.later(days=1)
        days += 1
    assert 28 <= days <= 32
    assert community.sync() == MemberCounts()


def test_an_update_that_failed_is_tried_again(community: Community) -> None:
    """A peer drops a failed row whose data does not change again: the old value stays for ever."""
    leaver = community.joined()
    narrow(community, leaver)
    community.platform.busy[address(community, leaver)] = "http-500"
    assert community.sync().failed == 1
    community.platform.busy.clear()
    community.later(hours=1)
    assert community.sync() == MemberCounts(updated=1)
    assert held_fields(community, leaver) == {ProfileField.JOB_TITLE}


def test_a_result_that_never_came_is_no_success(community: Community) -> None:
    """Silence taken for success is how members get lost."""
    leaver = community.member()
    community.platform.mute.add(address(community, leaver))
    assert community.sync() == MemberCounts(failed=1)
    community.platform.mute.clear()
    community.later(hours=1)
    assert community.sync().failed == 0
    assert community.membership(leaver)["state"] == "active"


# --- the platform's failure -----------------------------------------------------------------------


def test_a_platform_that_fails_midway_blames_nobody(community: Community) -> None:
    """Who was not reached must not wait a day because the platform had a bad minute."""
    leavers = community.members(4)
    community.platform.fail_after = 2
    community.platform.failure = Unavailable("fake", "write", "no answer in time")
    with pytest.raises(Unavailable):
        community.sync()
    states = sorted(community.membership(leaver)["state"] for leaver in leavers)
    assert states == ["active", "active", "pending", "pending"]
    community.platform.fail_after = None
    counts = community.sync()
    assert (counts.failed, counts.dead_letters) == (0, 0)
    assert {community.on_platform(leaver) for leaver in leavers} == {"visible"}
    assert len(community.platform.held) == 4


def test_a_wait_the_platform_asks_for_is_kept(community: Community) -> None:
    """A quota that is used up until tomorrow is not asked again each minute."""
    community.members(2)
    community.platform.fail_after = 0
    community.platform.failure = RateLimited("fake", "write", retry_after=3600)
    with pytest.raises(RateLimited):
        community.sync()
    community.platform.fail_after = None
    community.later(minutes=59)
    assert community.sync() == MemberCounts()
    community.later(minutes=1)
    counts = community.sync()
    assert counts.created + counts.updated + counts.unchanged == 2


def test_a_rejected_credential_stops_everything_and_loses_nobody(community: Community) -> None:
    """A token that ran out is the operator's problem, not a hundred dead letters."""
    leavers = community.members(3)
    community.platform.fail_after = 0
    community.platform.failure = AuthRejected("fake", "write", "HTTP 401")
    with pytest.raises(AuthRejected):
        community.sync()
    assert community.dead_letters() == []
    community.platform.fail_after = None
    community.sync()
    assert {community.on_platform(leaver) for leaver in leavers} == {"visible"}


def test_a_platform_that_refuses_everybody_is_not_stormed(community: Community) -> None:
    """A changed rule over there must not turn the whole community into dead letters."""
    leavers = community.members(60)
    for leaver in leavers:
        community.platform.poison[address(community, leaver)] = "http-400"
    with pytest.raises(PermanentError, match="refused 50 of 50"):
        community.sync()
    assert community.dead_letters() == []
    community.platform.poison.clear()
    community.later(hours=1)
    assert community.sync() == MemberCounts(created=60)


# --- pause, leases, another platform --------------------------------------------------------------


def test_a_pause_stops_what_is_written(community: Community) -> None:
    """The off switch."""
    leaver = community.member()
    off(community)
    assert community.sync() == MemberCounts()
    assert community.platform.calls == []
    resume(community.d.ledger, [Outlet.PLATFORM])
    community.sync()
    assert community.on_platform(leaver) == "visible"


def off(community: Community) -> None:
    """Pause the platform."""
    now = community.clock.now()
    pause(community.d.ledger, [Outlet.PLATFORM], by="ops", reason="incident", now=now)


def test_a_pause_is_seen_by_the_next_claim(community: Community) -> None:
    """Whoever presses the switch while a long sync runs means this sync."""
    community.members(60)

    def press(_alumni_id: str) -> None:
        community.platform.on_write = lambda _id: None
        off(community)

    community.platform.on_write = press
    assert community.sync().created == 50
    assert len(community.platform.calls) == 50


def test_a_pause_never_stops_a_withdrawal(community: Community) -> None:
    """Leaving waits for nothing."""
    leaver = community.joined()
    off(community)
    community.leave(leaver)
    assert community.sync() == MemberCounts(removed=1)
    assert community.on_platform(leaver) == "absent"


def test_two_syncs_do_not_run_at_once(community: Community) -> None:
    """A schedule and a person at the same time would write everything twice."""
    community.member()
    with (
        hold(community.d.ledger, community.clock, "platform:directory"),
        pytest.raises(LeaseBusy),
    ):
        community.sync()
    assert community.sync().created == 1


def test_members_of_a_former_platform_are_not_forgotten(community: Community) -> None:
    """Swapped in the configuration: the people are still visible there, and nobody removes them."""
    leaver = community.joined()
    set_membership(community, leaver, platform="former")
    with pytest.raises(ConfigError, match="1 on former"):
        community.sync()


def set_membership(community: Community, leaver: Leaver, **columns: object) -> None:
    """Set columns of a membership behind the stage's back."""
    table = t(Membership)
    with community.d.ledger.write() as connection:
        connection.execute(update(table).where(table.c.spell_id == leaver.spell).values(**columns))


# --- crashes --------------------------------------------------------------------------------------


def test_a_claim_that_was_never_sent_is_sent_by_the_next_sync(any_community: Community) -> None:
    """Killed between claim and call: nobody may be lost."""
    community = any_community
    leaver = community.member()
    claim(community.d, "R-dead", [community.invitation(leaver)["id"]])
    assert community.sync() == MemberCounts(created=1)
    assert community.audit(leaver) == [("create", "repeated"), ("create", "done")]


def test_a_write_that_was_never_confirmed_makes_no_second_member(
    any_community: Community,
) -> None:
    """Killed between call and confirm: the same person twice could never be removed by one yes."""
    community = any_community
    leaver = community.member()
    died = claim(community.d, "R-dead", [community.invitation(leaver)["id"]])
    list(community.platform.upsert([write.profile for write in died.writes]))
    community.sync()
    assert len(community.platform.held) == 1
    assert community.membership(leaver)["state"] == "active"
    assert community.audit(leaver) == [("create", "repeated"), ("create", "unchanged")]


# --- minds that change while a write is under way -------------------------------------------------


def test_what_is_taken_back_during_the_write_is_taken_away_by_the_same_sync(
    any_community: Community,
) -> None:
    """The write was allowed when it was claimed, and is too much when it lands."""
    community = any_community
    leaver = community.member()

    def meanwhile(_alumni_id: str) -> None:
        community.platform.on_write = lambda _id: None
        narrow(community, leaver)

    community.platform.on_write = meanwhile
    assert community.sync() == MemberCounts(created=1, updated=1)
    assert held_fields(community, leaver) == {ProfileField.JOB_TITLE}


def test_a_mind_that_never_rests_does_not_hold_the_others_up(community: Community) -> None:
    """Three passes, then the next sync: one person clicking must not keep a run going for ever."""
    leaver = community.member()
    fields = [{ProfileField.JOB_TITLE: True}, {ProfileField.JOB_TITLE: False}, {}]

    def meanwhile(_alumni_id: str) -> None:
        if fields:
            invitation = community.invitation(leaver)["id"]
            change_fields(community.d, invitation, fields.pop(0), BY_MAIL, new_id("N"))

    community.platform.on_write = meanwhile
    counts = community.sync()
    assert (counts.created, counts.updated) == (1, 2)
    assert community.sync() == MemberCounts(updated=1)
    assert held_fields(community, leaver) == set()


def test_a_withdrawal_during_a_write_that_fails_is_carried_out(community: Community) -> None:
    """It failed, says the platform; it may have landed all the same."""
    leaver = community.member()
    community.platform.fail_after = 0
    community.platform.failure = Unavailable("fake", "write", "no answer in time")

    def meanwhile(_alumni_id: str) -> None:
        community.platform.on_write = lambda _id: None
        community.leave(leaver)

    community.platform.on_write = meanwhile
    with pytest.raises(Unavailable):
        community.sync()
    assert community.on_platform(leaver) == "visible"
    community.platform.fail_after = None
    community.later(minutes=2)
    assert community.sync() == MemberCounts(removed=1)
    assert community.on_platform(leaver) == "absent"


def test_a_yes_without_membership_itself_makes_no_member(community: Community) -> None:
    """Whoever agreed to newsletters only has agreed to no profile."""
    leaver = community.member()
    ring = community.d.ledger.vault.load([leaver.person])
    said = {"name": "Zofia", "email": "zofia@mail.example", "purposes": ["newsletter"]}
    sealed = ring.seal_json(leaver.person, KeyKind.PROFILE, "invitation", {**said, "fields": {}})
    community.set_invitation(leaver, sealed=sealed)
    assert community.sync() == MemberCounts()
    assert community.platform.calls == []


def test_whose_evidence_cannot_be_read_is_not_written(community: Community) -> None:
    """A write that could not be proven allowed must not be made."""
    leaver = community.member()
    community.d.ledger.vault.shred([leaver.person], [KeyKind.EVIDENCE])
    assert community.sync() == MemberCounts()
    assert community.platform.calls == []
