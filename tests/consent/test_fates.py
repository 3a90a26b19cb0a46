"""What became of a mail: refused, delayed, unknown, or left behind by a crash. Never sent twice."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.mail.attempts import Claimed, Wait, site_of
from alumni_sync.consent.mail.claims import claim
from alumni_sync.consent.mail.delivery import MailCounts
from alumni_sync.consent.mail.outbox import Group, due_mails
from alumni_sync.consent.rounds.timers import run_timers
from alumni_sync.errors import AuthRejected, ConfigError, Unavailable
from alumni_sync.ledger.leases import hold
from alumni_sync.ledger.tables import DeadLetter, Invitation, t
from alumni_sync.ports import Fate, Message, SendResult
from tests.consent.world import RUN, World

DOWN = Unavailable("memory", "connect", "refused")
SATURDAY = datetime(2026, 11, 7, 9, tzinfo=UTC)


def claimed_by_a_dead_run(world: World) -> Claimed:
    """Claim the first queued mail and do nothing more, as a killed process."""
    (mail,) = [row for row in world.outbox() if row["state"] == "queued"][:1]
    taken = claim(world.d, mail, site_of(world.d, mail["source"]), RUN)  # type: ignore[arg-type]  # a mapping is enough
    assert isinstance(taken, Claimed)
    return taken


def test_a_server_that_is_down_costs_nobody_an_invitation(any_world: World) -> None:
    """The mail goes later, and the failed attempt does not count."""
    leaver = any_world.leaver()
    any_world.plan()
    any_world.post.fates = [DOWN]

    assert MailCounts(failed=1) == any_world.deliver()
    row = any_world.invitation(leaver)
    assert ("not_asked", 0, None) == (row["state"], row["asked"], row["closes_at"])
    assert MailCounts() == any_world.deliver()

    any_world.later(minutes=15)
    assert MailCounts(sent=1) == any_world.deliver()
    assert 1 == any_world.invitation(leaver)["asked"]
    assert ["asked", "not_handed_over", "asked"] == any_world.history(leaver)


def test_links_of_a_mail_that_never_left_are_dead(world: World) -> None:
    """They may stand in a log of the server that refused them."""
    tokens = []
    world.post.on_send = lambda message: tokens.append(message.text.split("/c/")[1].split()[0])
    world.post.fates = [DOWN]
    world.invited()

    assert not world.opens(tokens[0])


def test_three_failures_in_a_row_end_the_run(world: World) -> None:
    """A server that is down is not hammered with everybody's mail."""
    for number in range(6):
        world.leaver(f"person{number}")
    world.plan()
    world.post.fates = [DOWN] * 6

    assert MailCounts(failed=3, waiting=3) == world.deliver()


def test_a_mail_that_never_gets_through_becomes_a_dead_letter(world: World) -> None:
    """After a day of trying a person has to look."""
    world.post.fates = [DOWN] * 6
    leaver = world.leaver()
    world.plan()
    for _ in range(6):
        world.deliver()
        world.later(hours=9)

    with world.d.ledger.read() as connection:
        dead = connection.execute(select(t(DeadLetter))).one()
    assert ("mail", "Unavailable", 6, "open") == (
        dead.kind,
        dead.reason,
        dead.attempts,
        dead.state,
    )
    assert ["refused"] == [row["state"] for row in world.outbox()]
    assert 0 == world.invitation(leaver)["asked"]


def test_a_server_that_rejects_us_stops_the_run_and_loses_nothing(world: World) -> None:
    """A changed password must not mark anybody as unreachable."""
    leaver = world.leaver()
    world.plan()
    world.post.fates = [AuthRejected("memory", "login", "535")]

    with pytest.raises(AuthRejected):
        world.deliver()
    assert "queued" == world.outbox()[0]["state"]
    world.later(minutes=15)
    assert 1 == world.deliver().sent
    assert 1 == world.invitation(leaver)["asked"]


@pytest.mark.parametrize("reason", ["550 5.1.1", "553", "550 5.2.1"])
def test_a_dead_mailbox_ends_the_question(world: World, reason: str) -> None:
    """Writing on and on to an address that does not exist looks like spam."""
    leaver = world.leaver()
    world.plan()
    world.post.fates = [SendResult(Fate.REFUSED, reason)]

    assert MailCounts(failed=1) == world.deliver()
    row = world.invitation(leaver)
    assert ("no_contact", f"refused {reason}") == (row["state"], row["no_contact_reason"])
    world.later(days=40)
    assert MailCounts() == world.round()


@pytest.mark.parametrize("reason", ["554 5.6.0", "552", "bad-header"])
def test_a_refused_mail_is_not_a_dead_mailbox(world: World, reason: str) -> None:
    """The mail is wrong, not the person: somebody has to look at the mail."""
    leaver = world.leaver()
    world.plan()
    world.post.fates = [SendResult(Fate.REFUSED, reason)]

    assert MailCounts(failed=1, dead_letters=1) == world.deliver()
    assert "not_asked" == world.invitation(leaver)["state"]
    with world.d.ledger.read() as connection:
        assert reason == connection.execute(select(t(DeadLetter).c.reason)).scalar_one()


def test_a_refused_confirmation_is_a_dead_letter_and_no_withdrawal(world: World) -> None:
    """A full mailbox does not take back a yes."""
    leaver = world.member()
    world.post.fates = [SendResult(Fate.REFUSED, "550 5.1.1")]

    assert MailCounts(failed=1, dead_letters=1) == world.deliver()
    assert "given" == world.invitation(leaver)["state"]
    with world.d.ledger.read() as connection:
        assert 1 == len(connection.execute(select(t(DeadLetter))).all())


def test_an_unknown_fate_counts_as_sent(world: World) -> None:
    """Better one mail too few than one too many (T36)."""
    leaver = world.leaver()
    world.plan()
    world.post.fates = [SendResult(Fate.UNKNOWN, "no-answer")]

    assert MailCounts(unknown=1) == world.deliver()
    assert MailCounts() == world.round()
    row = world.invitation(leaver)
    assert ("invited", 1) == (row["state"], row["asked"])
    assert ["unknown"] == [row["state"] for row in world.outbox()]


def test_a_crash_between_claim_and_confirm_sends_no_second_mail(any_world: World) -> None:
    """Nobody knows whether it left: it counts, and the reminder will do (T36)."""
    leaver = any_world.leaver()
    any_world.plan()
    claimed_by_a_dead_run(any_world)

    assert MailCounts(unknown=1) == any_world.deliver()
    assert MailCounts() == any_world.deliver()
    assert ("unknown", "crashed") == (
        any_world.outbox()[0]["state"],
        any_world.outbox()[0]["reason"],
    )
    assert 1 == any_world.invitation(leaver)["asked"]
    any_world.later(days=7)
    assert MailCounts(sent=1) == any_world.round()
    assert 2 == any_world.invitation(leaver)["asked"]


def test_an_answer_to_a_mail_of_unknown_fate_counts(world: World) -> None:
    """The mail did arrive, whatever we think of it."""
    leaver = world.leaver()
    world.plan()
    message = claimed_by_a_dead_run(world).message
    world.deliver()

    assert world.opens(message.text.split("/c/")[1].split()[0])
    world.answer(leaver, Answer.YES)
    assert "given" == world.invitation(leaver)["state"]


def test_a_mailer_that_breaks_may_have_sent_the_mail(world: World) -> None:
    """A plugin's bug must not turn into a second mail."""
    world.leaver()
    world.plan()
    world.post.fates = [RuntimeError("zofia@mail.example")]

    with pytest.raises(RuntimeError):
        world.deliver()
    assert ("unknown", "mailer-broke") == (
        world.outbox()[0]["state"],
        world.outbox()[0]["reason"],
    )


def test_a_mail_is_claimed_by_one_only(world: World) -> None:
    """Two deliveries that read the same page must not both send."""
    world.leaver()
    world.plan()
    (mail,) = world.outbox()
    site = site_of(world.d, "acme-pl")

    first, second = (claim(world.d, mail, site, RUN) for _ in range(2))  # type: ignore[arg-type]  # a mapping is enough

    assert isinstance(first, Claimed)
    assert Wait.TAKEN is second


def test_a_second_delivery_leaves_it_to_the_first(world: World) -> None:
    """What the first has claimed would otherwise look like left by a dead one."""
    world.leaver()
    world.plan()
    with hold(world.d.ledger, world.clock, "mail:asking"):
        assert MailCounts() == world.deliver()
    assert "queued" == world.outbox()[0]["state"]


def test_who_sends_confirmations_keeps_nobody_from_asking(world: World) -> None:
    """The worker beside the site looks every few seconds; the run must not find it in its way."""
    world.leaver()
    world.plan()
    with hold(world.d.ledger, world.clock, "mail:other"):
        assert MailCounts(sent=1) == world.deliver()


def test_mails_come_in_pages_and_each_once(world: World) -> None:
    """Whatever is put off while others are sent must not come round again at once."""
    for number in range(5):
        world.leaver(f"person{number}")
    world.plan()

    seen = [mail["id"] for mail in due_mails(world.d, Group.ASKING, page=2)]

    assert [row["id"] for row in world.outbox()] == seen


def test_a_run_with_nothing_due_writes_nothing(any_world: World) -> None:
    """The daily round runs every day for years."""
    any_world.invited()
    before = any_world.everything()
    any_world.later(hours=3)

    assert MailCounts() == any_world.round()
    assert before == any_world.everything()


def test_a_sender_that_is_no_address_is_found_before_anything_is_claimed(world: World) -> None:
    """A typing mistake in the settings must not use up invitations."""
    mail = world.d.settings.mail.model_copy(update={"sender": "Acme Alumni"})
    world.d.settings = world.d.settings.model_copy(update={"mail": mail})
    world.leaver()
    world.plan()

    with pytest.raises(ConfigError, match=r"mail\.from"):
        world.deliver()
    assert "queued" == world.outbox()[0]["state"]


def test_waiting_doubles_with_every_attempt(world: World) -> None:
    """A server in trouble needs time, not more connections."""
    world.leaver()
    world.plan()
    world.post.fates = [DOWN] * 3
    due = []
    for _ in range(3):
        world.deliver()
        due.append(world.outbox()[0]["due_at"] - world.clock.now())
        world.clock.set(world.outbox()[0]["due_at"])

    assert [timedelta(minutes=minutes) for minutes in (15, 30, 60)] == due


def test_a_long_delivery_keeps_its_lease(world: World) -> None:
    """Five hundred slow mails take longer than a lease lasts."""
    for number in range(4):
        world.leaver(f"person{number}")
    world.plan()
    world.post.on_send = lambda _: world.later(seconds=25)

    assert MailCounts(sent=4) == world.deliver()


def test_an_answer_stands_even_if_the_server_then_denies_the_mail(world: World) -> None:
    """The person has read it and decided; what the server says does not matter any more."""
    leaver = world.leaver()
    world.plan()

    def read_and_answer(_: Message) -> None:
        world.answer(leaver, Answer.YES)

    world.post.on_send = read_and_answer
    world.post.fates = [DOWN]

    assert MailCounts(failed=1) == world.deliver()
    assert "given" == world.invitation(leaver)["state"]
    world.later(minutes=15)
    assert 1 == world.deliver().dropped


def test_a_reminder_that_waited_too_long_is_dropped(world: World) -> None:
    """After the close there is nothing to be reminded of."""
    world.invited()
    world.later(days=21)
    run_timers(world.d, RUN)
    world.later(days=11)

    assert MailCounts(dropped=1) == world.deliver()
    assert "closed" == world.outbox()[-1]["reason"]


def test_a_mail_about_nothing_is_dropped(world: World) -> None:
    """Its invitation was purged."""
    world.leaver()
    world.plan()
    with world.d.ledger.write() as connection:
        connection.execute(t(Invitation).delete())

    assert MailCounts(dropped=1) == world.deliver()
