"""The lifecycle of a consent that was given: renewals, two kinds of pause, and every end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import Effect, Event, NotTaken, Position, Step, step
from alumni_sync.consent.lifecycle.positions import months_later, renewal_days, valid_until
from alumni_sync.domain import LIVE_STATES, ConsentState

S = ConsentState
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
EXIT = datetime(2026, 10, 15, 22, tzinfo=UTC)
TIMERS = Timers()
LATEST = datetime(2028, 11, 3, 9, tzinfo=UTC)


def go(position: Position, event: Event, now: datetime = NOW, **words: datetime) -> Step:
    """Take a step under the product's own timers."""
    return step(position, event, now, TIMERS, **words)


def given_yes(key: str = "I-1") -> Position:
    """Return a member who said yes at `NOW`."""
    invited = go(Position(S.NOT_ASKED, exit_end=EXIT, key=key), Event.ASKED).position
    return go(invited, Event.SAID_YES).position


def end_of(position: Position) -> datetime:
    """Return the end of a yes."""
    assert position.valid_until is not None
    return position.valid_until


def due() -> Position:
    """Return a member who is asked for a renewal."""
    member = given_yes()
    return go(member, Event.TIMER, end_of(member) - timedelta(days=60)).position


# --- leaving --------------------------------------------------------------------------------------


def test_a_withdrawal_closes_the_gate_and_says_goodbye() -> None:
    """Leaving is as easy as joining, and is confirmed."""
    moved = go(given_yes(), Event.WITHDREW)

    assert S.WITHDRAWN is moved.position.state
    assert {Effect.CLOSE_GATE, Effect.GOODBYE} <= moved.effects
    assert timedelta(hours=24) == moved.purge_after
    assert not go(moved.position, Event.WITHDREW).taken


def test_narrowing_keeps_the_rest() -> None:
    """Taking back one thing must not take back everything."""
    moved = go(given_yes(), Event.NARROWED)

    assert given_yes() == moved.position
    assert {Effect.CONFIRM} == moved.effects


@pytest.mark.parametrize("pause", [Event.PAUSED, Event.SUSPENDED])
@pytest.mark.parametrize(
    ("event", "state"),
    [
        (Event.WITHDREW, S.WITHDRAWN),
        (Event.OBJECTED, S.OBJECTED),
        (Event.SAID_NOT_ME, S.INVALIDATED),
        (Event.REHIRED, S.REVOKED),
        (Event.ENDED, S.REVOKED),
        (Event.ERASED, S.ERASED),
    ],
)
def test_a_pause_is_no_trap(pause: Event, event: Event, state: ConsentState) -> None:
    """Whatever ends a consent ends a paused one too, and leaves nothing of the pause."""
    after = go(go(given_yes(), pause).position, event).position

    assert state is after.state
    assert (None, None, False, None) == (
        after.paused_until,
        after.paused_from,
        after.suspended,
        after.next_at,
    )


def test_a_begun_rehire_ends_the_consent_and_says_so() -> None:
    """An employee is not an alumnus; to vanish without a word would be rude."""
    moved = go(given_yes(), Event.REHIRED)

    assert (S.REVOKED, True) == (moved.position.state, Effect.WELCOME_BACK in moved.effects)
    assert Effect.WELCOME_BACK not in go(given_yes(), Event.ENDED).effects


def test_whoever_reads_a_members_mail_and_is_not_them_ends_it() -> None:
    """The mailbox is somebody else's now: nothing of the person may be seen through it."""
    moved = go(due(), Event.SAID_NOT_ME)

    assert S.INVALIDATED is moved.position.state
    wanted = {Effect.CLOSE_GATE, Effect.END_LINKS, Effect.SUPPRESS, Effect.ALERT}
    assert wanted <= moved.effects
    assert Effect.GOODBYE not in moved.effects


# --- renewal --------------------------------------------------------------------------------------


@given(key=st.text(), months=st.integers(1, 24), now=st.datetimes(timezones=st.just(UTC)))
def test_a_yes_never_lasts_longer_than_promised(key: str, months: int, now: datetime) -> None:
    """The notice says at most so many months."""
    if now.year > 9990:
        return
    until = valid_until(key, now, Timers(validity_months=months))

    assert now < until <= months_later(now, months)
    assert months_later(now, months) - until < timedelta(days=60)


def test_a_launch_cohort_does_not_expire_on_one_day() -> None:
    """A thousand renewals in one morning would be a thousand mails, and a thousand ends."""
    days = [valid_until(f"I-{number}", NOW, TIMERS).date() for number in range(600)]

    assert 60 == len(set(days))
    assert max(map(days.count, set(days))) < 30
    assert valid_until("I-7", NOW, TIMERS) == valid_until("I-7", NOW, TIMERS)


def test_a_renewal_is_asked_for_60_and_14_days_before_the_end() -> None:
    """Twice, and then the yes ends by itself."""
    position, mails = given_yes(), []
    end = end_of(position)
    for days in range(70, -1, -1):
        now = end - timedelta(days=days)
        moved = go(position, Event.TIMER, now)
        position = moved.position
        if Effect.ASK_RENEWAL in moved.effects:
            mails.append(days)
            assert position.state is S.RENEWAL_DUE
            position = go(position, Event.ASKED, now).position

    assert [60, 14] == mails
    assert (S.EXPIRED, 2) == (position.state, position.renewals)
    assert not go(replace(due(), renewals=2), Event.ASKED).taken


def test_who_is_asked_for_a_renewal_stays_a_member_until_the_end() -> None:
    """The yes of then still stands; only silence ends it, and only on its day."""
    moved = go(due(), Event.TIMER, end_of(due()) - timedelta(days=14))

    assert S.RENEWAL_DUE is moved.position.state
    assert Effect.CLOSE_GATE not in moved.effects
    late = go(moved.position, Event.TIMER, end_of(due()))
    assert (S.EXPIRED, True) == (late.position.state, Effect.CLOSE_GATE in late.effects)
    assert timedelta(hours=24) == late.purge_after


def test_a_daemon_that_was_down_asks_once_and_not_twice() -> None:
    """Two mails within a week, after silence of years, would be our fault and not theirs."""
    member = given_yes()
    moved = go(member, Event.TIMER, end_of(member) - timedelta(days=16))

    assert {Effect.ASK_RENEWAL} == moved.effects
    assert end_of(member) == moved.position.next_at


def test_a_short_validity_is_not_spent_on_asking() -> None:
    """A pack with three months must not ask on the first day."""
    assert [60, 14] == renewal_days(TIMERS)
    assert [30, 14] == renewal_days(Timers(validity_months=3))
    assert [10] == renewal_days(Timers(validity_months=1))


def test_a_renewal_is_a_new_yes() -> None:
    """Whoever says yes again gets the full time again."""
    now = end_of(due()) - timedelta(days=40)
    moved = go(replace(due(), renewals=1), Event.SAID_YES, now)

    assert (S.RENEWED, 0) == (moved.position.state, moved.position.renewals)
    assert valid_until("I-1", now, TIMERS) == moved.position.valid_until
    assert {Effect.USE_LINKS, Effect.DROP_MAILS, Effect.CONFIRM, Effect.OPEN_GATE} == moved.effects
    again = go(moved.position, Event.TIMER, end_of(moved.position) - timedelta(days=60))
    assert (S.RENEWAL_DUE, due().round + 1) == (again.position.state, again.position.round)


def test_a_yes_can_be_renewed_any_time() -> None:
    """Who adds something in the preference centre has said yes again."""
    moved = go(given_yes(), Event.SAID_YES, NOW + timedelta(days=5))

    assert S.RENEWED is moved.position.state
    assert valid_until("I-1", NOW + timedelta(days=5), TIMERS) == moved.position.valid_until


def test_a_no_to_a_renewal_is_a_withdrawal() -> None:
    """A no must not leave somebody in for another two months."""
    moved = go(due(), Event.SAID_NO)

    assert S.WITHDRAWN is moved.position.state
    assert {Effect.CLOSE_GATE, Effect.GOODBYE} <= moved.effects
    assert not go(given_yes(), Event.SAID_NO).taken
    assert not go(due(), Event.SAID_LATER).taken


def test_a_yes_that_is_over_cannot_be_renewed() -> None:
    """Even if no timer has said so: from then on it would be a new question."""
    assert NotTaken.CLOSED is go(due(), Event.SAID_YES, end_of(due())).not_taken
    assert NotTaken.CLOSED is go(due(), Event.ASKED, end_of(due())).not_taken


def test_a_renewal_mail_that_was_not_handed_over_does_not_count() -> None:
    """A server that is down must not use up somebody's question."""
    asked = go(due(), Event.ASKED).position

    assert due() == go(asked, Event.NOT_HANDED_OVER).position
    assert not go(due(), Event.NOT_HANDED_OVER).taken
    assert not go(given_yes(), Event.NOT_HANDED_OVER).taken


def test_an_exit_that_moved_takes_no_new_yes() -> None:
    """Somebody who works here again, for now, is asked when that is over."""
    early = replace(due(), exit_end=NOW + timedelta(days=900))

    assert NotTaken.BEFORE_EXIT is go(early, Event.SAID_YES).not_taken


# --- a notice that means something else -----------------------------------------------------------


def test_a_notice_that_means_something_else_asks_everybody_again() -> None:
    """T17: after a month nobody may be processed on the text of before."""
    moved = go(given_yes(), Event.NOTICE_CHANGED)

    assert (S.RENEWAL_DUE, 0) == (moved.position.state, moved.position.renewals)
    assert NOW + timedelta(days=30) == moved.position.valid_until
    assert Effect.ASK_RENEWAL in moved.effects
    second = go(moved.position, Event.TIMER, NOW + timedelta(days=16))
    assert {Effect.ASK_RENEWAL} == second.effects
    late = go(second.position, Event.TIMER, NOW + timedelta(days=30))
    assert S.EXPIRED is late.position.state


def test_a_changed_notice_gives_nobody_more_time() -> None:
    """A yes that ends next week ends next week."""
    soon = replace(due(), valid_until=NOW + timedelta(days=5), renewals=2)
    moved = go(soon, Event.NOTICE_CHANGED)

    assert (NOW + timedelta(days=5), 0) == (moved.position.valid_until, moved.position.renewals)
    assert soon.round + 1 == moved.position.round
    assert moved.position.next_at == moved.position.valid_until


def test_a_changed_notice_reaches_who_is_paused() -> None:
    """T17: a pause must not carry an old yes over the deadline."""
    paused = go(given_yes(), Event.PAUSED).position
    moved = go(paused, Event.NOTICE_CHANGED)

    assert (S.PAUSED, S.RENEWAL_DUE) == (moved.position.state, moved.position.paused_from)
    assert Effect.ASK_RENEWAL in moved.effects
    late = go(moved.position, Event.TIMER, NOW + timedelta(days=30))
    assert S.EXPIRED is late.position.state


# --- pauses ---------------------------------------------------------------------------------------


def test_the_persons_own_pause_lasts_at_most_three_months() -> None:
    """A pause without an end would be a withdrawal that forgets to delete."""
    until = NOW + timedelta(days=20)
    longest, asked = go(given_yes(), Event.PAUSED), go(given_yes(), Event.PAUSED, until=until)

    assert datetime(2027, 2, 3, 9, tzinfo=UTC) == longest.position.paused_until
    assert until == asked.position.paused_until == asked.position.next_at
    assert {Effect.CLOSE_GATE} == asked.effects
    ever = go(given_yes(), Event.PAUSED, until=NOW + timedelta(days=999)).position
    assert longest.position == ever
    assert NotTaken.CLOSED is go(given_yes(), Event.PAUSED, until=NOW).not_taken
    tight = Timers(pause_months=1)
    assert months_later(NOW, 1) == step(given_yes(), Event.PAUSED, NOW, tight).position.paused_until


def test_a_pause_can_be_moved_and_ended_by_the_person() -> None:
    """Coming back must be as easy as going."""
    paused = go(given_yes(), Event.PAUSED).position
    sooner = go(paused, Event.PAUSED, until=NOW + timedelta(days=3))
    back = go(paused, Event.CONTINUED)

    assert NOW + timedelta(days=3) == sooner.position.paused_until
    assert not sooner.effects
    assert (given_yes(), {Effect.OPEN_GATE}) == (back.position, set(back.effects))
    assert not go(given_yes(), Event.CONTINUED).taken


def test_a_pause_ends_by_itself() -> None:
    """Nobody has to remember."""
    paused = go(given_yes(), Event.PAUSED, until=NOW + timedelta(days=20)).position
    moved = go(paused, Event.TIMER, NOW + timedelta(days=20))

    assert given_yes() == moved.position
    assert {Effect.OPEN_GATE} == moved.effects


@pytest.mark.parametrize("state", sorted(LIVE_STATES))
@pytest.mark.parametrize(
    ("begin", "end"), [(Event.PAUSED, Event.CONTINUED), (Event.SUSPENDED, Event.RESUMED)]
)
def test_a_pause_goes_back_to_where_it_came_from(
    state: ConsentState, begin: Event, end: Event
) -> None:
    """A renewed yes is a renewed yes, and who was being asked still is."""
    before = replace(given_yes(), state=state)

    assert state is go(go(before, begin).position, end).position.state


def test_the_two_reasons_for_a_pause_do_not_know_each_other() -> None:
    """A cancelled rehire must not end somebody's own pause, nor their pause hide a rehire."""
    both = go(go(given_yes(), Event.PAUSED).position, Event.SUSPENDED).position

    resumed, continued = go(both, Event.RESUMED), go(both, Event.CONTINUED)
    assert (S.PAUSED, False) == (resumed.position.state, resumed.position.suspended)
    assert (S.PAUSED, None) == (continued.position.state, continued.position.paused_until)
    assert not resumed.effects | continued.effects
    assert S.GIVEN is go(resumed.position, Event.CONTINUED).position.state
    assert S.GIVEN is go(continued.position, Event.RESUMED).position.state
    assert not go(both, Event.SUSPENDED).taken
    other_order = go(go(given_yes(), Event.SUSPENDED).position, Event.PAUSED).position
    assert both == other_order
    timed_out = go(both, Event.TIMER, datetime(2027, 2, 3, 9, tzinfo=UTC))
    assert (S.PAUSED, None) == (timed_out.position.state, timed_out.position.paused_until)


@pytest.mark.parametrize("event", [Event.CONTINUED, Event.RESUMED, Event.TIMER])
def test_a_yes_that_ran_out_in_a_pause_is_over(event: Event) -> None:
    """A pause does not stop the clock."""
    both = go(go(given_yes(), Event.PAUSED).position, Event.SUSPENDED).position

    assert S.EXPIRED is go(both, event, LATEST).position.state


def test_who_pauses_is_still_asked_for_a_renewal() -> None:
    """Else three months of quiet would end in being forgotten."""
    member = given_yes()
    long_before = end_of(member) - timedelta(days=70)
    paused = go(member, Event.PAUSED, long_before).position
    moved = go(paused, Event.TIMER, end_of(member) - timedelta(days=60))

    assert (S.PAUSED, S.RENEWAL_DUE) == (moved.position.state, moved.position.paused_from)
    assert {Effect.ASK_RENEWAL} == moved.effects
    asked = go(moved.position, Event.ASKED, end_of(member) - timedelta(days=60)).position
    assert (S.PAUSED, 1) == (asked.state, asked.renewals)
    renewed = go(asked, Event.SAID_YES, end_of(member) - timedelta(days=50))
    assert (S.PAUSED, S.RENEWED) == (renewed.position.state, renewed.position.paused_from)
    assert Effect.OPEN_GATE not in renewed.effects


def test_who_may_come_back_to_work_here_is_asked_when_that_is_settled() -> None:
    """A renewal in the middle of a rehire would be a question to an employee."""
    member = given_yes()
    suspended = go(member, Event.SUSPENDED).position
    day = end_of(member) - timedelta(days=40)

    assert end_of(member) == suspended.next_at
    assert not go(suspended, Event.SAID_YES).taken
    resumed = go(suspended, Event.RESUMED, day).position
    assert {Effect.ASK_RENEWAL} == go(resumed, Event.TIMER, day).effects


# --- another address ------------------------------------------------------------------------------


def test_a_member_keeps_the_old_address_until_the_new_one_is_proven() -> None:
    """A typing error must not cut somebody off."""
    asked = go(given_yes(), Event.ADDRESS_ASKED)

    assert (S.GIVEN, {Effect.VERIFY_ADDRESS}) == (asked.position.state, set(asked.effects))
    assert NOW + timedelta(hours=48) == asked.position.pending_until == asked.position.next_at
    proven = go(asked.position, Event.ADDRESS_PROVEN)
    assert (given_yes(), {Effect.CONFIRM}) == (proven.position, set(proven.effects))
    over = go(asked.position, Event.TIMER, NOW + timedelta(hours=48))
    assert given_yes() == over.position
    late = go(asked.position, Event.ADDRESS_PROVEN, NOW + timedelta(hours=48))
    assert NotTaken.CLOSED is late.not_taken
    assert not go(given_yes(), Event.ADDRESS_PROVEN).taken
    assert NotTaken.CLOSED is go(given_yes(), Event.ADDRESS_ASKED, LATEST).not_taken


# --- edges ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("valid_until", [None, NOW])
def test_a_changed_notice_revives_no_yes_that_is_over(valid_until: datetime | None) -> None:
    """The timer ends it; a question would be one to somebody who is no member."""
    over = replace(given_yes(), valid_until=valid_until)

    assert NotTaken.CLOSED is go(over, Event.NOTICE_CHANGED).not_taken


def test_a_yes_without_an_end_is_not_renewed_and_ends() -> None:
    """It cannot be; and if it were, it must not stand for ever."""
    endless = replace(given_yes(), valid_until=None, next_at=NOW)

    suspended = go(endless, Event.SUSPENDED).position
    assert (S.PAUSED, None) == (suspended.state, suspended.next_at)
    assert S.EXPIRED is go(suspended, Event.RESUMED).position.state
    assert S.EXPIRED is go(endless, Event.TIMER).position.state
    assert NotTaken.CLOSED is go(endless, Event.PAUSED).not_taken
    asked = go(endless, Event.ADDRESS_ASKED)
    assert NotTaken.CLOSED is asked.not_taken


@pytest.mark.parametrize(("minutes", "second"), [(1, True), (0, False)])
def test_a_week_lies_between_two_renewal_mails(minutes: int, *, second: bool) -> None:
    """Asked late, by a daemon that was down: the second mail leaves only if it is not at once."""
    member = given_yes()
    end = end_of(member)
    late = go(member, Event.TIMER, end - timedelta(days=21, minutes=minutes)).position

    assert (end - timedelta(days=14) if second else end) == late.next_at


def test_a_mail_that_is_over_is_not_made_up_for_by_two() -> None:
    """Two mails were sent; the pause and its end bring about no third."""
    asked_twice = replace(due(), renewals=2, next_at=end_of(due()))
    now = end_of(due()) - timedelta(days=20)
    paused = go(asked_twice, Event.PAUSED, now, until=now + timedelta(days=2)).position

    back = go(paused, Event.TIMER, now + timedelta(days=2))

    assert end_of(due()) == back.position.next_at
    assert {Effect.OPEN_GATE} == back.effects


def test_a_pause_that_ends_on_the_day_of_a_mail_does_both() -> None:
    """One look, and nothing of it is forgotten."""
    end = end_of(due())
    day = end - timedelta(days=14)
    paused = go(due(), Event.PAUSED, day - timedelta(days=3), until=day).position

    moved = go(paused, Event.TIMER, day + timedelta(hours=1))

    assert S.RENEWAL_DUE is moved.position.state
    assert {Effect.OPEN_GATE, Effect.ASK_RENEWAL} == moved.effects
    assert end == moved.position.next_at


def test_an_old_proof_does_not_hide_a_renewal() -> None:
    """An address that was never proven is forgotten; the yes is asked about all the same."""
    end = end_of(given_yes())
    named = go(given_yes(), Event.ADDRESS_ASKED, end - timedelta(days=61)).position

    moved = go(named, Event.TIMER, end - timedelta(days=58))

    assert (S.RENEWAL_DUE, None) == (moved.position.state, moved.position.pending_until)
    assert {Effect.ASK_RENEWAL} == moved.effects


def test_who_was_suspended_when_the_yes_ran_out_hears_nothing() -> None:
    """They may work here again: a goodbye would be one more riddle."""
    suspended, own = go(given_yes(), Event.SUSPENDED), go(given_yes(), Event.PAUSED)

    assert Effect.GOODBYE not in go(suspended.position, Event.TIMER, LATEST).effects
    assert Effect.GOODBYE in go(own.position, Event.TIMER, LATEST).effects
    assert Effect.GOODBYE in go(given_yes(), Event.TIMER, LATEST).effects
