"""A consent that is not given, or not any more: mails, answers, proofs, and new beginnings."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle.positions import (
    AT_ONCE,
    STOP_ASKING,
    UNANSWERED,
    Position,
    Step,
    anew,
    end,
    end_of_day,
    has_come,
    is_over,
    no,
    yes,
)
from alumni_sync.consent.lifecycle.words import Effect, Event, NotTaken
from alumni_sync.domain import ConsentState

_S: Final = ConsentState
ASKING: Final = frozenset({_S.NOT_ASKED, _S.INVITED, _S.DEFERRED, _S.ADDRESS_PENDING})
_ANSWERABLE: Final = frozenset({_S.INVITED, _S.DEFERRED, _S.ADDRESS_PENDING})
_ANSWERS: Final = frozenset(
    {
        Event.SAID_YES,
        Event.SAID_NO,
        Event.SAID_LATER,
        Event.SAID_NOT_ME,
        Event.ADDRESS_ASKED,
        Event.ADDRESS_PROVEN,
    }
)
_ENDS: Final = {
    Event.UNREACHABLE: (_S.NO_CONTACT, UNANSWERED),
    Event.REHIRED: (_S.REVOKED, AT_ONCE),
    Event.ENDED: (_S.REVOKED, AT_ONCE),
}
_REOPENS: Final = frozenset({_S.REVOKED, _S.NO_CONTACT})
"""Ends that no answer brought about. Refused, withdrawn, objected stay so for this spell."""
_COMES_BACK: Final = frozenset(
    {_S.REFUSED, _S.WITHDRAWN, _S.EXPIRED, _S.NO_CONTACT, _S.INVALIDATED}
)
"""Ends after which the person may ask to be asked."""


def asking(position: Position, event: Event, now: datetime, timers: Timers) -> Step:
    """Move a consent that is not given."""
    if event in _ANSWERS:
        return _answer(position, event, now, timers)
    if event is Event.OBJECTED and position.state not in {_S.OBJECTED, _S.ERASED}:
        return end(position, _S.OBJECTED, STOP_ASKING | {Effect.SUPPRESS, Effect.END_LINKS})
    if position.state not in ASKING:
        return _from_the_end(position, event)
    if event in _ENDS:
        state, purge_after = _ENDS[event]
        return end(position, state, STOP_ASKING, purge_after)
    return _counted(position, event, now, timers)


def due(position: Position, now: datetime, timers: Timers) -> Step:
    """Do what has become due. A daemon that was down catches up with one mail, not with all."""
    if position.state is _S.ADDRESS_PENDING:
        return _not_proven(position, now, timers)
    if position.state is _S.DEFERRED:
        return _ask_again(position, now, timers)
    if position.state in ASKING:
        return _remind_or_close(position, now, timers)
    return no(position)


# --- answers --------------------------------------------------------------------------------------


def _answer(position: Position, event: Event, now: datetime, timers: Timers) -> Step:
    """Take an answer to an invitation."""
    if refusal := _no_answer_now(position, event, now):
        return no(position, refusal)
    if event in {Event.SAID_YES, Event.ADDRESS_PROVEN}:
        return yes(position, now, timers, _S.GIVEN)
    if event is Event.ADDRESS_ASKED:
        return _other_address(position, now, timers)
    if event is Event.SAID_LATER:
        return _later(position, now, timers)
    if event is Event.SAID_NOT_ME:
        return end(position, _S.INVALIDATED, STOP_ASKING | {Effect.SUPPRESS, Effect.ALERT})
    return end(position, _S.REFUSED, STOP_ASKING)


def _no_answer_now(position: Position, event: Event, now: datetime) -> NotTaken | None:
    """Return why no answer can be taken; None if one can."""
    proves = event is Event.ADDRESS_PROVEN
    if position.state not in ({_S.ADDRESS_PENDING} if proves else _ANSWERABLE):
        return NotTaken.STATE
    if position.exit_end is None or now < position.exit_end:
        # What somebody says while still employed is no consent (EDPB 05/2020, section 3.1.1).
        return NotTaken.BEFORE_EXIT
    # Who named another address in time has said yes in time; only the proof came later.
    end_of_time = position.pending_until if proves else position.closes_at
    return NotTaken.CLOSED if has_come(end_of_time, now) else None


def _other_address(position: Position, now: datetime, timers: Timers) -> Step:
    """Wait for the proof; the time to answer runs on, and no mail reminds meanwhile."""
    until = now + timedelta(hours=timers.address_hours)
    waiting = replace(position, state=_S.ADDRESS_PENDING, pending_until=until, next_at=until)
    return Step(waiting, frozenset({Effect.DROP_MAILS, Effect.VERIFY_ADDRESS}))


def _not_proven(position: Position, now: datetime, timers: Timers) -> Step:
    """Go back to where the other address was named: the question is as open as it was."""
    back = replace(position, state=_S.INVITED, pending_until=None)
    if back.closes_at is None:  # that was in a deferral: its date is forgotten, its mail is not
        return _ask_again(back, now, timers)
    if now >= back.closes_at:
        return end(back, _S.EXPIRED, STOP_ASKING, UNANSWERED)
    return Step(replace(back, next_at=_next_slot(back, now, timers)))


def _later(position: Position, now: datetime, timers: Timers) -> Step:
    if position.deferred or position.asked >= timers.asking_mails:
        # A promise to ask again could not be kept: the mails of this round are used up.
        return no(position, NotTaken.ONLY_ONCE)
    deferred = replace(
        position,
        state=_S.DEFERRED,
        deferred=True,
        next_at=now + timedelta(days=timers.defer_days),
        closes_at=None,
        asked_at=None,
        pending_until=None,
    )
    return Step(deferred, STOP_ASKING)


# --- mails ----------------------------------------------------------------------------------------


def _counted(position: Position, event: Event, now: datetime, timers: Timers) -> Step:
    if event is Event.ASKED:
        return _asked(position, now, timers)
    if event is Event.NOT_HANDED_OVER and position.asked:
        return _not_handed_over(position)
    return no(position)


def _asked(position: Position, now: datetime, timers: Timers) -> Step:
    if position.state is _S.ADDRESS_PENDING or position.asked >= timers.asking_mails:
        return no(position)
    asked = replace(position, state=_S.INVITED, asked=position.asked + 1)
    if position.asked_at is None:
        closes = end_of_day(now + timedelta(days=timers.close_days))
        asked = replace(asked, asked_at=now, closes_at=closes)
        asked = replace(asked, next_at=_next_slot(asked, now, timers))
    return Step(asked)


def _not_handed_over(position: Position) -> Step:
    fewer = replace(position, asked=position.asked - 1)
    if position.state is _S.INVITED and not fewer.asked:
        never_asked = replace(
            fewer, state=_S.NOT_ASKED, asked_at=None, next_at=None, closes_at=None
        )
        return Step(never_asked)
    return Step(fewer)


def _next_slot(position: Position, now: datetime, timers: Timers) -> datetime | None:
    """Return when the next reminder is due, or the close where there is none left."""
    if position.asked_at is not None and position.asked < timers.asking_mails:
        slots = (position.asked_at + timedelta(days=days) for days in timers.reminder_days)
        coming = [slot for slot in slots if now < slot]
        if coming and (position.closes_at is None or coming[0] < position.closes_at):
            return coming[0]
    return position.closes_at


def _ask_again(position: Position, now: datetime, timers: Timers) -> Step:
    closes = end_of_day(now + timedelta(days=timers.close_days))
    again = replace(position, state=_S.INVITED, asked_at=now, closes_at=closes, next_at=closes)
    return Step(again, frozenset({Effect.REMIND}))


def _remind_or_close(position: Position, now: datetime, timers: Timers) -> Step:
    if is_over(position.closes_at, now):
        return end(position, _S.EXPIRED, STOP_ASKING, UNANSWERED)
    moved = replace(position, next_at=_next_slot(position, now, timers))
    if position.asked >= timers.asking_mails:
        return Step(moved)
    return Step(moved, frozenset({Effect.REMIND}))


# --- new beginnings -------------------------------------------------------------------------------


def _from_the_end(position: Position, event: Event) -> Step:
    if event is Event.REOPENED and position.state in _REOPENS:
        return anew(position)
    if event is Event.ASKED_BACK and position.state in _COMES_BACK:
        return anew(position, frozenset({Effect.ASK}))
    if event is Event.OBJECTION_LIFTED and position.state is _S.OBJECTED:
        return anew(position, frozenset({Effect.ASK, Effect.LIFT_SUPPRESSION}))
    return no(position)
