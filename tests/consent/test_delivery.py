"""Mails leave at most once, under every gate at the moment of use, and survive any crash."""

from datetime import UTC, date, datetime

import pytest

from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.answers.decisions import withdraw
from alumni_sync.consent.links.secrets import LinkKind, resolve_link
from alumni_sync.consent.mail.attempts import Claimed, site_of
from alumni_sync.consent.mail.claims import claim
from alumni_sync.consent.mail.delivery import MailCounts, deliver_mail
from alumni_sync.consent.rounds.timers import run_timers
from alumni_sync.consent.transitions import suppress
from alumni_sync.errors import Unavailable
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import Pause, t
from alumni_sync.ports import Message
from tests.consent.world import BY_MAIL, RUN, World

DOWN = Unavailable("memory", "connect", "refused")
SATURDAY = datetime(2026, 11, 7, 9, tzinfo=UTC)


def claimed_by_a_dead_run(world: World) -> Claimed:
    """Claim the first queued mail and do nothing more, as a killed process."""
    (mail,) = [row for row in world.outbox() if row["state"] == "queued"][:1]
    taken = claim(world.d, mail, site_of(world.d, mail["source"]), RUN)  # type: ignore[arg-type]  # a mapping is enough
    assert isinstance(taken, Claimed)
    return taken


# --- what goes out --------------------------------------------------------------------------------


def test_an_invitation_is_complete(any_world: World) -> None:
    """To the private address, with both links, both headers, a date and an id of ours."""
    leaver = any_world.leaver()
    any_world.plan()

    assert MailCounts(sent=1) == any_world.deliver()
    (mail,), (sent,) = any_world.mails, any_world.post.sent
    assert ("zofia@mail.example", "Acme Alumni <alumni@acme.example>") == (sent.to, sent.sender)
    assert f"<{mail.link('/u/')}>" == sent.headers["List-Unsubscribe"]
    assert "List-Unsubscribe=One-Click" == sent.headers["List-Unsubscribe-Post"]
    assert "Tue, 03 Nov 2026 09:00:00 +0000" == sent.headers["Date"]
    assert mail.link("/c/").startswith("http://127.0.0.1:8400/c/")
    assert mail.link("/c/") in mail.html
    row = any_world.outbox()[0]
    assert ("accepted", sent.message_id) == (row["state"], row["message_id"])
    invitation = any_world.invitation(leaver)
    assert ("invited", 1) == (invitation["state"], invitation["asked"])


def test_links_are_known_to_the_reader_only(world: World) -> None:
    """Whoever reads the ledger must not be able to decide for people."""
    world.invited()
    tokens = [world.token("/c/"), world.token("/u/")]

    stored = repr(world.everything())

    assert [43, 43] == [len(token) for token in tokens]
    assert not any(token in stored for token in tokens)
    link = resolve_link(world.d, tokens[0])
    assert link is not None
    assert (LinkKind.DECIDE, True) == (link.kind, link.token_id in stored)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "y" * 10_000, "ż" * 43, "\0"])
def test_what_is_no_link_opens_nothing(world: World, token: str) -> None:
    """Guessing, truncating and flooding all end the same way."""
    world.invited()

    assert resolve_link(world.d, token) is None
    assert resolve_link(world.d, world.token()[:-1]) is None
    assert resolve_link(world.d, world.token().swapcase()) is None


def test_the_link_works_while_the_mail_is_still_on_its_way(world: World) -> None:
    """Some people are faster than our confirmation; and no lock may be held meanwhile."""
    leaver = world.leaver()
    seen = []

    def read_at_once(message: Message) -> None:
        token = message.text.split("/c/")[1].split()[0]
        seen.append(world.opens(token))
        world.answer(leaver, Answer.YES)

    world.post.on_send = read_at_once
    world.plan()
    world.deliver()

    assert [True] == seen
    assert "given" == world.invitation(leaver)["state"]
    assert "accepted" == world.outbox()[0]["state"]


def test_a_name_full_of_tricks_stays_a_name(world: World) -> None:
    """Names come from a system that we do not control."""
    world.invited(given_name="A\r\nBcc: x@mail.example\r\n\r\n<script>{{7*7}}")

    (sent,) = world.post.sent
    assert "\n" not in sent.subject
    assert {"Date", "List-Unsubscribe", "List-Unsubscribe-Post"} == set(sent.headers)
    assert "<script>" not in sent.html
    assert "{{7*7}}" in sent.text


# --- the question is asked at most three times ----------------------------------------------------


def test_reminders_follow_the_calendar_and_end(world: World) -> None:
    """Day 7, day 21, never again; and each reminder replaces the older link."""
    leaver = world.invited()
    first = world.token()
    days = []
    for day in range(1, 45):
        world.later(days=1)
        if world.round().sent:
            days.append(day)

    # 10 and 24 November 2026 are Tuesdays: nothing has to wait.
    assert [7, 21] == days
    assert 3 == len(world.mails)
    assert not world.opens(first)
    assert "expired" == world.invitation(leaver)["state"]
    assert "This is our last mail about it." in world.mails[2].text
    assert "This is our last mail about it." not in world.mails[1].text


def test_a_second_asking_mail_waits_a_day(world: World) -> None:
    """Two exits of one person at two sources must not become two mails on one morning."""
    first = world.leaver()
    world.roster.add(
        of=first,
        hire_date=date(2010, 1, 1),
        personal_email="zofia@mail.example",
        contact_given_at=date(2026, 10, 1),
        contact_text="x",
    )
    world.judge()

    assert MailCounts(sent=1, waiting=1) == world.round()
    world.later(hours=23)
    assert MailCounts() == world.round()
    world.later(hours=1)
    assert 1 == world.round().sent


def test_todays_number_paces_and_the_rest_goes_tomorrow(world: World) -> None:
    """A mistake in the rules must not reach everybody on one day."""
    brakes = world.d.settings.brakes
    slow = brakes.model_copy(
        update={"invitations": brakes.invitations.model_copy(update={"per_day": 2})}
    )
    world.d.settings = world.d.settings.model_copy(update={"brakes": slow})
    for number in range(5):
        world.leaver(f"person{number}")

    sent = []
    for _ in range(3):
        sent.append((world.round(), world.round()))
        world.later(days=1)

    assert [(2, 0), (2, 0), (1, 0)] == [(one.sent, two.sent) for one, two in sent]
    assert [3, 1, 0] == [one.waiting for one, _ in sent]


# --- the gates, at the moment of use --------------------------------------------------------------


def test_a_mail_that_was_due_on_friday_does_not_leave_on_saturday(world: World) -> None:
    """The daemon was down; the weekend is a weekend all the same."""
    world.leaver()
    world.plan()
    world.clock.set(SATURDAY)

    assert MailCounts(waiting=1) == world.deliver()
    world.clock.set(datetime(2026, 11, 9, 6, 59, tzinfo=UTC))
    assert MailCounts() == world.deliver()
    world.clock.set(datetime(2026, 11, 9, 7, 0, tzinfo=UTC))
    assert MailCounts(sent=1) == world.deliver()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"personal_email": "zofia@acme.example"}, "company_address"),
        ({"birth_date": date(2015, 1, 1)}, "minor"),
    ],
)
def test_what_closed_after_planning_is_found_at_the_claim(
    world: World, facts: dict[str, str], reason: str
) -> None:
    """The plan of last week is not the truth of today."""
    leaver = world.leaver()
    world.plan()
    world.roster.change(leaver, **facts)
    world.roster.set(leaver, judged_facts=None)  # the rules have seen these facts, and say the same

    assert MailCounts(dropped=1) == world.deliver()
    row = world.invitation(leaver)
    assert ("no_contact", reason) == (row["state"], row["no_contact_reason"])
    assert [] == world.post.sent
    assert ["unreachable"] == world.history(leaver)


def test_somebody_who_comes_back_is_not_reminded(world: World) -> None:
    """The invitation waits for what becomes of the new job."""
    leaver = world.invited()
    world.later(days=7)
    world.roster.set(leaver, rehire_on=date(2026, 12, 1))

    assert MailCounts(waiting=1) == world.round()
    world.later(days=2)  # the day between is a Polish holiday
    world.roster.set(leaver, rehire_on=None)
    assert MailCounts(sent=1) == world.round()


def test_whose_exit_was_undone_gets_nothing(world: World) -> None:
    """Found even if nobody has reacted to it yet."""
    leaver = world.leaver()
    world.plan()
    world.roster.change(leaver, record_status="rescinded")

    assert MailCounts(dropped=1) == world.deliver()
    assert "exit_undone" == world.outbox()[0]["reason"]


def test_a_reminder_to_somebody_who_answered_is_dropped(world: World) -> None:
    """Nothing is more annoying than being reminded of what one has done."""
    leaver = world.invited()
    world.later(days=7)
    run_timers(world.d, RUN)
    world.answer(leaver, Answer.NO)

    assert MailCounts() == world.deliver()
    assert [("accepted", ""), ("dropped", "refused")] == [
        (row["state"], row["reason"]) for row in world.outbox()
    ]


def test_a_deployment_that_broke_after_planning_lets_mails_wait(world: World) -> None:
    """Whose platform lost its contract must stop asking, and note nothing about anybody."""
    leaver = world.leaver()
    world.plan()
    pack = world.root / "rules" / "jurisdictions" / "pl.yaml"
    accepted = pack.read_text("utf-8")
    pack.write_text(accepted.replace("C. Counsel", '""'), "utf-8")

    assert MailCounts(waiting=1) == world.deliver()
    assert ("not_asked", "") == (
        world.invitation(leaver)["state"],
        world.invitation(leaver)["no_contact_reason"],
    )

    pack.write_text(accepted, "utf-8")
    world.later(hours=1)
    assert MailCounts(sent=1) == world.deliver()


def test_the_off_switch_is_asked_before_every_mail(world: World) -> None:
    """Whoever pauses in the middle of a run means it."""
    for name in ("anna", "jan", "ola"):
        world.leaver(name)
    pause = {"what": "mail", "reason": "incident", "by": "ops.nowak", "at": world.clock.now()}

    def pull_the_switch(_: Message) -> None:
        with world.d.ledger.write() as connection:
            connection.execute(t(Pause).insert(), pause)

    world.post.on_send = pull_the_switch
    world.plan()

    assert MailCounts(sent=1, waiting=2) == world.deliver()
    with world.d.ledger.write() as connection:
        connection.execute(t(Pause).delete())
    world.post.on_send = lambda _: None
    assert MailCounts(sent=2) == world.deliver()


# --- confirmations and goodbyes -------------------------------------------------------------------


def test_a_confirmation_leaves_on_a_saturday_and_does_not_wait_for_others(world: World) -> None:
    """It answers what the person just did, and warns whoever did not do it."""
    world.member()
    world.leaver("jan")
    world.plan()
    world.clock.set(SATURDAY)

    assert MailCounts(sent=1) == deliver_mail(world.d, RUN, asking=False)
    mail = world.mails[-1]
    assert "Your last job title" in mail.text
    assert "Newsletter" in mail.text
    link = resolve_link(world.d, mail.link("/p/").rpartition("/")[2])
    assert link is not None
    assert LinkKind.MANAGE is link.kind


def test_a_confirmation_of_what_is_over_is_not_sent(world: World) -> None:
    """To be told of one's membership after leaving would frighten anybody."""
    leaver = world.member()
    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "n")

    assert MailCounts(sent=1, dropped=1) == world.deliver()
    assert "You have left" in world.mails[-1].subject


def test_a_goodbye_outlives_the_profile_key(any_world: World) -> None:
    """Everything about the person may be gone before the mail server is back."""
    leaver = any_world.member()
    any_world.deliver()
    withdraw(any_world.d, any_world.invitation(leaver)["id"], None, BY_MAIL, "n")
    any_world.d.ledger.vault.shred([leaver.person], [KeyKind.PROFILE])

    assert MailCounts(sent=1) == any_world.deliver()
    assert "zofia@mail.example" == any_world.mails[-1].to
    assert [None] * 3 == [row["sealed"] for row in any_world.outbox()]


def test_a_goodbye_to_somebody_erased_is_dropped(world: World) -> None:
    """Without any key there is no address left, and that is as it should be."""
    leaver = world.member()
    world.deliver()
    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "n")
    world.d.ledger.vault.shred([leaver.person])

    assert MailCounts(dropped=1) == world.deliver()


def test_who_objected_gets_not_even_a_confirmation(world: World) -> None:
    """No mail means no mail."""
    leaver = world.member()
    address = world.d.ledger.hashes.address("zofia@mail.example")
    with world.d.ledger.write() as connection:
        suppress(connection, address, "all", "objected", world.clock.now())
    assert MailCounts(dropped=1) == world.deliver()

    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "n")
    assert MailCounts(dropped=1) == world.deliver()
