"""T27: who comes back, leaves twice, shares or changes a mailbox, or dies: nobody asks wrongly."""

from datetime import date, timedelta

import pytest

from alumni_sync.consent.answers.answer import Answer, Decided
from alumni_sync.consent.answers.decisions import withdraw
from alumni_sync.consent.grants import live_grants
from alumni_sync.consent.rounds.timers import react
from alumni_sync.consent.transitions import suppress
from alumni_sync.ports import Fate, SendResult
from tests.consent.world import BY_MAIL, RUN, World
from tests.roster import Leaver


def rehired(world: World, leaver: Leaver) -> None:
    """Let a new job begin."""
    world.roster.set(leaver, rehire_on=date(2026, 11, 2), rehire_ends=True)


def kinds(world: World) -> list[str]:
    """Return the kinds of the mails that were accepted, oldest first."""
    return [row["kind"] for row in world.outbox(state="accepted")]


# --- who works here again -------------------------------------------------------------------------


def test_who_works_here_again_is_told_why_they_are_gone(any_world: World) -> None:
    """To vanish from the community without a word would be rude (T27)."""
    leaver = any_world.member()
    any_world.deliver()
    rehired(any_world, leaver)

    any_world.round()

    assert ["invitation", "confirmation", "rehired"] == kinds(any_world)
    assert "Welcome back" in any_world.mails[-1].subject
    assert "Hello Zofia" in any_world.mails[-1].text
    assert ("revoked", False) == (
        any_world.invitation(leaver)["state"],
        any_world.invitation(leaver)["gate_open"],
    )
    assert "rehired" == any_world.history(leaver)[-1]
    any_world.later(days=40)
    any_world.round()
    assert 3 == len(any_world.mails)


def test_who_was_only_asked_hears_nothing(world: World) -> None:
    """They never were a member; the question is simply over (T27)."""
    leaver = world.invited()
    rehired(world, leaver)

    world.round()

    assert "revoked" == world.invitation(leaver)["state"]
    assert ["invitation"] == kinds(world)
    assert not world.opens(world.token("/c/"))


def test_who_wants_no_mail_gets_no_welcome(world: World) -> None:
    """An objection holds for goodbyes, too."""
    leaver = world.member()
    world.deliver()
    with world.d.ledger.write() as connection:
        known = world.d.ledger.hashes.address("zofia@mail.example")
        suppress(connection, known, "rehired", "one_click", world.clock.now())
    rehired(world, leaver)

    world.round()

    assert "rehired" not in kinds(world)
    assert "suppressed" == world.outbox(kind="rehired")[-1]["reason"]


def test_a_second_exit_is_a_new_question(any_world: World) -> None:
    """The yes of the first exit says nothing about the second (T27)."""
    first = any_world.member()
    rehired(any_world, first)
    any_world.round()
    any_world.later(days=300)
    second = any_world.leaver_again(first)

    any_world.round()

    assert "revoked" == any_world.invitation(first)["state"]
    row = any_world.invitation(second)
    assert ("invited", 1, 1) == (row["state"], row["round"], row["asked"])
    assert [] == list(live_grants(any_world.d))
    assert isinstance(any_world.answer(second, Answer.YES), Decided)
    (grant,) = live_grants(any_world.d)
    assert second.spell == grant.spell_id
    assert "revoked" == any_world.invitation(first)["state"]


def test_a_no_of_the_first_exit_does_not_bar_the_second(world: World) -> None:
    """A refusal is about one exit; only an objection is for good (T27)."""
    first = world.invited()
    world.answer(first, Answer.NO)
    rehired(world, first)
    world.round()
    world.later(days=300)
    second = world.leaver_again(first)

    world.round()

    assert "refused" == world.invitation(first)["state"]
    assert "invited" == world.invitation(second)["state"]


def test_two_exits_of_one_person_are_asked_about_on_different_days(world: World) -> None:
    """Two jobs that ended together must not be two mails in one morning (T27)."""
    first = world.leaver()
    second = world.leaver_again(first)

    world.round()
    assert 1 == len(world.mails)
    world.later(days=1)
    world.round()

    assert 2 == len(world.mails)
    assert {"invited"} == {world.invitation(one)["state"] for one in (first, second)}


def test_a_cancelled_hire_gives_back_the_renewal_that_was_under_way(world: World) -> None:
    """Nobody may lose a membership because HR changed its mind (T27)."""
    leaver = world.member()
    world.clock.advance(world.invitation(leaver)["valid_until"] - world.clock.now())
    world.clock.advance(timedelta(days=-55))
    world.roster.set(leaver, rehire_on=date(2028, 12, 1))
    world.round()
    assert "paused" == world.invitation(leaver)["state"]
    before = len(world.mails)

    world.roster.set(leaver, rehire_on=None)
    for _ in range(4):
        world.later(days=1)
        world.round()

    assert "renewal_due" == world.invitation(leaver)["state"]
    assert 1 == len(world.mails[before:])


# --- mailboxes ------------------------------------------------------------------------------------


def test_an_address_that_is_mended_in_the_hris_is_asked(any_world: World) -> None:
    """A typing error in a form must not cost somebody the question (T27)."""
    leaver = any_world.leaver()
    any_world.post.fates.append(SendResult(Fate.REFUSED, "550 5.1.1 no such mailbox"))
    any_world.round()
    assert "no_contact" == any_world.invitation(leaver)["state"]
    any_world.later(days=1)
    any_world.round()
    assert [] == any_world.mails

    any_world.roster.change(leaver, personal_email="zofia.right@mail.example")
    any_world.judge()
    any_world.round()

    assert ["zofia.right@mail.example"] == [mail.to for mail in any_world.mails]
    row = any_world.invitation(leaver)
    assert ("invited", 2, 1) == (row["state"], row["round"], row["asked"])


def test_two_people_with_one_mailbox_wait_for_a_person(world: World) -> None:
    """One of a couple must not consent for the other (T27)."""
    anna, jan = world.leaver("both"), world.leaver("both")
    world.round()

    assert [] == world.mails
    assert {"review"} == {world.roster.spell(one).verdict for one in (anna, jan)}


def test_a_mailbox_that_now_is_somebody_elses_stays_silent(world: World) -> None:
    """The same address in a new record: somebody looks first who reads it today (T27)."""
    first = world.invited("box")
    world.answer(first, Answer.NOT_ME)
    second = world.leaver("box", exit_date=date(2026, 10, 30))
    world.round()

    assert "review" == world.roster.spell(second).verdict
    assert 1 == len(world.mails)


def test_somebody_the_source_knows_twice_is_not_asked_twice(any_world: World) -> None:
    """Two records were merged, or one was split: the same person under another number (T27)."""
    known = any_world.invited()
    any_world.answer(known, Answer.NO)

    again = any_world.leaver()
    any_world.round()

    assert "refused" == any_world.invitation(known)["state"]
    assert "review" == any_world.roster.spell(again).verdict
    assert 1 == len(any_world.mails)


def test_a_member_whose_record_appears_twice_is_hidden_until_somebody_has_looked(
    world: World,
) -> None:
    """Which of the two the yes belongs to is for a person to say, and nothing is lost (T27)."""
    member = world.member()
    world.deliver()
    other = world.leaver()

    world.round()

    row = world.invitation(member)
    assert ("paused", True) == (row["state"], row["suspended"])
    assert 2 == len(world.mails)
    world.roster.set_person(other, address_hash=None)
    world.roster.change(other, personal_email=None)
    world.judge()
    world.round()
    assert "given" == world.invitation(member)["state"]


def test_a_mailbox_of_the_company_is_never_asked(world: World) -> None:
    """It may belong to the next one at that desk, who would consent for the leaver (T27)."""
    leaver = world.leaver(personal_email="zofia@mail.acme.example")

    world.round()

    assert "company_address" == world.invitation(leaver)["no_contact_reason"]
    assert [] == world.mails


# --- death ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("delivered", [True, False])
def test_nothing_that_was_queued_reaches_the_family(world: World, *, delivered: bool) -> None:
    """Not even the confirmation or the goodbye that was about to leave (T27)."""
    leaver = world.member()
    if delivered:
        world.deliver()
    sent = len(world.mails)
    world.roster.set(leaver, verdict="never_contact")

    for _ in range(3):
        world.round()
        world.later(days=8)

    assert "revoked" == world.invitation(leaver)["state"]
    assert sent == len(world.mails)
    assert "queued" not in {row["state"] for row in world.outbox()}


def test_a_goodbye_that_waits_does_not_outlive_its_reader(world: World) -> None:
    """They left on Monday and died on Tuesday; on Wednesday no mail of ours comes (T27)."""
    leaver = world.member()
    world.deliver()
    sent = len(world.mails)
    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "leave")
    world.roster.set(leaver, verdict="never_contact")

    world.round()

    assert sent == len(world.mails)
    assert ("dropped", "never_contact") == (
        world.outbox(kind="goodbye")[-1]["state"],
        world.outbox(kind="goodbye")[-1]["reason"],
    )


# --- asked later ----------------------------------------------------------------------------------


def test_asked_later_is_asked_once_more_and_never_again(any_world: World) -> None:
    """A promise to come back is one mail, and silence after it is a no."""
    leaver = any_world.invited()
    any_world.answer(leaver, Answer.LATER)
    for _ in range(130):
        any_world.later(days=1)
        any_world.round()

    assert ["invitation", "reminder"] == kinds(any_world)
    assert "You asked us to come back" in any_world.mails[-1].subject
    assert "expired" == any_world.invitation(leaver)["state"]


def test_a_reminder_that_was_dropped_does_not_cost_the_promise(world: World) -> None:
    """A weekend held the reminder, then they said later: the mail of later must still leave."""
    leaver = world.invited()
    world.later(days=11)  # a Saturday: the reminder of day 7 is queued and waits
    world.round()
    assert ["queued"] == [row["state"] for row in world.outbox(kind="reminder")]
    assert isinstance(world.answer(leaver, Answer.LATER), Decided)

    for _ in range(64):
        world.later(days=1)
        world.round()

    assert 2 == len(world.mails)
    assert "invited" == world.invitation(leaver)["state"]


def test_an_undone_exit_that_is_no_rehire_says_nothing(world: World) -> None:
    """Whoever never left would wonder what they are welcomed back to (T27)."""
    leaver = world.member()
    world.deliver()
    world.roster.set(leaver, record_status="rescinded")

    assert 1 == react(world.d, RUN).revoked
    world.deliver()

    assert ["invitation", "confirmation"] == kinds(world)
