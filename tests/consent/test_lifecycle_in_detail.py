"""The lifecycle where it is easily got wrong by one word: each test kills an altered lifecycle."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import Effect, Event, NotTaken, Position, Step, step
from alumni_sync.consent.lifecycle.positions import end_of_day, valid_until
from alumni_sync.domain import ConsentState

S = ConsentState
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
EXIT = datetime(2026, 10, 15, 22, tzinfo=UTC)
END = datetime(2027, 3, 1, 9, tzinfo=UTC)
TIMERS = Timers(renewal_days=(60, 14))
FIRST, SECOND = END - timedelta(days=60), END - timedelta(days=14)
PROOF = timedelta(hours=TIMERS.address_hours)
STOP_ASKING = frozenset({Effect.USE_LINKS, Effect.DROP_MAILS})
CLOSE = STOP_ASKING | {Effect.CLOSE_GATE}


def at(state: ConsentState, **changed: Any) -> Position:  # noqa: ANN401 any field
    """Return a position after the exit."""
    return replace(Position(state, exit_end=EXIT), **changed)


def member(state: ConsentState = S.GIVEN, **changed: Any) -> Position:  # noqa: ANN401 any field
    """Return somebody whose yes ends at `END`."""
    return at(state, **{"valid_until": END, "next_at": FIRST, **changed})


def due(**changed: Any) -> Position:  # noqa: ANN401 any field
    """Return a member who got one mail about a renewal and named another address since."""
    return member(S.RENEWAL_DUE, **{"renewals": 1, "round": 2, **changed})


def go(position: Position, event: Event, now: datetime = NOW, **words: datetime) -> Step:
    """Take a step under timers that stand here."""
    return step(position, event, now, TIMERS, **words)


@pytest.mark.parametrize(
    ("position", "event", "now", "why"),
    [
        (member(S.PAUSED, suspended=True), Event.SAID_YES, NOW, NotTaken.STATE),
        (member(), Event.SAID_YES, END, NotTaken.CLOSED),
        (member(), Event.PAUSED, END, NotTaken.CLOSED),
        (member(S.PAUSED, suspended=True), Event.SUSPENDED, NOW, NotTaken.STATE),
        (member(), Event.RESUMED, NOW, NotTaken.STATE),
        (member(), Event.ADDRESS_ASKED, END, NotTaken.CLOSED),
        (member(pending_until=NOW), Event.ADDRESS_PROVEN, NOW, NotTaken.CLOSED),
        (member(), Event.NOTICE_CHANGED, END, NotTaken.CLOSED),
        (due(), Event.ASKED, END, NotTaken.CLOSED),
        (at(S.REFUSED, next_at=NOW), Event.TIMER, NOW, NotTaken.STATE),
        (member(), Event.SAID_NO, NOW, NotTaken.STATE),
        (member(), Event.CONTINUED, NOW, NotTaken.STATE),
        (member(), Event.ASKED, NOW, NotTaken.STATE),
        (member(), Event.NOT_HANDED_OVER, NOW, NotTaken.STATE),
        (due(renewals=0), Event.NOT_HANDED_OVER, NOW, NotTaken.STATE),
        (at(S.INVITED, asked=1, deferred=True), Event.SAID_LATER, NOW, NotTaken.ONLY_ONCE),
        (at(S.INVITED, asked=3), Event.SAID_LATER, NOW, NotTaken.ONLY_ONCE),
        (at(S.ERASED), Event.ERASED, NOW, NotTaken.STATE),
    ],
)
def test_what_is_not_taken_changes_nothing(
    position: Position, event: Event, now: datetime, why: NotTaken
) -> None:
    """Half a step would be written down without its event."""
    assert Step(position, not_taken=why) == go(position, event, now)


def test_a_pause_that_ends_before_it_begins_is_none() -> None:
    """Nobody would come back from it."""
    assert Step(member(), not_taken=NotTaken.CLOSED) == go(member(), Event.PAUSED, NOW, until=NOW)


# --- the end of a yes -----------------------------------------------------------------------------


def test_a_yes_that_ends_by_itself_says_goodbye() -> None:
    """Whoever vanishes from the community hears of it."""
    moved = go(member(), Event.TIMER, END)

    assert (S.EXPIRED, CLOSE | {Effect.GOODBYE}) == (moved.position.state, moved.effects)


def test_whoever_may_work_here_again_is_told_no_goodbye() -> None:
    """A farewell on the first day in the new job would be a bad joke."""
    moved = go(member(S.PAUSED, suspended=True), Event.TIMER, END)

    assert (S.EXPIRED, CLOSE) == (moved.position.state, moved.effects)


# --- renewal --------------------------------------------------------------------------------------


def test_the_end_of_a_proof_asks_for_no_renewal() -> None:
    """A timer of something else must not bring a mail forward."""
    between = FIRST + timedelta(days=7)
    moved = go(due(pending_until=between, next_at=between), Event.TIMER, between)

    assert frozenset() == moved.effects
    assert due(next_at=SECOND) == moved.position


def test_two_mails_about_a_renewal_are_all() -> None:
    """A third would be pressure."""
    moved = go(due(renewals=2, next_at=SECOND), Event.TIMER, SECOND)

    assert frozenset() == moved.effects
    assert due(renewals=2, next_at=END) == moved.position


def test_whoever_is_suspended_is_not_asked_when_the_own_pause_ends() -> None:
    """Who may work here again is asked nothing meanwhile."""
    paused = member(
        S.PAUSED, suspended=True, paused_from=S.GIVEN, paused_until=SECOND, next_at=SECOND
    )
    moved = go(paused, Event.TIMER, SECOND)

    assert frozenset() == moved.effects
    assert replace(paused, paused_until=None, next_at=END) == moved.position


def test_a_renewal_counts_its_own_mails() -> None:
    """Mails of an earlier renewal must not use up those of this one."""
    moved = go(member(renewals=2), Event.TIMER, FIRST)

    assert {Effect.ASK_RENEWAL} == moved.effects
    assert member(S.RENEWAL_DUE, round=2, next_at=SECOND) == moved.position


def test_the_end_of_a_pause_and_a_renewal_may_fall_together() -> None:
    """Both must happen: else the gate stays shut, or nobody is asked."""
    paused = member(S.PAUSED, paused_from=S.GIVEN, paused_until=FIRST)
    moved = go(paused, Event.TIMER, FIRST)

    assert {Effect.ASK_RENEWAL, Effect.OPEN_GATE} == moved.effects
    assert S.RENEWAL_DUE is moved.position.state


def test_a_gate_left_open_in_a_pause_is_closed_by_the_next_timer() -> None:
    """A row that nobody should have written must not stay open, nor swallow the mail."""
    moved = go(member(paused_until=SECOND), Event.TIMER, FIRST)

    assert {Effect.ASK_RENEWAL, Effect.CLOSE_GATE} == moved.effects
    assert (S.PAUSED, S.RENEWAL_DUE) == (moved.position.state, moved.position.paused_from)


@pytest.mark.parametrize(
    ("renewals", "before", "next_at"),
    [
        (1, timedelta(hours=1), SECOND),
        (1, timedelta(0), SECOND + PROOF),
        (2, timedelta(hours=1), SECOND - timedelta(hours=1) + PROOF),
    ],
)
def test_another_address_moves_no_mail_about_a_renewal(
    renewals: int, before: timedelta, next_at: datetime
) -> None:
    """A mail that is due is sent once; one that is not allowed is not planned."""
    asked = due(renewals=renewals, next_at=SECOND)
    moved = go(asked, Event.ADDRESS_ASKED, SECOND - before)

    assert {Effect.VERIFY_ADDRESS} == moved.effects
    until = SECOND - before + PROOF
    assert replace(asked, pending_until=until, next_at=next_at) == moved.position


def test_a_proof_goes_on_with_the_renewal() -> None:
    """The next mail about it stays where it was."""
    moved = go(due(pending_until=FIRST + PROOF), Event.ADDRESS_PROVEN, FIRST)

    assert {Effect.CONFIRM} == moved.effects
    assert due(next_at=SECOND) == moved.position


def test_a_yes_without_an_end_waits_for_nothing() -> None:
    """A row that nobody should have written must not stop the round."""
    moved = go(member(valid_until=None), Event.SUSPENDED)

    assert (S.PAUSED, None) == (moved.position.state, moved.position.next_at)


@pytest.mark.parametrize("key", ["I-1", "I-7", "I-8", "I-ł"])
def test_the_end_of_a_yes_stays_where_it_was_promised(key: str) -> None:
    """Another spread in another version would move ends that people have in their receipts."""
    days = int(sha256(key.encode()).hexdigest()[:8], 16) % 60

    latest = datetime(2028, 11, 3, 9, tzinfo=UTC)
    assert latest - timedelta(days=days) == valid_until(key, NOW, TIMERS)


# --- asking ---------------------------------------------------------------------------------------


def test_a_new_yes_in_a_pause_is_confirmed_and_opens_nothing() -> None:
    """The pause is the person's own wish, and goes on."""
    paused = member(S.PAUSED, paused_from=S.GIVEN, paused_until=SECOND)
    moved = go(paused, Event.SAID_YES)

    assert {*STOP_ASKING, Effect.CONFIRM} == moved.effects
    assert (S.PAUSED, S.RENEWED) == (moved.position.state, moved.position.paused_from)


def test_a_yes_is_not_closed_by_the_time_to_answer() -> None:
    """The day on which the question closes is no day on which the yes ends."""
    invited = at(S.INVITED, asked=1, asked_at=NOW, closes_at=END, next_at=END)

    assert go(invited, Event.SAID_YES).position.closes_at is None


def test_later_means_later() -> None:
    """No other mail leaves, and no time to answer runs out meanwhile."""
    pending = at(
        S.ADDRESS_PENDING, asked=1, asked_at=NOW, closes_at=END, pending_until=END, next_at=END
    )
    moved = go(pending, Event.SAID_LATER)

    later = NOW + timedelta(days=TIMERS.defer_days)
    assert STOP_ASKING == moved.effects
    assert at(S.DEFERRED, asked=1, deferred=True, next_at=later) == moved.position


def test_who_is_asked_again_has_the_whole_time_to_answer() -> None:
    """The promise of the first mail holds for the second."""
    deferred = at(S.DEFERRED, asked=1, deferred=True, next_at=NOW)
    moved = go(deferred, Event.TIMER)

    closes = datetime(2026, 12, 3, 23, 59, 59, tzinfo=UTC)
    wanted = replace(deferred, state=S.INVITED, asked_at=NOW, closes_at=closes, next_at=closes)
    assert Step(wanted, frozenset({Effect.REMIND})) == moved


def test_a_reminder_does_not_plan_itself_anew() -> None:
    """The same mail would be due again in the same second."""
    invited = go(at(S.NOT_ASKED), Event.ASKED).position
    first, second = (NOW + timedelta(days=days) for days in TIMERS.reminder_days)
    moved = go(invited, Event.TIMER, first)

    assert {Effect.REMIND} == moved.effects
    assert replace(invited, next_at=second) == moved.position


def test_silence_after_the_last_mail_only_waits_for_the_close() -> None:
    """There is nothing left to send."""
    silent = at(S.INVITED, asked=TIMERS.asking_mails, asked_at=NOW, closes_at=END, next_at=NOW)

    assert Step(replace(silent, next_at=END)) == go(silent, Event.TIMER)


def test_what_nobody_answered_is_kept_for_a_fortnight() -> None:
    """Silence is no refusal: a late reader may still ask what it was about."""
    silent = at(S.INVITED, asked=1, asked_at=NOW, closes_at=END, next_at=END)
    moved = go(silent, Event.TIMER, END)

    assert (S.EXPIRED, STOP_ASKING) == (moved.position.state, moved.effects)
    assert timedelta(days=14) == moved.purge_after


def test_a_proof_that_never_came_ends_with_the_question() -> None:
    """In the very second in which the time to answer is over, it is over."""
    pending = at(S.ADDRESS_PENDING, asked=1, closes_at=END, pending_until=END, next_at=END)
    moved = go(pending, Event.TIMER, END)

    assert (S.EXPIRED, STOP_ASKING) == (moved.position.state, moved.effects)
    assert timedelta(days=14) == moved.purge_after


def test_a_yes_in_the_first_second_after_the_exit_counts() -> None:
    """Whoever waited for midnight has waited long enough."""
    invited = at(S.INVITED, asked=1, closes_at=END)

    assert go(invited, Event.SAID_YES, EXIT).taken
    assert (
        NotTaken.BEFORE_EXIT is go(invited, Event.SAID_YES, EXIT - timedelta(seconds=1)).not_taken
    )


def test_a_no_leaves_nothing_that_could_come_due() -> None:
    """A proof that comes in later must find nothing to prove."""
    pending = at(
        S.ADDRESS_PENDING, asked=1, asked_at=NOW, closes_at=END, pending_until=END, next_at=END
    )
    moved = go(pending, Event.SAID_NO)

    assert at(S.REFUSED, asked=1, asked_at=NOW) == moved.position
    assert timedelta(hours=24) == moved.purge_after


def test_whoever_asks_to_be_asked_begins_anew() -> None:
    """Nothing of the old round counts, and the end of a new yes is spread as the old one's was."""
    refused = at(S.REFUSED, asked=3, asked_at=NOW, deferred=True, key="I-7")

    wanted = at(S.NOT_ASKED, round=2, key="I-7")
    assert Step(wanted, frozenset({Effect.ASK})) == go(refused, Event.ASKED_BACK)


@pytest.mark.parametrize("state", [S.NOT_ASKED, S.INVITED, S.DEFERRED, S.REFUSED, S.EXPIRED])
def test_an_objection_ends_everything_at_once(state: ConsentState) -> None:
    """Whoever objects gets no mail more, has no link more, and is asked by nobody again."""
    moved = go(at(state, asked=1), Event.OBJECTED)

    assert STOP_ASKING | {Effect.SUPPRESS, Effect.END_LINKS} == moved.effects
    assert (at(S.OBJECTED, asked=1), timedelta(hours=24)) == (moved.position, moved.purge_after)


@pytest.mark.parametrize("state", [S.OBJECTED, S.ERASED])
def test_an_objection_is_written_down_once(state: ConsentState) -> None:
    """A second one, from another mail of ours, must not stand as another event."""
    assert not go(at(state), Event.OBJECTED).taken


@pytest.mark.parametrize(
    ("event", "state", "kept"),
    [
        (Event.UNREACHABLE, S.NO_CONTACT, timedelta(days=14)),
        (Event.REHIRED, S.REVOKED, timedelta(hours=24)),
        (Event.ENDED, S.REVOKED, timedelta(hours=24)),
    ],
)
def test_what_ends_the_asking_says_how_long_we_know(
    event: Event, state: ConsentState, kept: timedelta
) -> None:
    """An address may turn up within a fortnight; after an exit that was none, nothing is kept."""
    moved = go(at(S.INVITED, asked=1), event)

    assert (at(state, asked=1), STOP_ASKING) == (moved.position, moved.effects)
    assert kept == moved.purge_after


def test_an_erasure_ends_everything() -> None:
    """No link, no mail and no gate may outlive the person's data."""
    moved = go(member(), Event.ERASED)

    assert (S.ERASED, CLOSE | {Effect.END_LINKS}) == (moved.position.state, moved.effects)


def test_the_last_day_is_a_day_in_utc_wherever_we_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines of one deployment must not close a question on two days."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        end = end_of_day(datetime(2026, 11, 3, 20, 30, 1, 500_000, tzinfo=UTC))
    finally:
        monkeypatch.undo()
        time.tzset()

    assert datetime(2026, 11, 3, 23, 59, 59, tzinfo=UTC) == end
