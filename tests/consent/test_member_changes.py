"""What members change: more only by a new yes, less at once, rest without leaving."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from alumni_sync.consent.answers.answer import (
    Answer,
    Channel,
    Choice,
    Conflict,
    Decided,
    Evidence,
    Invalid,
    NothingChosen,
    Outcome,
    Stale,
)
from alumni_sync.consent.answers.breaks import end_pause, pause
from alumni_sync.consent.answers.changes import say_yes_anew, wait_until
from alumni_sync.consent.answers.decisions import change_fields, decide, withdraw
from alumni_sync.consent.evidence.receipts import receipt
from alumni_sync.consent.evidence.reproduction import reproduce
from alumni_sync.consent.gates import may_process
from alumni_sync.consent.grants import live_grants
from alumni_sync.domain import ConsentState
from alumni_sync.membership.profiles import build_profile, recheck_at
from alumni_sync.ports import ProfileField, Purpose
from tests.consent.world import World
from tests.roster import Leaver

HERE = Evidence(Channel.PREFERENCES, network="192.0.2.0/24", agent="firefox")
MAY = date(2027, 5, 1)
JOBS = Purpose.JOB_OFFERS


def anew(world: World, leaver: Leaver, **changed: Any) -> Choice:  # noqa: ANN401 any field
    """Return what the form for more would send, with what is ticked in it."""
    page = world.shown(leaver)
    assert page.anew is not None
    usual = {
        "notice_sha256": page.notice_sha256,
        "form_sha256": page.anew.form_sha256,
        "version": page.version,
        "nonce": "anew",
        "name": page.full_name,
    }
    return Choice(**{"answer": Answer.YES, **usual, **changed})


def say(world: World, leaver: Leaver, choice: Choice) -> Outcome:
    """Submit the form for more."""
    return say_yes_anew(world.d, world.invitation(leaver)["id"], choice, HERE)


def wait(world: World, leaver: Leaver, day: date, nonce: str = "wait") -> Outcome:
    """Say: no job offers before that day."""
    return wait_until(world.d, world.invitation(leaver)["id"], {JOBS: day}, HERE, nonce)


def rest(world: World, leaver: Leaver, months: int = 3, nonce: str = "rest") -> Outcome:
    """Ask for a pause."""
    return pause(world.d, world.invitation(leaver)["id"], months, HERE, nonce)


def back(world: World, leaver: Leaver, nonce: str = "back") -> Outcome:
    """End it."""
    return end_pause(world.d, world.invitation(leaver)["id"], HERE, nonce)


def seeks_jobs(world: World, **changed: Any) -> Leaver:  # noqa: ANN401 any field
    """Return a member who wants job offers."""
    leaver = world.invited()
    outcome = world.answer(leaver, Answer.YES, purposes=frozenset({JOBS}), **changed)
    assert isinstance(outcome, Decided)
    return leaver


# --- more -----------------------------------------------------------------------------------------


def test_more_is_a_new_yes_with_its_own_evidence(any_world: World) -> None:
    """What was added must be shown to have been wanted: on which text, in which form."""
    leaver = any_world.member()
    any_world.later(days=40)
    choice = anew(
        any_world,
        leaver,
        name="Zofia Nowa",
        purposes=frozenset({Purpose.EVENTS}),
        fields={ProfileField.LEGAL_ENTITY: False, ProfileField.CITY: True},
    )
    ends = any_world.invitation(leaver)["valid_until"]

    outcome = say(any_world, leaver, choice)

    assert isinstance(outcome, Decided)
    assert ConsentState.RENEWED is outcome.state
    current = any_world.shown(leaver).current
    assert current is not None
    assert "Zofia Nowa" == current.name
    assert {Purpose.COMMUNITY, Purpose.NEWSLETTER, Purpose.EVENTS} == current.purposes
    shown = {name: to_members for name, (_, to_members) in current.fields.items()}
    assert {
        ProfileField.JOB_TITLE: True,
        ProfileField.CITY: True,
        ProfileField.LEGAL_ENTITY: False,
    } == shown
    assert any_world.invitation(leaver)["valid_until"] > ends
    assert outcome.seq == any_world.invitation(leaver)["grant_seq"]
    kept = reproduce(any_world.d, leaver.person, outcome.seq)
    assert () == kept.problems
    assert '"standing":' in kept.form
    assert any("events: given until" in line for line in kept.lines())
    assert kept.text


def test_a_yes_anew_that_adds_nothing_is_a_renewal(world: World) -> None:
    """Renewing must be possible at any time, and must not cost anybody a tick."""
    leaver = world.member()
    before = world.shown(leaver).current
    world.later(days=300)

    outcome = say(world, leaver, anew(world, leaver))

    assert isinstance(outcome, Decided)
    after = world.shown(leaver).current
    assert before is not None
    assert after is not None
    assert (before.purposes, before.fields) == (after.purposes, after.fields)
    assert after.valid_until - before.valid_until > timedelta(days=290)


def test_what_was_confirmed_keeps_its_value(world: World) -> None:
    """What a person confirmed is theirs: a renewal must not bring the HRIS's words back."""
    leaver = world.member()
    world.roster.change(leaver, job_title="Redundant person")
    world.judge()

    say(world, leaver, anew(world, leaver, fields={ProfileField.CITY: True}))

    current = world.shown(leaver).current
    assert current is not None
    assert "Accountant" == current.fields[ProfileField.JOB_TITLE][0]


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"answer": None}, NothingChosen()),
        ({"answer": Answer.NO}, NothingChosen()),
        ({"notice_sha256": "0" * 64}, Stale()),
        ({"form_sha256": "0" * 64}, Stale()),
        ({"version": 99}, Stale()),
        ({"name": ""}, Invalid((("name", "empty"),))),
        ({"fields": {ProfileField.PHONE: True}}, Invalid((("fields", "not_offered"),))),
        ({"fields": {ProfileField.RETIREE_BADGE: True}}, Invalid((("fields", "not_offered"),))),
        ({"not_before": {Purpose.EVENTS: MAY}}, Invalid((("not_before", "not_offered"),))),
        ({"not_before": {JOBS: date(9999, 1, 1)}}, Invalid((("not_before", "not_offered"),))),
    ],
)
def test_what_is_no_yes_to_this_page_changes_nothing(
    world: World, changed: dict[str, Any], outcome: Outcome
) -> None:
    """A stale, forged or empty form must not add a single tick."""
    leaver = world.member()
    choice = anew(world, leaver, **changed)
    before = world.everything()

    assert outcome == say(world, leaver, choice)
    assert before == world.everything()


def test_the_form_of_the_question_is_not_the_form_for_more(world: World) -> None:
    """A yes kept from the first page must not be taken for a yes to another one."""
    leaver = world.member()
    first = world.choice(leaver, Answer.YES, nonce="old page")

    assert Stale() == say(world, leaver, first)


def test_the_same_form_twice_is_one_yes_and_two_tabs_have_one_winner(any_world: World) -> None:
    """T5, T6: a reload gives the same receipt; the slower of two windows is told."""
    leaver = any_world.member()
    one = anew(any_world, leaver, purposes=frozenset({Purpose.EVENTS}), nonce="tab 1")
    other = anew(any_world, leaver, purposes=frozenset({Purpose.TRAININGS}), nonce="tab 2")
    found: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda c=c: found.append(say(any_world, leaver, c)))
        for c in (one, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    won = [outcome for outcome in found if isinstance(outcome, Decided)]
    assert (1, 1) == (len(won), found.count(Stale()))
    again = [say(any_world, leaver, c) for c in (one, other)]
    replayed = [outcome for outcome in again if isinstance(outcome, Decided)]
    assert [(won[0].receipt_id, True)] == [(o.receipt_id, o.replay) for o in replayed]
    assert 2 == any_world.history(leaver).count("said_yes")


def test_who_was_only_asked_or_left_says_nothing_anew(world: World) -> None:
    """More than nothing is the first question, not this form."""
    invited, left = world.invited(), world.member("jan")
    choice = anew(world, left)
    withdraw(world.d, world.invitation(left)["id"], None, HERE, "w")

    assert world.shown(invited).anew is None
    assert isinstance(say(world, invited, choice), Conflict)
    assert Conflict(ConsentState.WITHDRAWN) == say(world, left, choice)


# --- job offers, not before -----------------------------------------------------------------------


def test_before_the_day_the_purpose_is_closed_and_after_it_open(world: World) -> None:
    """Whoever asked for peace until May must not get a job offer in April, nor wait until June."""
    leaver = seeks_jobs(world)
    assert isinstance(wait(world, leaver, MAY), Decided)
    (grant,) = live_grants(world.d)
    eve = datetime(2027, 5, 1, 11, 59, tzinfo=UTC)  # still April at UTC-12
    day = datetime(2027, 5, 1, 12, 0, tzinfo=UTC)

    assert (False, True) == tuple(may_process(grant, JOBS, None, at) for at in (eve, day))
    profile = build_profile(grant, "A-1", eve)
    assert profile is not None
    assert JOBS not in profile.purposes
    assert day == recheck_at(grant, world.clock.now())
    assert may_process(grant, Purpose.COMMUNITY, None, eve)


def test_the_day_can_be_named_with_the_yes_and_stands_in_the_receipt(any_world: World) -> None:
    """Whoever leaves with a pause in mind should not have to come back to say it."""
    leaver = seeks_jobs(any_world, not_before={JOBS: MAY})

    found = receipt(any_world.d, any_world.invitation(leaver)["id"])

    assert found is not None
    assert {JOBS: MAY} == dict(found.not_before)
    (jobs,) = [p for p in found.jsonld["dpv:hasProcess"] if p["dct:identifier"] == "job_offers"]
    assert "2027-05-01" == jobs["dct:available"]
    told = list(reproduce(any_world.d, leaver.person, found.seq).lines())
    assert any(line.endswith(", not before 2027-05-01") for line in told)
    assert "start=2027-05-01" in jobs["dpv:hasDuration"]["dct:valid"]
    current = any_world.shown(leaver).current
    assert current is not None
    assert {JOBS: MAY} == dict(current.not_before)


def test_the_confirmation_says_the_day(world: World) -> None:
    """Whoever reads only the mail must see that what they asked for was understood."""
    seeks_jobs(world, not_before={JOBS: MAY})

    world.deliver()

    assert "- Job offers (Not before: 1 May 2027)" in world.mails[-1].text


def test_later_works_at_once_and_sooner_is_a_new_yes(world: World) -> None:
    """Less never asks for anything; more always does."""
    leaver = seeks_jobs(world, not_before={JOBS: MAY})
    sooner = date(2027, 4, 1)

    assert Invalid((("not_before", "more_than_before"),)) == wait(world, leaver, sooner)
    assert isinstance(wait(world, leaver, date(2027, 9, 1), "later"), Decided)
    outcome = say(world, leaver, anew(world, leaver, not_before={JOBS: sooner}))

    assert isinstance(outcome, Decided)
    current = world.shown(leaver).current
    assert current is not None
    assert {JOBS: sooner} == dict(current.not_before)


@pytest.mark.parametrize(
    "day", [date(2026, 11, 3), date(2026, 1, 1), date(1, 1, 1), date(2040, 1, 1)]
)
def test_a_day_that_means_nothing_is_refused(world: World, day: date) -> None:
    """Today, the past, and a day that nobody will see."""
    leaver = seeks_jobs(world)
    before = world.everything()

    assert isinstance(wait(world, leaver, day), Invalid)
    assert before == world.everything()


def test_a_day_for_what_was_never_ticked_is_refused(world: World) -> None:
    """A forged form must not leave a purpose in the record that nobody said yes to."""
    leaver = world.member()

    assert isinstance(wait(world, leaver, MAY), Invalid)


def test_a_stopped_purpose_forgets_its_day(world: World) -> None:
    """Ticked again later, it must not be closed for a reason that nobody remembers."""
    leaver = seeks_jobs(world, not_before={JOBS: MAY})
    withdraw(world.d, world.invitation(leaver)["id"], frozenset({JOBS}), HERE, "stop")

    current = world.shown(leaver).current
    assert current is not None
    assert {} == dict(current.not_before)


# --- pauses ---------------------------------------------------------------------------------------


def test_a_pause_hides_at_once_and_ends_by_itself(any_world: World) -> None:
    """Rest must not need a second visit, and must not lose what was agreed."""
    leaver = any_world.member()
    agreed = any_world.shown(leaver).current

    outcome = rest(any_world, leaver, 2)

    assert isinstance(outcome, Decided)
    assert ConsentState.PAUSED is outcome.state
    assert [] == list(live_grants(any_world.d))
    page = any_world.shown(leaver)
    assert (datetime(2027, 1, 3, 9, tzinfo=UTC), agreed) == (
        page.resting.paused_until,
        page.current,
    )
    any_world.later(days=62)
    any_world.round()
    assert ["given"] == [grant.state for grant in live_grants(any_world.d)]


def test_a_pause_ends_when_its_person_says_so(any_world: World) -> None:
    """And what was agreed goes on as it was."""
    leaver = any_world.member()
    rest(any_world, leaver)

    assert isinstance(back(any_world, leaver), Decided)

    (grant,) = live_grants(any_world.d)
    assert {Purpose.COMMUNITY, Purpose.NEWSLETTER} == grant.purposes
    assert ["said_yes", "paused", "continued"] == any_world.history(leaver)[-3:]


@pytest.mark.parametrize("months", [-1, 0, 4, 12, 10**9])
def test_a_pause_of_any_other_length_is_refused(world: World, months: int) -> None:
    """A pause without end would be a membership that nobody uses and nobody ends."""
    leaver = world.member()
    before = world.everything()

    assert Invalid((("months", "not_offered"),)) == rest(world, leaver, months)
    assert before == world.everything()


def test_a_pause_has_its_receipt(world: World) -> None:
    """Whoever asked for a rest can show until when."""
    leaver = world.member()
    outcome = rest(world, leaver, 1)
    assert isinstance(outcome, Decided)

    found = receipt(world.d, outcome.seq)

    assert found is not None
    assert (ConsentState.PAUSED, datetime(2026, 12, 3, 9, tzinfo=UTC)) == (
        found.state,
        found.paused_until,
    )
    assert "2026-12-03T09:00:00Z" == found.jsonld["paused_until"]
    told = reproduce(world.d, leaver.person, outcome.seq).lines()
    assert "    a break until 2026-12-03T09:00:00Z" in list(told)
    assert (Purpose.COMMUNITY, Purpose.NEWSLETTER) == found.purposes


def test_leaving_and_less_work_in_a_pause(world: World) -> None:
    """A pause must not hold anybody."""
    leaver, other = world.member(), world.member("jan")
    rest(world, leaver)
    rest(world, other)

    assert isinstance(withdraw(world.d, world.invitation(leaver)["id"], None, HERE, "w"), Decided)
    assert isinstance(change_fields(world.d, world.invitation(other)["id"], {}, HERE, "f"), Decided)
    assert ["withdrawn", "paused"] == [world.invitation(who)["state"] for who in (leaver, other)]
    current = world.shown(other).current
    assert current is not None
    assert {} == dict(current.fields)


def test_the_same_pause_twice_is_one(any_world: World) -> None:
    """T5: a reload must not move the end of a pause."""
    leaver = any_world.member()
    first = rest(any_world, leaver, 1)
    any_world.later(days=3)
    again = rest(any_world, leaver, 1)

    assert isinstance(first, Decided)
    assert isinstance(again, Decided)
    assert (first.receipt_id, True) == (again.receipt_id, again.replay)
    assert 1 == any_world.history(leaver).count("paused")


def test_only_members_rest(world: World) -> None:
    """Before a yes and after the end there is nothing to pause, or to continue."""
    invited, member = world.invited(), world.member("jan")

    assert isinstance(rest(world, invited), Conflict)
    assert isinstance(back(world, invited), Conflict)
    assert isinstance(back(world, member), Conflict)


def test_less_and_rest_are_no_yes_to_a_newer_notice(world: World) -> None:
    """Else a pause would make an old consent look as if it had been given on the new text."""
    leaver = world.member()
    folder = world.root / "rules/notices/alumni-community"
    manifest = (folder / "1.0.0").rename(folder / "2.0.0") / "manifest.yaml"
    (folder / "lock.yaml").unlink(missing_ok=True)
    manifest.write_text(manifest.read_text("utf-8").replace("1.0.0", "2.0.0"), "utf-8")

    rest(world, leaver)
    change_fields(world.d, world.invitation(leaver)["id"], {}, HERE, "f")

    assert "1.0.0" == world.invitation(leaver)["notice_version"]


# --- asked whether it goes on ---------------------------------------------------------------------


def about_to_end(world: World) -> Leaver:
    """Return a member whose yes ends soon, and who has been asked."""
    leaver = world.member()
    ends: datetime = world.invitation(leaver)["valid_until"]
    world.clock.set(ends - timedelta(days=30))
    world.round()
    assert "renewal_due" == world.invitation(leaver)["state"]
    return leaver


def test_a_yes_to_going_on_keeps_what_stands(any_world: World) -> None:
    """Who has to tick everything again loses half of it, and believes it was kept."""
    leaver = about_to_end(any_world)
    before = any_world.shown(leaver).current

    choice = anew(any_world, leaver, purposes=frozenset({Purpose.EVENTS}))
    outcome = decide(any_world.d, any_world.invitation(leaver)["id"], choice, HERE)

    assert isinstance(outcome, Decided)
    assert ConsentState.RENEWED is outcome.state
    after = any_world.shown(leaver).current
    assert before is not None
    assert after is not None
    assert (before.fields, before.purposes | {Purpose.EVENTS}) == (after.fields, after.purposes)


def test_a_no_to_going_on_is_kept_with_the_form_that_asked(world: World) -> None:
    """A no is evidence as well: of which words it was said to."""
    leaver = about_to_end(world)
    choice = anew(world, leaver, answer=Answer.NO)

    outcome = decide(world.d, world.invitation(leaver)["id"], choice, HERE)

    assert isinstance(outcome, Decided)
    assert ConsentState.WITHDRAWN is outcome.state
    form = reproduce(world.d, leaver.person, outcome.seq).form
    assert "No, end my membership" in form
    assert '"standing":' in form
