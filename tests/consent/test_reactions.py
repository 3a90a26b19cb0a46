"""What becomes of a consent when something becomes of its spell, or when time goes by."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.answers.decisions import withdraw
from alumni_sync.consent.grants import closed_gates, live_grants, still_live
from alumni_sync.consent.rounds import timers
from alumni_sync.consent.rounds.timers import ReactionCounts, TimerCounts, react, run_timers
from alumni_sync.domain import CaseStatus
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Case, Membership, t
from alumni_sync.ports import ProfileField, Purpose, Removal
from tests.consent.test_planning import open_case
from tests.consent.world import BY_MAIL, RUN, World
from tests.roster import Leaver

NOTHING = ReactionCounts()


def on_the_platform(world: World, leaver: Leaver, state: str = "active") -> None:
    """Write the membership of a leaver as the membership stage leaves it."""
    row = {
        "platform": "directory",
        "person_id": leaver.person,
        "spell_id": leaver.spell,
        "invitation_id": world.invitation(leaver)["id"],
        "alumni_id": new_id("A"),
        "state": state,
        "changed_at": world.clock.now(),
    }
    with world.d.ledger.write() as connection:
        connection.execute(t(Membership).insert(), row)


def gates(world: World) -> list[tuple[str, str]]:
    """Return how closed gates are to be closed, and why."""
    return [(gate.how.value, gate.cause) for gate in closed_gates(world.d)]


def last_seq(world: World, leaver: Leaver) -> str:
    """Return the number of a leaver's last event."""
    return f"consent:{world.events(leaver)[-1]['seq']}"


# --- the spell ------------------------------------------------------------------------------------


def test_nothing_happened_changes_nothing(any_world: World) -> None:
    """Reactions run all day."""
    leaver = any_world.member()
    on_the_platform(any_world, leaver)
    before = any_world.everything()

    assert NOTHING == react(any_world.d, RUN)
    assert TimerCounts() == run_timers(any_world.d, RUN)
    assert [] == gates(any_world)
    assert before == any_world.everything()


def test_a_coming_rehire_hides_and_its_cancellation_brings_back(any_world: World) -> None:
    """Nobody asks twice because HR changed its mind about a start date."""
    leaver = any_world.member()
    on_the_platform(any_world, leaver)
    any_world.roster.set(leaver, rehire_on=date(2026, 12, 1))

    assert [("hide", "rehire_ahead")] == gates(any_world)
    assert ReactionCounts(suspended=1) == react(any_world.d, RUN)
    assert "paused" == any_world.invitation(leaver)["state"]
    assert [] == list(live_grants(any_world.d))
    assert [("hide", last_seq(any_world, leaver))] == gates(any_world)
    assert NOTHING == react(any_world.d, RUN)

    any_world.roster.set(leaver, rehire_on=None)
    assert ReactionCounts(resumed=1) == react(any_world.d, RUN)
    row = any_world.invitation(leaver)
    assert ("given", row["version"]) == (row["state"], row["pending_version"])
    assert 1 == len(list(live_grants(any_world.d)))
    assert [] == gates(any_world)


def test_a_begun_rehire_ends_the_consent_for_good(world: World) -> None:
    """The next exit is a new question."""
    leaver = world.member()
    on_the_platform(world, leaver)
    world.roster.set(leaver, rehire_on=date(2026, 12, 1))
    react(world.d, RUN)
    world.roster.set(leaver, rehire_ends=True)

    assert [("erase", last_seq(world, leaver))] == gates(world)
    assert ReactionCounts(revoked=1) == react(world.d, RUN)
    assert "revoked" == world.invitation(leaver)["state"]
    assert [("erase", last_seq(world, leaver))] == gates(world)
    assert world.roster.spell(leaver).purge_after is not None


@pytest.mark.parametrize("status", ["rescinded", "hire_cancelled", "deleted"])
def test_an_undone_exit_undoes_what_was_begun(world: World, status: str) -> None:
    """Somebody who never left is no alumnus, whatever they answered."""
    invited, member = world.invited("anna"), world.member("jan")
    on_the_platform(world, member)
    for leaver in (invited, member):
        world.roster.set(leaver, record_status=status)

    assert [("erase", "exit_undone")] == gates(world)
    assert ReactionCounts(revoked=2) == react(world.d, RUN)
    assert {"revoked"} == {world.invitation(leaver)["state"] for leaver in (invited, member)}
    assert not world.opens(world.token("/c/", mail=0))


def test_a_death_ends_everything_without_a_word(world: World) -> None:
    """No reminder, no goodbye, no trace in the community."""
    leaver = world.member()
    world.deliver()
    on_the_platform(world, leaver)
    sent = len(world.mails)
    world.roster.set(leaver, verdict="never_contact")

    assert [("erase", "never_contact")] == gates(world)
    world.round()
    world.later(days=10)
    world.round()
    assert "revoked" == world.invitation(leaver)["state"]
    assert sent == len(world.mails)


def test_an_exit_that_moved_into_the_future_hides_until_then(world: World) -> None:
    """Nobody who is still employed is in the community."""
    leaver = world.member()
    on_the_platform(world, leaver)
    world.roster.change(leaver, last_working_day=date(2026, 11, 20))

    assert [("hide", "exit_ahead")] == gates(world)
    react(world.d, RUN)
    world.later(days=20)
    assert ReactionCounts(resumed=1) == react(world.d, RUN)


def test_a_reopened_case_hides_at_once_and_the_ruling_decides(any_world: World) -> None:
    """New facts about a member: out of sight until somebody has looked."""
    admitted, upheld = any_world.member("anna"), any_world.member("jan")
    for leaver in (admitted, upheld):
        on_the_platform(any_world, leaver)
        any_world.roster.set(leaver, verdict="review", basis="new-facts")
        open_case(any_world, leaver, CaseStatus.REOPENED)

    assert {"hide"} == {how for how, _ in gates(any_world)}
    assert all(cause.startswith("case:") for _, cause in gates(any_world))
    assert ReactionCounts(suspended=2) == react(any_world.d, RUN)

    for leaver, status in ((admitted, CaseStatus.ADMITTED), (upheld, CaseStatus.UPHELD)):
        cases = t(Case)
        with any_world.d.ledger.write() as connection:
            where = cases.c.spell_id == leaver.spell
            connection.execute(update(cases).where(where).values(status=status.value))
    assert ReactionCounts(resumed=1, revoked=1) == react(any_world.d, RUN)
    assert ("given", "revoked") == (
        any_world.invitation(admitted)["state"],
        any_world.invitation(upheld)["state"],
    )


@pytest.mark.parametrize(
    ("status", "how"), [(CaseStatus.OPEN, "hide"), (CaseStatus.UPHELD, "erase")]
)
def test_a_case_closes_the_gate_before_anybody_has_reacted(
    world: World, status: CaseStatus, how: str
) -> None:
    """The gate is asked, not the note about it."""
    leaver = world.member()
    on_the_platform(world, leaver)
    world.roster.set(leaver, verdict="excluded", basis="new-facts")
    open_case(world, leaver, status)

    ((found, cause),) = gates(world)
    assert (how, "case:1") == (found, cause)
    assert [] == list(live_grants(world.d))


def test_a_held_member_is_hidden(world: World) -> None:
    """The rules want to wait; the community must wait as well."""
    leaver = world.member()
    on_the_platform(world, leaver)
    world.roster.set(leaver, verdict="held")

    assert [("hide", "verdict")] == gates(world)


def test_shrinking_the_audience_touches_no_grant(world: World) -> None:
    """Who was asked and said yes is in, whoever is asked next."""
    leaver = world.member()
    on_the_platform(world, leaver)
    world.roster.set(leaver, verdict="out_of_scope")

    assert [] == gates(world)
    assert NOTHING == react(world.d, RUN)
    assert 1 == len(list(live_grants(world.d)))


# --- time -----------------------------------------------------------------------------------------


def test_silence_ends_an_invitation(world: World) -> None:
    """Not with a yes, not with another mail, and not for ever."""
    leaver = world.invited()
    world.later(days=31)

    assert TimerCounts(closed=1) == run_timers(world.d, RUN)
    row = world.invitation(leaver)
    assert ("expired", None) == (row["state"], row["next_at"])
    event = world.events(leaver)[-1]
    assert ("system", "not_answered") == (event["actor"], event["body"]["reason"])
    assert not world.opens(world.token())


def test_an_old_yes_ends(any_world: World) -> None:
    """The gate is closed from the very instant, whether or not a timer has run."""
    leaver = any_world.member()
    on_the_platform(any_world, leaver)
    any_world.later(days=731)

    assert [] == list(live_grants(any_world.d))
    assert [("erase", "expired")] == gates(any_world)
    assert TimerCounts(ended=1) == run_timers(any_world.d, RUN)
    assert "expired" == any_world.invitation(leaver)["state"]
    assert [("erase", last_seq(any_world, leaver))] == gates(any_world)


def test_a_paused_yes_ends_with_its_time_too(world: World) -> None:
    """A pause does not stop the clock."""
    leaver = world.member()
    on_the_platform(world, leaver)
    world.roster.set(leaver, rehire_on=date(2029, 1, 1))
    react(world.d, RUN)
    world.later(days=731)

    assert ["erase"] == [how for how, _ in gates(world)]
    assert TimerCounts(ended=1) == run_timers(world.d, RUN)


def test_a_due_reminder_leaves_an_open_page_valid(world: World) -> None:
    """Somebody is just reading the page when the daily round runs."""
    leaver = world.invited()
    world.later(days=7)
    choice = world.choice(leaver, Answer.YES)

    assert TimerCounts(reminders=1) == run_timers(world.d, RUN)
    assert choice.version == world.shown(leaver).version
    assert TimerCounts() == run_timers(world.d, RUN)


def test_a_pack_that_allows_no_reminder_sends_none(world: World) -> None:
    """Tightened after the mail went out; the timer finds nothing to do."""
    leaver = world.invited()
    pack = world.root / "rules" / "jurisdictions" / "pl.yaml"
    text = pack.read_text("utf-8").replace("asking_mails: 3", "asking_mails: 1")
    pack.write_text(text, "utf-8")
    world.later(days=7)

    assert TimerCounts() == run_timers(world.d, RUN)
    assert world.invitation(leaver)["closes_at"] == world.invitation(leaver)["next_at"]


# --- grants ---------------------------------------------------------------------------------------


def test_a_grant_carries_what_membership_must_know(world: World) -> None:
    """Event and rule revision for the audit, holds for the purposes."""
    leaver = world.member(exit_kind="redundancy")

    (grant,) = live_grants(world.d)
    row = world.invitation(leaver)
    assert (row["grant_seq"], row["version"], row["id"]) == (
        grant.seq,
        grant.version,
        grant.invitation_id,
    )
    assert world.roster.decisions(leaver)[-1].revision == grant.revision
    assert ["job_offers"] == [hold.purpose for hold in grant.holds]


def test_holds_that_cannot_be_read_are_closed(world: World) -> None:
    """For a hold, unknown means closed."""
    leaver = world.member()
    world.d.ledger.vault.shred([leaver.person], [KeyKind.EVIDENCE])

    (grant,) = live_grants(world.d)
    assert set(Purpose) == {Purpose(hold.purpose) for hold in grant.holds}


def test_what_cannot_be_read_is_not_passed_on(world: World) -> None:
    """An erased profile key leaves nothing to pass on."""
    leaver = world.member()
    world.d.ledger.vault.shred([leaver.person], [KeyKind.PROFILE])

    assert [] == list(live_grants(world.d))


def test_grants_come_in_pages_and_for_the_asked_only(world: World) -> None:
    """A hundred thousand members must not be in memory at once."""
    members = [world.member(f"person{number}") for number in range(5)]
    ids = sorted(world.invitation(leaver)["id"] for leaver in members)

    assert ids == [grant.invitation_id for grant in live_grants(world.d, page=2)]
    assert ids[1:2] == [grant.invitation_id for grant in live_grants(world.d, only=ids[1:2])]


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_write_under_another_version_is_void(world: World, offset: int) -> None:
    """A withdrawal while a slow platform call was open must win."""
    leaver = world.member()
    row = world.invitation(leaver)

    assert (offset == 0) == still_live(world.d, row["id"], row["version"] + offset)
    withdraw(world.d, row["id"], None, BY_MAIL, "n")
    assert not still_live(world.d, row["id"], row["version"])


@pytest.mark.parametrize("state", ["removed", "verified_absent"])
def test_who_is_gone_needs_no_closing(world: World, state: str) -> None:
    """A removal that is done must not be done for ever."""
    leaver = world.member()
    on_the_platform(world, leaver, state)
    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "n")

    assert [] == gates(world)


def test_closing_runs_its_deadline_from_the_withdrawal(world: World) -> None:
    """Fifteen minutes are counted from the click, not from when we noticed."""
    leaver = world.member()
    on_the_platform(world, leaver)
    clicked = world.clock.now()
    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "n")
    world.later(hours=2)

    (gate,) = closed_gates(world.d)
    assert (clicked, Removal.ERASE) == (gate.since, gate.how)


def test_fields_that_were_not_ticked_are_in_no_grant(world: World) -> None:
    """The grant is all that membership ever sees."""
    leaver = world.invited()
    world.answer(leaver, Answer.YES)

    (grant,) = live_grants(world.d)
    assert {} == dict(grant.fields)
    assert {Purpose.COMMUNITY} == grant.purposes


@pytest.mark.parametrize("field", [ProfileField.CITY])
def test_a_later_change_in_the_hris_changes_no_grant(world: World, field: ProfileField) -> None:
    """After joining, what a person confirmed is theirs."""
    leaver = world.member()
    changed: dict[str, Any] = {"location": "Gdynia"}
    world.roster.change(leaver, **changed)

    (grant,) = live_grants(world.d)
    assert "Warszawa" == grant.fields[field].value


def test_work_in_pages_leaves_nobody_out(world: World) -> None:
    """Whoever stands first on the second page has the same rights."""
    members = [world.member(f"person{number}") for number in range(5)]
    for leaver in members:
        on_the_platform(world, leaver)
        world.roster.set(leaver, rehire_on=date(2026, 12, 1))

    assert 5 == len(list(closed_gates(world.d, page=2)))
    assert 1 == len(list(closed_gates(world.d, only=[world.invitation(members[0])["id"]])))
    assert ReactionCounts(suspended=5) == react(world.d, RUN, page=2)
    world.later(days=731)
    assert TimerCounts(ended=5) == run_timers(world.d, RUN, page=2)


def test_what_somebody_else_did_meanwhile_is_left_alone(world: World) -> None:
    """Two rounds at once: the second finds that there is nothing to do any more."""
    leaver = world.invited()
    invitation, before = world.invitation(leaver)["id"], world.everything()

    ring = world.d.ledger.vault.load([leaver.person])
    assert [] == timers._tick(world.d, invitation, ring, world.clock.now())
    assert "nothing" == timers._follow(world.d, invitation, ring, world.clock.now())
    assert before == world.everything()
