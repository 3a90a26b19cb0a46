"""The lifecycle of a consent: who may move it, when, and what silence does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import (
    SUBJECT_EVENTS,
    Effect,
    Event,
    NotTaken,
    Position,
    Step,
    months_later,
    step,
)
from alumni_sync.domain import LIVE_STATES, ConsentState

S = ConsentState
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
EXIT = datetime(2026, 10, 15, 22, tzinfo=UTC)
TIMERS = Timers()
ANSWERS = (Event.SAID_YES, Event.SAID_NO, Event.SAID_LATER, Event.SAID_NOT_ME)


def at(state: ConsentState, **changed: object) -> Position:
    """Return a position after the exit."""
    return replace(Position(state, exit_end=EXIT), **changed)  # type: ignore[arg-type]  # any field


def go(position: Position, event: Event, now: datetime = NOW) -> Step:
    """Take a step under the product's own timers."""
    return step(position, event, now, TIMERS)


def asked_once() -> Position:
    """Return somebody who got the invitation at `NOW`."""
    return go(at(S.NOT_ASKED), Event.ASKED).position


@st.composite
def positions(draw: st.DrawFn) -> Position:
    """Draw any position, also impossible ones."""
    moment = st.none() | st.integers(-90, 900).map(lambda days: NOW + timedelta(days=days))
    return Position(
        state=draw(st.sampled_from(S)),
        asked=draw(st.integers(0, 5)),
        asked_at=draw(moment),
        next_at=draw(moment),
        closes_at=draw(moment),
        valid_until=draw(moment),
        deferred=draw(st.booleans()),
        exit_end=draw(moment),
        round=draw(st.integers(1, 3)),
        renewals=draw(st.integers(0, 2)),
        paused_until=draw(moment),
        paused_from=draw(st.none() | st.sampled_from(sorted(LIVE_STATES))),
        suspended=draw(st.booleans()),
        pending_until=draw(moment),
        key=draw(st.sampled_from(["", "I-1", "I-2"])),
    )


# --- what holds everywhere ------------------------------------------------------------------------


@given(position=positions(), event=st.sampled_from(Event))
def test_every_position_and_event_has_an_answer(position: Position, event: Event) -> None:
    """A state that nobody thought of must not stop the daily round."""
    moved = go(position, event)

    assert moved.taken == (moved.not_taken is None)
    if not moved.taken:
        assert position == moved.position
        assert not moved.effects


@given(position=positions(), event=st.sampled_from(Event))
def test_only_the_subject_opens_a_consent(position: Position, event: Event) -> None:
    """Nobody may become a member without having said so (T47)."""
    moved = go(position, event)

    if moved.position.state in LIVE_STATES and position.state not in LIVE_STATES:
        came_back = position.state is S.PAUSED
        assert came_back or event in {Event.SAID_YES, Event.ADDRESS_PROVEN}


@given(position=positions(), event=st.sampled_from(ANSWERS))
def test_nothing_said_before_the_exit_counts(position: Position, event: Event) -> None:
    """What somebody agrees to while still employed is not freely given."""
    early = replace(position, exit_end=NOW + timedelta(seconds=1))

    moved = go(early, event)
    assert moved.position.state not in LIVE_STATES or moved.position == early


@given(position=positions(), event=st.sampled_from(Event))
def test_a_closed_gate_and_a_live_state_never_go_together(position: Position, event: Event) -> None:
    """A gate left open behind a withdrawal would keep somebody in the community."""
    moved = go(position, event)

    if Effect.CLOSE_GATE in moved.effects:
        assert moved.position.state not in LIVE_STATES
    if Effect.OPEN_GATE in moved.effects:
        assert moved.position.state in LIVE_STATES
        assert moved.position.valid_until is not None


@given(position=positions(), event=st.sampled_from(Event))
def test_leaving_the_live_states_always_closes_the_gate(position: Position, event: Event) -> None:
    """Whatever ends a consent must also take the person off the platform."""
    moved = go(position, event)

    if position.state in LIVE_STATES and moved.position.state not in LIVE_STATES:
        assert Effect.CLOSE_GATE in moved.effects


@given(position=positions(), event=st.sampled_from(Event))
def test_an_answer_is_final_for_this_spell(position: Position, event: Event) -> None:
    """Who refused, withdrew or objected must not be asked again but at their own request (T27)."""
    for state in (S.REFUSED, S.WITHDRAWN, S.INVALIDATED):
        after = go(replace(position, state=state), event).position.state
        assert after in {state, S.OBJECTED, S.ERASED} or event is Event.ASKED_BACK
    objected = go(replace(position, state=S.OBJECTED), event).position.state
    assert objected in {S.OBJECTED, S.ERASED} or event is Event.OBJECTION_LIFTED
    assert go(replace(position, state=S.ERASED), event).position.state is S.ERASED


@given(position=positions(), event=st.sampled_from(Event))
def test_never_more_than_three_asking_mails(position: Position, event: Event) -> None:
    """Three mails are a question; four are pressure."""
    moved = go(position, event)

    if event is Event.ASKED and moved.taken:
        assert moved.position.asked <= max(3, position.asked)
        assert moved.position.renewals <= max(2, position.renewals)
    if Effect.REMIND in moved.effects and position.state is not S.DEFERRED:
        assert moved.position.asked < 3


# --- asking ---------------------------------------------------------------------------------------


def test_the_first_mail_starts_the_clock() -> None:
    """Reminder on day 7, close at the end of day 30."""
    invited = asked_once()

    assert (S.INVITED, 1, NOW) == (invited.state, invited.asked, invited.asked_at)
    assert NOW + timedelta(days=7) == invited.next_at
    assert datetime(2026, 12, 3, 23, 59, 59, tzinfo=UTC) == invited.closes_at


def test_reminders_on_day_7_and_21_and_close_on_day_30() -> None:
    """The promise of the mail: at most so many, and then never again."""
    position, seen = asked_once(), []
    for day in range(1, 40):
        moved = go(position, Event.TIMER, NOW + timedelta(days=day, minutes=1))
        position = moved.position
        if Effect.REMIND in moved.effects:
            seen.append(day)
            position = go(position, Event.ASKED, NOW + timedelta(days=day, minutes=2)).position
        if position.state is S.EXPIRED:
            seen.append(-day)
            break

    assert [7, 21, -31] == seen
    assert 3 == position.asked


def test_a_daemon_that_was_down_catches_up_with_one_mail() -> None:
    """Two reminders on one morning would be rude."""
    moved = go(asked_once(), Event.TIMER, NOW + timedelta(days=25))

    assert frozenset({Effect.REMIND}) == moved.effects
    assert moved.position.next_at == moved.position.closes_at


def test_a_mail_that_was_certainly_not_sent_does_not_count() -> None:
    """A server that is down must not use up somebody's invitation."""
    back = go(asked_once(), Event.NOT_HANDED_OVER).position

    assert at(S.NOT_ASKED) == back
    assert not go(back, Event.NOT_HANDED_OVER).taken
    twice = replace(asked_once(), asked=2)
    assert (S.INVITED, 1) == (
        go(twice, Event.NOT_HANDED_OVER).position.state,
        go(twice, Event.NOT_HANDED_OVER).position.asked,
    )


def test_a_pack_with_one_mail_only_reminds_nobody() -> None:
    """A pack may tighten."""
    timers = Timers(asking_mails=1)
    invited = step(at(S.NOT_ASKED), Event.ASKED, NOW, timers).position

    assert invited.closes_at == invited.next_at
    used_up = replace(invited, next_at=NOW)
    moved = step(used_up, Event.TIMER, NOW, timers)
    assert moved.taken
    assert not moved.effects


def test_a_reminder_after_the_close_is_left_out() -> None:
    """A pack that closes early must not remind later."""
    timers = Timers(reminder_days=(7, 21), close_days=10)
    invited = step(at(S.NOT_ASKED), Event.ASKED, NOW, timers).position
    reminded = step(invited, Event.TIMER, NOW + timedelta(days=8), timers).position

    assert reminded.closes_at == reminded.next_at


def test_out_of_reach_ends_it_and_an_undone_exit_too() -> None:
    """Neither waits for an answer any more."""
    assert S.NO_CONTACT is go(asked_once(), Event.UNREACHABLE).position.state
    assert S.REVOKED is go(asked_once(), Event.ENDED).position.state
    assert not go(at(S.REFUSED), Event.ENDED).taken


def test_what_ended_without_an_answer_can_begin_anew() -> None:
    """A rescinded exit that comes back is a new question, with mails of its own."""
    ended = replace(asked_once(), state=S.REVOKED)

    fresh = go(ended, Event.REOPENED).position

    assert at(S.NOT_ASKED, round=2) == fresh
    assert not go(at(S.REFUSED), Event.REOPENED).taken
    assert not go(at(S.INVITED), Event.REOPENED).taken


# --- answers --------------------------------------------------------------------------------------


def test_a_yes_lasts_at_most_24_months() -> None:
    """A yes from years ago says little about today."""
    moved = go(asked_once(), Event.SAID_YES)

    assert S.GIVEN is moved.position.state
    latest = datetime(2028, 11, 3, 9, tzinfo=UTC)
    assert latest - timedelta(days=59) <= (moved.position.valid_until or NOW) <= latest
    assert {Effect.OPEN_GATE, Effect.CONFIRM, Effect.USE_LINKS, Effect.DROP_MAILS} == moved.effects


@pytest.mark.parametrize(
    ("event", "state"), [(Event.SAID_NO, S.REFUSED), (Event.SAID_NOT_ME, S.INVALIDATED)]
)
def test_a_no_ends_it_within_a_day(event: Event, state: ConsentState) -> None:
    """What was prepared for asking has no purpose any more."""
    moved = go(asked_once(), event)

    assert state is moved.position.state
    assert timedelta(hours=24) == moved.purge_after
    not_me = event is Event.SAID_NOT_ME
    assert (Effect.SUPPRESS in moved.effects) == (Effect.ALERT in moved.effects) == not_me


def test_later_asks_once_more_and_only_once() -> None:
    """To ask later is a promise to ask once, not a subscription."""
    deferred = go(asked_once(), Event.SAID_LATER).position
    too_early = go(deferred, Event.TIMER, NOW + timedelta(days=59))
    again = go(deferred, Event.TIMER, NOW + timedelta(days=60))

    assert S.DEFERRED is deferred.state
    assert NotTaken.NOT_DUE is too_early.not_taken
    assert (S.INVITED, {Effect.REMIND}) == (again.position.state, set(again.effects))
    mailed = go(again.position, Event.ASKED, NOW + timedelta(days=60)).position
    assert 2 == mailed.asked
    assert mailed.closes_at == mailed.next_at
    assert NotTaken.ONLY_ONCE is go(mailed, Event.SAID_LATER, NOW).not_taken


def test_later_is_not_offered_when_no_mail_is_left() -> None:
    """We could not keep the promise."""
    assert NotTaken.ONLY_ONCE is go(replace(asked_once(), asked=3), Event.SAID_LATER).not_taken


def test_who_deferred_may_still_answer() -> None:
    """Changing one's mind earlier must not be refused."""
    deferred = go(asked_once(), Event.SAID_LATER).position

    assert S.GIVEN is go(deferred, Event.SAID_YES).position.state


def test_an_answer_after_the_close_is_too_late_even_if_no_timer_ran() -> None:
    """Silence was a no from that moment on; the daemon may have been down."""
    late = go(asked_once(), Event.SAID_YES, NOW + timedelta(days=31))

    assert NotTaken.CLOSED is late.not_taken


@pytest.mark.parametrize("exit_end", [None, NOW + timedelta(minutes=1)])
def test_an_answer_before_the_exit_says_why_it_does_not_count(exit_end: datetime | None) -> None:
    """The page must be able to say that it is too early."""
    early = replace(asked_once(), exit_end=exit_end)

    assert NotTaken.BEFORE_EXIT is go(early, Event.SAID_YES).not_taken


# --- another address ------------------------------------------------------------------------------


def test_a_yes_with_another_address_waits_for_its_proof() -> None:
    """Whoever mistypes an address would hand a stranger the membership."""
    pending = go(asked_once(), Event.ADDRESS_ASKED)
    proven = go(pending.position, Event.ADDRESS_PROVEN, NOW + timedelta(hours=47))

    assert S.ADDRESS_PENDING is pending.position.state
    assert {Effect.VERIFY_ADDRESS, Effect.DROP_MAILS} == pending.effects
    assert NOW + timedelta(hours=48) == pending.position.next_at == pending.position.pending_until
    assert S.GIVEN is proven.position.state
    assert proven.position.pending_until is None
    assert Effect.OPEN_GATE in proven.effects


def test_an_address_that_is_not_proven_in_time_leaves_the_question_open() -> None:
    """The time to answer runs on: naming an address must not be a way to be asked for longer."""
    invited = asked_once()
    pending = go(invited, Event.ADDRESS_ASKED, NOW + timedelta(days=1)).position
    late = NOW + timedelta(days=3)

    assert NotTaken.CLOSED is go(pending, Event.ADDRESS_PROVEN, late).not_taken
    assert invited == go(pending, Event.TIMER, late).position
    assert NotTaken.STATE is go(invited, Event.ADDRESS_PROVEN).not_taken


def test_a_proof_after_the_close_of_what_was_named_before_it_counts() -> None:
    """The yes was said in time."""
    last_day = NOW + timedelta(days=30)
    pending = go(asked_once(), Event.ADDRESS_ASKED, last_day).position

    assert S.GIVEN is go(pending, Event.ADDRESS_PROVEN, last_day + timedelta(days=1)).position.state
    assert S.EXPIRED is go(pending, Event.TIMER, last_day + timedelta(days=2)).position.state


def test_an_address_named_in_a_deferral_and_not_proven_still_gets_its_mail() -> None:
    """We promised to ask once more."""
    deferred = go(asked_once(), Event.SAID_LATER).position
    pending = go(deferred, Event.ADDRESS_ASKED).position

    back = go(pending, Event.TIMER, NOW + timedelta(days=2))

    assert (S.INVITED, {Effect.REMIND}) == (back.position.state, set(back.effects))


def test_nobody_is_reminded_while_a_proof_is_awaited() -> None:
    """A mail that says that we do not know what somebody wants would be wrong."""
    pending = go(asked_once(), Event.ADDRESS_ASKED).position

    assert not go(pending, Event.ASKED).taken
    assert S.GIVEN is go(pending, Event.SAID_YES).position.state
    assert S.REFUSED is go(pending, Event.SAID_NO).position.state


# --- ends ----------------------------------------------------------------------------------------


def test_a_timer_for_a_finished_consent_does_nothing() -> None:
    """A left-over date must not revive anything."""
    assert not go(at(S.REFUSED, next_at=NOW), Event.TIMER).taken


def test_who_ended_it_may_ask_to_be_asked() -> None:
    """A no is for good for us, not for the person; an objection only they can take back (T27)."""
    for state in (S.REFUSED, S.WITHDRAWN, S.EXPIRED, S.NO_CONTACT, S.INVALIDATED):
        moved = go(at(state, asked=3, deferred=True, renewals=2), Event.ASKED_BACK)
        assert (at(S.NOT_ASKED, round=2), {Effect.ASK}) == (moved.position, set(moved.effects))
    assert not go(at(S.OBJECTED), Event.ASKED_BACK).taken
    assert not go(at(S.REVOKED), Event.ASKED_BACK).taken
    lifted = go(at(S.OBJECTED), Event.OBJECTION_LIFTED)
    assert at(S.NOT_ASKED, round=2) == lifted.position
    assert {Effect.ASK, Effect.LIFT_SUPPRESSION} == lifted.effects
    assert not go(at(S.REFUSED), Event.OBJECTION_LIFTED).taken


def test_erasing_ends_everything_once() -> None:
    """After erasure nothing is left to happen."""
    for state in S:
        moved = go(at(state), Event.ERASED)
        assert S.ERASED is moved.position.state
        assert moved.taken == (state is not S.ERASED)


def test_months_end_with_the_month() -> None:
    """The 31st plus one month is the 28th, not the 3rd of the month after."""
    january = datetime(2027, 1, 31, 9, tzinfo=UTC)

    assert datetime(2027, 2, 28, 9, tzinfo=UTC) == months_later(january, 1)
    assert datetime(2029, 1, 31, 9, tzinfo=UTC) == months_later(january, 24)


def test_what_the_subject_does_is_known_as_such() -> None:
    """Every event that may open or narrow a consent is the subject's, and no other."""
    not_theirs = {
        Event.ASKED, Event.NOT_HANDED_OVER, Event.UNREACHABLE, Event.TIMER, Event.NOTICE_CHANGED,
        Event.SUSPENDED, Event.RESUMED, Event.REHIRED, Event.ENDED, Event.ERASED, Event.REOPENED,
    }  # fmt: skip

    assert set(Event) - not_theirs == set(SUBJECT_EVENTS)
