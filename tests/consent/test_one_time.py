"""One-time codes: only whoever reads the address on record now gets any further."""

import re
import threading
from datetime import timedelta

import pytest

from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.answers.decisions import withdraw
from alumni_sync.consent.links.one_time import CodeAsked, ask_code, check_code
from alumni_sync.consent.mail.delivery import MailCounts, deliver_mail
from alumni_sync.consent.transitions import suppress
from alumni_sync.errors import Unavailable
from alumni_sync.ledger.request_tables import OneTimeCode
from alumni_sync.ledger.tables import t
from tests.consent.world import BY_MAIL, RUN, World
from tests.roster import Leaver
from tests.statements import statements

DOWN = Unavailable("memory", "connect", "refused")


def ask(world: World, leaver: Leaver) -> CodeAsked:
    """Ask for a code, as a page does."""
    return ask_code(world.d, world.invitation(leaver)["id"])


def check(world: World, leaver: Leaver, code: str) -> bool:
    """Type a code in."""
    return check_code(world.d, world.invitation(leaver)["id"], code)


def mailed(world: World, leaver: Leaver) -> str:
    """Ask for a code and return the one that was mailed, digits only."""
    assert CodeAsked.COMING is ask(world, leaver)
    assert MailCounts(sent=1) == deliver_mail(world.d, RUN, asking=False)
    return code_in(world)


def code_in(world: World) -> str:
    """Return the code in the last mail."""
    (found,) = re.findall(r"^(\d{4}) (\d{4})$", world.mails[-1].text, re.MULTILINE)
    return "".join(found)


def wrong(code: str) -> str:
    """Return another code."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


@pytest.fixture
def leaver(any_world: World) -> Leaver:
    """Return a member."""
    someone = any_world.member()
    any_world.deliver()
    return someone


def test_the_code_goes_to_the_address_on_record_and_opens_once(
    any_world: World, leaver: Leaver
) -> None:
    """A code that opens twice is a password in somebody's mailbox."""
    code = mailed(any_world, leaver)

    assert "zofia@mail.example" == any_world.mails[-1].to
    assert "code" in any_world.mails[-1].subject
    assert code not in any_world.mails[-1].subject
    assert [True, False] == [check(any_world, leaver, code) for _ in range(2)]


def test_somebody_who_was_only_asked_gets_one_too(any_world: World) -> None:
    """Who never said yes has rights as well."""
    invited = any_world.invited()

    assert check(any_world, invited, mailed(any_world, invited))


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}-{1} ", "{0}\N{NO-BREAK SPACE}{1}"])
def test_a_code_may_be_typed_as_it_is_read(world: World, typed: str) -> None:
    """Spaces are for reading; nobody should have to think about them."""
    leaver = world.member()
    world.deliver()
    code = mailed(world, leaver)

    assert check(world, leaver, typed.format(code[:4], code[4:]))


@pytest.mark.parametrize("typed", ["", "0", "x" * 8, "9" * 10_000, "\ud800", "'; --", "１２"])
def test_what_is_no_code_opens_nothing(world: World, typed: str) -> None:
    """Nothing that can be posted may break the page or open it."""
    leaver = world.member()
    world.deliver()
    code = mailed(world, leaver)

    assert not check(world, leaver, typed)
    assert check(world, leaver, code)


def test_five_tries_and_it_is_over(any_world: World, leaver: Leaver) -> None:
    """With tries without end a hundred million codes are soon through."""
    code = mailed(any_world, leaver)

    tries = [check(any_world, leaver, wrong(code)) for _ in range(5)]

    assert [False] * 5 == tries
    assert not check(any_world, leaver, code)


def test_ten_minutes_and_it_is_over(any_world: World, leaver: Leaver) -> None:
    """A code in yesterday's mailbox must not open anything today."""
    code = mailed(any_world, leaver)
    any_world.later(minutes=9, seconds=59)
    other = any_world.member("jan")
    assert not check(any_world, other, code)

    any_world.later(seconds=1)

    assert not check(any_world, leaver, code)


def test_only_the_newest_code_counts(any_world: World, leaver: Leaver) -> None:
    """Two codes at once would be twice as easy to guess."""
    older = mailed(any_world, leaver)
    newer = mailed(any_world, leaver)

    assert [False, True] == [check(any_world, leaver, code) for code in (older, newer)]


def test_three_codes_an_hour_and_no_more(any_world: World, leaver: Leaver) -> None:
    """Whoever finds an old link must not fill the mailbox behind it."""
    asked = [ask(any_world, leaver) for _ in range(4)]
    any_world.later(hours=1)

    assert [CodeAsked.COMING] * 3 + [CodeAsked.TOO_MANY] == asked
    assert CodeAsked.COMING is ask(any_world, leaver)


def test_ten_at_once_are_three(any_world: World, leaver: Leaver) -> None:
    """A limit that a race gets around is none."""
    found: list[CodeAsked] = []
    threads = [
        threading.Thread(target=lambda: found.append(ask(any_world, leaver))) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (3, 7) == (found.count(CodeAsked.COMING), found.count(CodeAsked.TOO_MANY))


def test_a_race_opens_once(any_world: World, leaver: Leaver) -> None:
    """Two tabs with one code must not both get through."""
    code = mailed(any_world, leaver)
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda: found.append(check(any_world, leaver, code)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == found.count(True)


def test_the_ledger_does_not_know_the_code(world: World) -> None:
    """Whoever reads the ledger must not be able to open anybody's page."""
    leaver = world.member()
    world.deliver()
    code = mailed(world, leaver)

    stored = repr(world.everything())

    assert code not in stored
    assert f"{code[:4]} {code[4:]}" not in stored


def test_a_code_that_nobody_waits_for_is_not_sent(world: World) -> None:
    """When the mail server is back after an hour, a code would only frighten people."""
    leaver = world.member()
    world.deliver()
    assert CodeAsked.COMING is ask(world, leaver)
    world.post.fates = [DOWN]
    assert MailCounts(failed=1, waiting=0) == deliver_mail(world.d, RUN, asking=False)
    world.later(minutes=15)

    assert MailCounts(dropped=1) == deliver_mail(world.d, RUN, asking=False)
    assert "too_late" == world.outbox(kind="code")[0]["reason"]


def test_a_code_leaves_on_any_day_and_counts_against_no_cap(world: World) -> None:
    """It is sent because the person asked; that must cost nobody a reminder."""
    leaver = world.invited()
    world.later(days=4)  # a Saturday

    mailed(world, leaver)

    assert 1 == world.invitation(leaver)["asked"]


def test_where_no_address_is_left_nothing_is_promised(any_world: World, leaver: Leaver) -> None:
    """A page that says "a mail is coming" when none can come keeps people waiting."""
    any_world.d.ledger.vault.shred([leaver.person])

    assert CodeAsked.NO_ADDRESS is ask(any_world, leaver)
    assert CodeAsked.NO_ADDRESS is ask_code(any_world.d, "I-0000000000000000")
    assert not check_code(any_world.d, "I-0000000000000000", "12345678")


def test_an_address_that_is_gone_by_then_gets_no_code(world: World) -> None:
    """Between the wish and the mail everything may have been erased."""
    leaver = world.member()
    world.deliver()
    ask(world, leaver)
    withdraw(world.d, world.invitation(leaver)["id"], None, BY_MAIL, "n")
    world.d.ledger.vault.shred([leaver.person])

    world.deliver()

    assert ["no_address"] == [row["reason"] for row in world.outbox(kind="code")]


def test_who_objected_gets_no_code(world: World) -> None:
    """No mail means no mail."""
    leaver = world.invited()
    address = world.d.ledger.hashes.address("zofia@mail.example")
    ask(world, leaver)
    with world.d.ledger.write() as connection:
        suppress(connection, address, "all", "objected", world.clock.now())

    assert MailCounts(dropped=1) == deliver_mail(world.d, RUN, asking=False)


def test_a_code_says_nothing_about_the_answer(world: World) -> None:
    """After "later" there is an address and no yes: the code still comes, and changes nothing."""
    leaver = world.invited()
    world.answer(leaver, Answer.LATER)
    before = world.invitation(leaver)

    code = mailed(world, leaver)

    assert check(world, leaver, code)
    assert before == world.invitation(leaver)


def test_every_question_costs_the_same(world: World) -> None:
    """How long an answer takes must not tell whether there is a code, or a person."""
    leaver = world.member()
    world.deliver()
    code = mailed(world, leaver)
    known = world.invitation(leaver)["id"]
    asked = []
    for who, typed in ((known, wrong(code)), (known, code), (known, code), ("I-x", code)):
        with statements(world.d.ledger) as seen:
            check_code(world.d, who, typed)
        asked.append(seen)

    assert 1 == len({tuple(seen) for seen in asked})


def test_codes_are_spread_over_all_that_eight_digits_hold(world: World) -> None:
    """A code that starts with zero is a code; one of seven digits is ten times easier."""
    leaver = world.member()
    world.deliver()
    for _ in range(12):
        assert re.fullmatch(r"\d{8}", mailed(world, leaver))
        world.later(hours=3)
    with world.d.ledger.read() as connection:
        rows = connection.execute(t(OneTimeCode).select()).all()
    assert [timedelta(minutes=10)] * 12 == [row.expires_at - row.created_at for row in rows]


def test_ten_codes_a_day_and_no_more(world: World) -> None:
    """Whoever holds a link could fill its owner's mailbox, and try codes day and night."""
    leaver = world.member()
    asked = []
    for _ in range(24):
        asked.append(ask(world, leaver))
        world.later(minutes=21)

    assert 10 == asked.count(CodeAsked.COMING)
    assert CodeAsked.TOO_MANY is asked[-1]


def test_whoever_wants_no_mail_about_joining_either_is_told_that_no_code_comes(
    world: World,
) -> None:
    """They would wait at the page for a code that is never sent."""
    leaver = world.member()
    address = world.d.ledger.hashes.address("zofia@mail.example")
    with world.d.ledger.write() as connection:
        for scope in ("all", "join"):
            suppress(connection, address, scope, "not_me", world.clock.now())

    assert CodeAsked.NO_ADDRESS is ask(world, leaver)
