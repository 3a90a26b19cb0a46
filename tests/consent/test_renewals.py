"""Renewals over a real ledger: who is asked whether a yes goes on, when, and what silence does."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Decided
from alumni_sync.consent.answers.breaks import end_pause, pause
from alumni_sync.consent.answers.decisions import one_click
from alumni_sync.consent.calendars import is_working_day
from alumni_sync.consent.grants import live_grants
from alumni_sync.consent.rounds.renewals import (
    ChangeCounts,
    ask_about_changes,
    count_outdated,
    outdated_notes,
)
from alumni_sync.consent.rounds.timers import TimerCounts, react, run_timers
from alumni_sync.ledger.store import Ledger
from alumni_sync.ports import Fate, Purpose, SendResult
from tests.consent.world import BY_MAIL, RUN, World
from tests.roster import Leaver, company

DPA = {"connector": "directory", "processor": {"agreement": "DPA", "region": "eu"}}


def until(world: World, leaver: Leaver) -> datetime:
    """Return when a yes ends."""
    value: datetime = world.invitation(leaver)["valid_until"]
    return value


def wait_until(world: World, moment: datetime) -> None:
    """Let time go by."""
    world.clock.advance(moment - world.clock.now())


def working_day(world: World, moment: datetime) -> None:
    """Let time go by until a moment, and on to a day on which somebody in Poland works."""
    wait_until(world, moment)
    while not is_working_day(world.clock.now().date(), "PL"):
        world.later(days=1)


def days(world: World, number: int) -> None:
    """Let days go by, each with its round."""
    for _ in range(number):
        world.later(days=1)
        world.round()


def kinds(world: World, *, since: int = 0) -> list[str]:
    """Return the kinds of the mails that were accepted."""
    return [row["kind"] for row in world.outbox(state="accepted")][since:]


def release(world: World, version: str) -> None:
    """Release another version of the notice, as legal would: a folder of its own."""
    folder = world.root / "rules" / "notices" / "alumni-community"
    copytree(folder / "1.0.0", folder / version)
    manifest = folder / version / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8").replace("version: 1.0.0", f"version: {version}")
    manifest.write_text(text, encoding="utf-8")


# --- before the end of a yes ----------------------------------------------------------------------


def test_a_renewal_is_asked_for_twice_and_silence_ends_the_membership(any_world: World) -> None:
    """Sixty and fourteen days before the end, one mail each, and then nothing is kept of them."""
    leaver = any_world.member()
    any_world.deliver()
    end, before = until(any_world, leaver), len(any_world.mails)

    wait_until(any_world, end - timedelta(days=61))
    any_world.round()
    assert [] == any_world.mails[before:]
    days(any_world, 62)

    assert ["renewal", "renewal", "goodbye"] == kinds(any_world)[-3:]
    first, second, goodbye = any_world.mails[before:]
    assert "Would you like to stay" in first.subject
    assert "remind you at most once" in first.text
    assert "our last mail" in second.text
    assert "has ended" in goodbye.subject
    assert "you have not renewed it" in goodbye.text
    row = any_world.invitation(leaver)
    assert ("expired", False, 2) == (row["state"], row["gate_open"], row["renewals"])
    assert [] == list(live_grants(any_world.d))
    assert ["said_yes", "timer", "asked", "asked", "timer"] == any_world.history(leaver)[1:]
    assert "validity_over" == any_world.events(leaver)[-1]["body"]["reason"]


def test_a_member_who_is_asked_stays_one_and_can_renew(world: World) -> None:
    """The yes of then stands; a new one is a new one, for the full time."""
    leaver = world.member()
    old = until(world, leaver)
    working_day(world, old - timedelta(days=60))
    world.round()

    (grant,) = live_grants(world.d)
    assert "renewal_due" == grant.state
    outcome = world.answer(leaver, Answer.YES, nonce="renewal")

    assert isinstance(outcome, Decided), outcome
    row = world.invitation(leaver)
    assert ("renewed", 0) == (row["state"], row["renewals"])
    assert until(world, leaver) > old + timedelta(days=500)
    world.deliver()
    assert "confirmation" == kinds(world)[-1]
    assert f"{until(world, leaver).astimezone(UTC).year}" in world.mails[-1].text


def test_a_no_to_a_renewal_ends_it_at_once(world: World) -> None:
    """A no must not leave somebody in until the old yes runs out."""
    leaver = world.member()
    working_day(world, until(world, leaver) - timedelta(days=60))
    world.round()

    outcome = world.answer(leaver, Answer.NO, nonce="no-more")

    assert isinstance(outcome, Decided)
    assert "withdrawn" == world.invitation(leaver)["state"]
    assert [] == list(live_grants(world.d))
    decided = world.events(leaver)[-1]["body"]["decision"]
    assert {"community", "newsletter"} == {item["id"] for item in decided["purposes"]}
    assert {"withdrawn"} == {item["decision"] for item in decided["purposes"]}
    world.deliver()
    assert "goodbye" == kinds(world)[-1]
    assert "You have withdrawn your consent" in world.mails[-1].text


def test_no_renewal_mail_leaves_on_a_weekend(world: World) -> None:
    """It asks for something, like an invitation."""
    leaver = world.member()
    world.deliver()
    wait_until(world, until(world, leaver) - timedelta(days=60))
    while world.clock.now().weekday() != 5:
        world.later(days=1)
    before = len(world.mails)

    assert TimerCounts(renewals=1) == run_timers(world.d, RUN)
    world.deliver()
    assert [] == world.mails[before:]
    days(world, 2)
    assert 1 == len(world.mails[before:])


def test_a_round_that_runs_twice_asks_once(world: World) -> None:
    """Re-materialising anything must send no second mail."""
    leaver = world.member()
    working_day(world, until(world, leaver) - timedelta(days=60))
    world.round()
    before = world.everything()

    world.round()

    assert before == world.everything()


def test_one_click_in_a_renewal_stops_that_mail_only(world: World) -> None:
    """It is no objection, and no withdrawal: the yes stands until its day."""
    leaver = world.member()
    working_day(world, until(world, leaver) - timedelta(days=60))
    world.round()
    before = len(world.mails)

    assert one_click(world.d, world.token("/u/"))
    assert one_click(world.d, world.token("/u/"))

    assert "renewal_due" == world.invitation(leaver)["state"]
    assert 1 == len(list(live_grants(world.d)))
    working_day(world, until(world, leaver) - timedelta(days=14))
    world.round()
    assert [] == world.mails[before:]
    assert "suppressed" == world.outbox(kind="renewal")[-1]["reason"]


def test_a_refused_renewal_mail_ends_nothing_and_somebody_looks(world: World) -> None:
    """A dead mailbox is no withdrawal; the mail that was not sent does not count."""
    leaver = world.member()
    world.deliver()
    working_day(world, until(world, leaver) - timedelta(days=60))
    world.post.fates.append(SendResult(Fate.REFUSED, "550 5.1.1 no such mailbox"))

    counts = world.round()

    assert (1, 1) == (counts.failed, counts.dead_letters)
    row = world.invitation(leaver)
    assert ("renewal_due", 0) == (row["state"], row["renewals"])


def test_a_cohort_is_spread(world: World) -> None:
    """A launch would come back as one morning of mails two years later."""
    ends = {until(world, world.member(f"member{number}")).date() for number in range(8)}

    assert 4 < len(ends)
    assert max(ends) <= date(2028, 11, 3)


def test_a_closed_daemon_asks_and_ends_in_the_right_order(world: World) -> None:
    """Down for two years: the yes is over, and no mail asks about it."""
    leaver = world.member()
    world.deliver()
    before = len(world.mails)
    wait_until(world, until(world, leaver) + timedelta(days=3))

    world.round()

    assert "expired" == world.invitation(leaver)["state"]
    assert ["goodbye"] == kinds(world)[before:]


# --- a notice, or a recipient, that means something else ------------------------------------------


def test_a_major_version_asks_everybody_again_and_ends_the_old_yes(any_world: World) -> None:
    """T17: whoever does not answer is nobody's member a month later."""
    silent, answers = any_world.member("silent"), any_world.member("answers")
    any_world.deliver()
    before = len(any_world.mails)
    any_world.later(days=1)  # a mail a day, and they have had one
    release(any_world, "2.0.0")

    assert 2 == count_outdated(any_world.d)
    (note,) = outdated_notes(any_world.d)
    assert "asks 2 member(s) again" in note
    any_world.round()
    assert [] == outdated_notes(any_world.d)

    assert {"silent@mail.example", "answers@mail.example"} == {
        mail.to for mail in any_world.mails[before:]
    }
    assert all("Something has changed" in mail.subject for mail in any_world.mails[before:])
    for leaver in (silent, answers):
        row = any_world.invitation(leaver)
        assert "renewal_due" == row["state"]
        assert any_world.clock.now() + timedelta(days=30) == row["valid_until"]
    assert 2 == len(list(live_grants(any_world.d)))
    assert isinstance(any_world.answer(answers, Answer.YES, nonce="again"), Decided)
    assert 0 == count_outdated(any_world.d)
    days(any_world, 31)
    assert "expired" == any_world.invitation(silent)["state"]
    assert "renewed" == any_world.invitation(answers)["state"]
    (grant,) = live_grants(any_world.d)
    assert answers.spell == grant.spell_id
    assert "2.0.0" == any_world.invitation(answers)["notice_version"]


def test_a_change_is_asked_about_once(world: World) -> None:
    """A round a day must not give a new month every day, nor a mail."""
    world.member()
    release(world, "2.0.0")
    world.round()
    before = world.everything()

    assert ChangeCounts(0) == ask_about_changes(world.d, RUN)
    world.round()

    assert before == world.everything()


@pytest.mark.parametrize("version", ["1.0.1", "1.1.0"])
def test_a_clearer_text_asks_nobody_again(world: World, version: str) -> None:
    """A typo that is mended must not cost a hundred people their membership."""
    leaver = world.member()
    release(world, version)

    world.round()

    assert "given" == world.invitation(leaver)["state"]


@pytest.mark.parametrize(
    "processor",
    [
        {"agreement": "DPA with somebody else", "region": "eu"},
        {"agreement": "DPA", "region": "eea"},
        {"agreement": "DPA", "operator": "Somebody else", "region": "eu"},
    ],
)
def test_another_recipient_asks_everybody_again(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock, processor: dict[str, str]
) -> None:
    """T17: who agreed to one company holding their data has not agreed to another."""
    world = World(tmp_path, sqlite_ledger, clock, platform=DPA)
    leaver = world.member()
    changed: dict[str, Any] = {"platform": {**DPA, "processor": processor}}
    world.d.settings = company(world.root, **changed)

    world.round()

    assert "renewal_due" == world.invitation(leaver)["state"]
    assert "notice_changed" in world.history(leaver)
    assert [] == list(live_grants(world.d)), "nothing goes to whom nobody agreed to"
    assert isinstance(world.answer(leaver, Answer.YES, nonce="again"), Decided)
    assert 1 == len(list(live_grants(world.d)))


def test_other_words_for_the_same_operator_ask_nobody_again(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A typo in the settings must not hide a whole community until each has answered again."""
    named = {"agreement": "DPA of Apirl", "operator": "Example GmbH", "region": "eu"}
    world = World(tmp_path, sqlite_ledger, clock, platform={**DPA, "processor": named})
    leaver = world.member()
    mended = {**named, "agreement": "DPA of April"}
    world.d.settings = company(world.root, platform={**DPA, "processor": mended})

    world.round()

    assert "given" == world.invitation(leaver)["state"]
    assert 1 == len(list(live_grants(world.d)))


def test_a_change_in_the_middle_of_a_renewal_is_a_question_of_its_own(world: World) -> None:
    """Whoever was asked about the old text was not asked about the new one."""
    leaver = world.member()
    world.deliver()
    working_day(world, until(world, leaver) - timedelta(days=60))
    world.round()
    working_day(world, world.clock.now() + timedelta(days=7))
    before = len(world.mails)
    release(world, "2.0.0")

    world.round()

    assert ["Something has changed" in mail.subject for mail in world.mails[before:]] == [True]
    assert 1 == world.invitation(leaver)["renewals"]


# --- pauses ---------------------------------------------------------------------------------------


def test_the_persons_own_pause_ends_by_itself(any_world: World) -> None:
    """Hidden at once, back on the day they named, without a hand."""
    leaver = any_world.member()
    invitation = any_world.invitation(leaver)["id"]

    assert isinstance(pause(any_world.d, invitation, 1, BY_MAIL, "p"), Decided)
    assert [] == list(live_grants(any_world.d))
    any_world.later(days=29)
    assert TimerCounts() == run_timers(any_world.d, RUN)
    any_world.later(days=2)
    assert TimerCounts(continued=1) == run_timers(any_world.d, RUN)

    assert 1 == len(list(live_grants(any_world.d)))
    assert "pause_over" == any_world.events(leaver)[-1]["body"]["reason"]


def test_the_two_pauses_know_nothing_of_each_other(world: World) -> None:
    """A cancelled rehire must not show somebody who wanted quiet."""
    leaver = world.member()
    invitation = world.invitation(leaver)["id"]
    pause(world.d, invitation, 3, BY_MAIL, "p")
    world.roster.set(leaver, rehire_on=date(2027, 1, 15))
    react(world.d, RUN)
    row = world.invitation(leaver)
    assert ("paused", True) == (row["state"], row["suspended"])

    world.roster.set(leaver, rehire_on=None)
    react(world.d, RUN)
    assert ("paused", False) == (
        world.invitation(leaver)["state"],
        world.invitation(leaver)["suspended"],
    )
    assert 0 == react(world.d, RUN).resumed
    end_pause(world.d, invitation, BY_MAIL, "q")

    assert "given" == world.invitation(leaver)["state"]
    assert {Purpose.COMMUNITY, Purpose.NEWSLETTER} == next(live_grants(world.d)).purposes


def test_a_pause_ends_where_it_began(world: World) -> None:
    """A renewed yes must not become a first one, nor a question be forgotten."""
    leaver = world.member()
    working_day(world, until(world, leaver) - timedelta(days=60))
    world.round()
    invitation = world.invitation(leaver)["id"]
    pause(world.d, invitation, 1, BY_MAIL, "p")
    end_pause(world.d, invitation, BY_MAIL, "q")

    assert "renewal_due" == world.invitation(leaver)["state"]
    assert isinstance(world.answer(leaver, Answer.YES, nonce="y"), Decided)
    pause(world.d, invitation, 1, BY_MAIL, "p2")
    end_pause(world.d, invitation, BY_MAIL, "q2")
    assert "renewed" == world.invitation(leaver)["state"]


def test_whoever_wants_nothing_used_is_hidden_and_not_asked(world: World) -> None:
    """A restriction (Art. 18) is neither a withdrawal nor a reason to write."""
    leaver = world.member()
    waiting = world.leaver("waiting")
    for one in (leaver, waiting):
        world.roster.set_person(one, restricted_at=world.clock.now())

    world.round()

    row = world.invitation(leaver)
    assert ("paused", True, False) == (row["state"], row["suspended"], row["gate_open"])
    assert ["zofia@mail.example"] * 2 == [mail.to for mail in world.mails]
    world.roster.set_person(leaver, restricted_at=None)
    react(world.d, RUN)
    assert "given" == world.invitation(leaver)["state"]


def test_who_rests_is_asked_for_a_renewal_and_keeps_the_rest(world: World) -> None:
    """Three months of quiet must not end in being forgotten, nor a yes in being shown again."""
    leaver = world.member()
    world.deliver()
    wait_until(world, until(world, leaver) - timedelta(days=80))
    pause(world.d, world.invitation(leaver)["id"], 3, BY_MAIL, "p")
    working_day(world, until(world, leaver) - timedelta(days=60))
    world.round()

    assert "renewal" == kinds(world)[-1]
    assert world.shown(leaver).can_decide
    outcome = world.answer(leaver, Answer.YES, nonce="y")

    assert isinstance(outcome, Decided), outcome
    row = world.invitation(leaver)
    assert ("paused", "renewed", False) == (row["state"], row["paused_from"], row["gate_open"])
    world.deliver()
    assert "confirmation" == kinds(world)[-1]
    assert [] == list(live_grants(world.d))
    world.later(days=75)
    run_timers(world.d, RUN)
    assert "renewed" == next(live_grants(world.d)).state


def test_nobody_is_asked_while_nobody_could_agree(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A draft of a pack must not cost the members a month of their yes."""
    world = World(tmp_path, sqlite_ledger, clock)
    leaver = world.member()
    release(world, "2.0.0")
    pack = world.root / "rules" / "jurisdictions" / "pl.yaml"
    accepted = pack.read_text(encoding="utf-8")
    pack.write_text(accepted.replace("accepted_by: C. Counsel", 'accepted_by: ""'), "utf-8")

    world.round()
    assert "given" == world.invitation(leaver)["state"]

    pack.write_text(accepted, encoding="utf-8")
    world.round()
    assert "renewal_due" == world.invitation(leaver)["state"]
