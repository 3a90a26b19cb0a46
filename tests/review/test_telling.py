"""Who is told that cases wait: when, of which, once, and with nobody's name in the mail."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from alumni_sync.clock import FixedClock
from alumni_sync.errors import AuthRejected, Unavailable
from alumni_sync.ledger.leases import hold
from alumni_sync.ledger.pauses import Outlet, pause, resume
from alumni_sync.ledger.queue_tables import QueueMail
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from alumni_sync.ports import Fate, SendResult
from alumni_sync.review.telling.digests import LISTED
from alumni_sync.review.telling.mails import LEASE, MOST_ATTEMPTS, Told, tell_deciders
from alumni_sync.review.telling.untold import untold
from tests.review.queue_of import PEOPLE, Desk

HALF = datetime(2026, 11, 6, 11, tzinfo=UTC)
"""Noon of the third working day after Tuesday, 3 November, in Warsaw."""
DUE = datetime(2026, 11, 10, 23, tzinfo=UTC)
REVIEWERS = {"rev@acme.example", "r2@acme.example", "both@acme.example"}
SECONDS = {"sec@acme.example", "both@acme.example"}


@pytest.fixture
def office(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Desk:
    """Return a queue on either database, whose mails stay in memory."""
    return Desk.mailing(tmp_path, ledger, clock)


@pytest.fixture
def here(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Desk:
    """Return the same on SQLite, for tests that are not about the database."""
    return Desk.mailing(tmp_path, sqlite_ledger, clock)


def told(desk: Desk) -> set[str]:
    """Return to whom mails went since the last look."""
    found = {mail.to for mail in desk.post.sent}
    desk.post.sent.clear()
    return found


def states(desk: Desk) -> list[str]:
    """Return the states of all mails about waiting cases."""
    table = t(QueueMail)
    with desk.d.ledger.read() as connection:
        return list(connection.execute(select(table.c.state).order_by(table.c.id)).scalars())


def test_q7_reminded_at_half_escalated_at_due_and_never_twice(
    office: Desk, clock: FixedClock
) -> None:
    """An overdue case that nobody hears of is worked on by nobody; a daily mail is read by nobody.

    And no answer never lets anybody in.
    """
    leaver = office.roster.add(exit_kind="performance")
    office.round()
    clock.set(HALF - timedelta(seconds=1))
    assert (Told(), set()) == (tell_deciders(office.d), told(office))

    clock.set(HALF)
    assert (Told(sent=3), REVIEWERS) == (tell_deciders(office.d), told(office))
    assert (Told(), set()) == (tell_deciders(office.d), told(office))

    clock.set(DUE - timedelta(seconds=1))
    assert Told() == tell_deciders(office.d)
    clock.set(DUE)
    assert Told(sent=4) == tell_deciders(office.d)
    assert REVIEWERS | SECONDS == told(office)

    clock.advance(timedelta(days=30))
    assert Told() == tell_deciders(office.d)
    assert "open" == office.case(leaver).status


def test_a_case_for_two_is_brought_to_the_second(office: Desk, clock: FixedClock) -> None:
    """Whoever ruled first has done what they can; only the other may go on."""
    leaver = office.roster.add(exit_kind="misconduct")
    office.round()
    office.rule(leaver, "admit", "both")

    clock.set(HALF)
    tell_deciders(office.d)

    (mail,) = office.post.sent
    assert ("sec@acme.example", True) == (mail.to, "waits for a second person" in mail.text)


def test_one_mail_a_person_however_many_cases(here: Desk, clock: FixedClock) -> None:
    """Four hundred mails are a filter rule by noon."""
    for _ in range(LISTED + 5):
        here.roster.add(exit_kind="performance")
    german = here.roster.add("acme-de", exit_kind="performance")
    here.round()
    clock.set(HALF)

    assert Told(sent=3) == tell_deciders(here.d)

    mails = {mail.to: mail for mail in here.post.sent}
    assert LISTED == mails["rev@acme.example"].text.count("/case/EX-")
    assert "And 5 more: open the queue" in mails["rev@acme.example"].text
    assert "And 6 more" in mails["both@acme.example"].text
    assert here.number(german) not in mails["rev@acme.example"].text
    assert mails["rev@acme.example"].subject == ("Acme alumni: 25 cases waiting, due by 2026-11-10")


def test_a_mail_says_what_to_do_and_names_nobody(here: Desk, clock: FixedClock) -> None:
    """Mailboxes are forwarded, searched and kept for years."""
    leaver = here.roster.add(exit_kind="misconduct")
    here.round()
    clock.set(HALF)
    tell_deciders(here.d)

    mail, number = here.post.sent[0], here.number(leaver)
    link = f"{here.d.settings.desk.url}/case/{number}"
    for part in (mail.text, mail.html):
        assert [] == [
            word for word in (number, link, "conduct-exit", "2026-11-10") if word not in part
        ]
        facts = ("Zofia", "Jaworowska", "misconduct", "Warszawa", leaver.number, "K01")
        assert [] == [fact for fact in facts if fact in part]
    assert "auto-generated" == mail.headers["Auto-Submitted"]
    assert "http" not in mail.html.replace(here.d.settings.desk.url, "")


def test_what_was_ruled_on_meanwhile_is_not_asked_for(here: Desk, clock: FixedClock) -> None:
    """A reminder of something done teaches people to ignore reminders."""
    leaver = here.roster.add(exit_kind="performance")
    here.round()
    clock.set(HALF)
    here.post.fates = [Unavailable("smtp", "send", "down")] * 3
    assert Told(failed=3) == tell_deciders(here.d)
    here.rule(leaver, "uphold")

    clock.advance(timedelta(hours=1))

    assert (Told(dropped=3), set()) == (tell_deciders(here.d), told(here))


def test_a_reopened_case_is_reminded_of_anew(office: Desk, clock: FixedClock) -> None:
    """It is new work, with five new days."""
    leaver = office.roster.add(exit_kind="performance")
    office.round()
    clock.set(HALF)
    tell_deciders(office.d)
    office.rule(leaver, "admit")
    office.roster.change(leaver, exit_kind="unknown")
    office.round("R-2")
    told(office)
    assert Told() == tell_deciders(office.d)

    clock.set(office.case(leaver).remind_at)

    assert (Told(sent=3), REVIEWERS) == (tell_deciders(office.d), told(office))


def test_what_came_late_is_escalated_and_not_reminded_of(here: Desk, clock: FixedClock) -> None:
    """A daemon that was down for a week sends one mail, not two."""
    here.roster.add(exit_kind="performance")
    here.round()
    clock.set(DUE + timedelta(days=3))

    assert Told(sent=4) == tell_deciders(here.d)
    assert {"Acme alumni: 1 case overdue"} == {mail.subject for mail in here.post.sent}
    assert Told() == tell_deciders(here.d)


def test_a_mail_that_may_have_been_sent_is_not_sent_again(here: Desk, clock: FixedClock) -> None:
    """A process that died between call and confirm leaves a claim behind."""
    here.roster.add(exit_kind="performance")
    here.round()
    clock.set(HALF)
    here.post.on_send = _die
    with pytest.raises(KeyboardInterrupt):
        tell_deciders(here.d)
    here.post.on_send = lambda _: None
    assert ["unknown", "queued", "queued"] == states(here)
    table = t(QueueMail)
    with here.d.ledger.write() as connection:  # as a killed process would have left it
        connection.execute(update(table).where(table.c.state == "unknown").values(state="claimed"))

    assert Told(sent=2, unknown=1) == tell_deciders(here.d)
    assert ["unknown", "accepted", "accepted"] == states(here)
    assert Told() == tell_deciders(here.d)


def _die(_mail: object) -> None:
    raise KeyboardInterrupt


def test_a_mail_server_that_is_down_is_tried_again(here: Desk, clock: FixedClock) -> None:
    """The queue goes on meanwhile, and the mail is not given up at the first try."""
    here.roster.add(exit_kind="performance")
    here.round()
    clock.set(HALF)
    here.post.fates = [Unavailable("smtp", "send", "down")] * (3 * MOST_ATTEMPTS)

    assert Told(failed=3) == tell_deciders(here.d)
    assert Told() == tell_deciders(here.d)
    clock.advance(timedelta(minutes=15))
    assert Told(failed=3) == tell_deciders(here.d)
    for _ in range(MOST_ATTEMPTS):
        clock.advance(timedelta(hours=8))
        tell_deciders(here.d)

    reminders = states(here)[:3]
    assert ["refused"] * 3 == reminders


def test_a_mail_server_that_does_not_take_us_is_asked_once(here: Desk, clock: FixedClock) -> None:
    """A wrong password tried for each reviewer locks the account."""
    here.roster.add(exit_kind="performance")
    here.round()
    clock.set(HALF)
    here.post.fates = [AuthRejected("smtp", "send", "535")]

    assert (Told(failed=1), set()) == (tell_deciders(here.d), told(here))
    assert ["queued"] * 3 == states(here)


def test_a_mailbox_that_refuses_keeps_no_other_from_being_told(
    here: Desk, clock: FixedClock
) -> None:
    """One reviewer's typing error must not silence the others."""
    here.roster.add(exit_kind="performance")
    here.round()
    clock.set(HALF)
    here.post.fates = [SendResult(Fate.REFUSED, "550 5.1.1")]

    assert (Told(sent=2, failed=1), 2) == (tell_deciders(here.d), len(here.post.sent))


def test_the_off_switch_holds_here_too(here: Desk, clock: FixedClock) -> None:
    """Whoever pauses mail during a move of the server means every mail."""
    here.roster.add(exit_kind="performance")
    here.round()
    clock.set(HALF)
    pause(here.d.ledger, [Outlet.MAIL], by="ops", reason="move", now=clock.now())
    assert (Told(), set()) == (tell_deciders(here.d), told(here))

    resume(here.d.ledger, [Outlet.MAIL])

    assert (Told(sent=3), REVIEWERS) == (tell_deciders(here.d), told(here))


def test_two_processes_tell_once(here: Desk, clock: FixedClock) -> None:
    """The daemon's run and the worker of the sites look at the same cases."""
    here.roster.add(exit_kind="performance")
    here.round()
    clock.set(HALF)

    with hold(here.d.ledger, clock, LEASE):
        assert (Told(), set()) == (tell_deciders(here.d), told(here))
    assert Told(sent=3) == tell_deciders(here.d)


def test_q8_where_nobody_may_rule_the_case_waits_for_somebody(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A reviewer who left is no recipient, and whoever comes after them is told in their place."""
    nobody = Desk.mailing(tmp_path, sqlite_ledger, clock, people=PEOPLE[4:])
    nobody.roster.add(exit_kind="performance")
    nobody.round()
    clock.set(HALF)
    assert (Told(), set()) == (tell_deciders(nobody.d), told(nobody))

    desk = Desk.mailing(tmp_path, sqlite_ledger, clock)

    assert (Told(sent=3), REVIEWERS) == (tell_deciders(desk.d), told(desk))


def test_q1_nobody_is_sent_after_their_own_case(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """Nor after their manager's: they could not rule on it."""
    people = [
        {**PEOPLE[0], "employee": "acme-pl/77", "manager": "acme-pl/10001"},
        *PEOPLE[1:],
    ]
    desk = Desk.mailing(tmp_path, ledger, clock, people=people)
    desk.roster.add(exit_kind="performance")
    desk.round()
    clock.set(HALF)

    tell_deciders(desk.d)

    assert REVIEWERS - {"rev@acme.example"} == told(desk)


def test_who_was_not_told_is_named(here: Desk, clock: FixedClock) -> None:
    """A mail that was refused stands in a log that nobody reads: the cases wait on unheard."""
    here.roster.add(exit_kind="performance")
    here.round()
    clock.set(HALF)
    assert [] == list(untold(here.d))
    here.post.fates = [
        SendResult(Fate.REFUSED, "550"),
        Unavailable("smtp", "send", "no route"),
        SendResult(Fate.UNKNOWN, "timeout"),
    ]

    tell_deciders(here.d)

    assert [
        ("both", "was refused (550)"),
        ("rev", "could not be handed over yet (Unavailable)"),
        ("rev2", "may not have arrived (timeout)"),
    ] == [_untold(sentence) for sentence in untold(here.d)]
    clock.set(DUE)
    tell_deciders(here.d)
    assert [] == list(untold(here.d))


def _untold(sentence: str) -> tuple[str, str]:
    """Return who was not told, and what became of the mail."""
    found = re.fullmatch(
        r"the last mail to (\w+) about waiting cases, of 2026-11-06, (.*): "
        "tell them, and look at `mail` of `people:`",
        sentence,
    )
    assert found is not None
    return found[1], found[2]
