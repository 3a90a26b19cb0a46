"""The states of a spell's consent and what moves between them. Pure and total.

Every (position, event) has an answer: a step that is taken, or one that is not, with its reason.
Only something that the subject did, after the exit, moves anything to `given`. Silence moves an
invitation to `expired`, never anywhere else.
"""

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.domain import LIVE_STATES, ConsentState

_MONTHS: Final = 12
_S: Final = ConsentState


class Event(StrEnum):
    """What happens to a consent. The name of a step taken is the name of its consent event."""

    ASKED = "asked"  # an asking mail is about to be handed over
    NOT_HANDED_OVER = "not_handed_over"  # it was not, for certain: it does not count
    UNREACHABLE = "unreachable"  # the contact gate closed for good, or the address was refused
    SAID_YES = "said_yes"
    SAID_NO = "said_no"
    SAID_LATER = "said_later"
    SAID_NOT_ME = "said_not_me"
    NARROWED = "narrowed"  # some purposes or fields taken back, membership stays
    WITHDREW = "withdrew"
    OBJECTED = "objected"
    TIMER = "timer"  # `next_at` has come
    SUSPENDED = "suspended"  # a coming rehire, a reopened case, an exit that moved
    RESUMED = "resumed"
    ENDED = "ended"  # rehire began, exit rescinded, death, upheld exclusion
    ERASED = "erased"
    REOPENED = "reopened"  # the exit was undone and came back, or an address turned up


SUBJECT_EVENTS: Final = frozenset(
    {
        Event.SAID_YES,
        Event.SAID_NO,
        Event.SAID_LATER,
        Event.SAID_NOT_ME,
        Event.NARROWED,
        Event.WITHDREW,
        Event.OBJECTED,
    }
)
"""Events whose actor is the subject, whoever wrote them down."""


class Effect(StrEnum):
    """What the shell around the lifecycle has to do, in the same transaction."""

    OPEN_GATE = "open_gate"
    CLOSE_GATE = "close_gate"
    USE_LINKS = "use_links"  # links to decide are used up
    END_LINKS = "end_links"  # every link ends, the preference centre's too
    DROP_MAILS = "drop_mails"  # asking mails that are still queued
    REMIND = "remind"
    CONFIRM = "confirm"
    GOODBYE = "goodbye"
    SUPPRESS = "suppress"  # the address: nobody writes to it again


class NotTaken(StrEnum):
    """Why an event changes nothing."""

    STATE = "state"
    BEFORE_EXIT = "before_exit"
    CLOSED = "closed"  # the time to answer is over, even if no timer has said so yet
    ONLY_ONCE = "only_once"
    NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a spell's consent stands. All datetimes are aware.

    Attributes:
        asked: asking mails of this round, those of unknown fate included.
        asked_at: start of the round: its first asking mail.
        next_at: when the next timer is due; None when nothing is waited for.
        closes_at: end of the time to answer.
        valid_until: end of a yes.
        deferred: whether "ask me later" was already said.
        exit_end: end of the last working day; None if it is not known to be over.
        round: which time we ask about this spell; a round has its own mails.
    """

    state: ConsentState
    asked: int = 0
    asked_at: datetime | None = None
    next_at: datetime | None = None
    closes_at: datetime | None = None
    valid_until: datetime | None = None
    deferred: bool = False
    exit_end: datetime | None = None
    round: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """What an event leads to.

    Attributes:
        position: the new one; the old one where the step is not taken.
        effects: in no particular order.
        purge_after: how long after this step what we know of the spell goes; None: not yet.
        not_taken: why nothing happened; None if it did.
    """

    position: Position
    effects: frozenset[Effect] = frozenset()
    purge_after: timedelta | None = None
    not_taken: NotTaken | None = None

    @property
    def taken(self) -> bool:
        """Say whether anything happened."""
        return self.not_taken is None


AT_ONCE: Final = timedelta(hours=24)
"""After a refusal, withdrawal, objection or the end of the exit itself (4-consent, Retention)."""
UNANSWERED: Final = timedelta(days=14)

_ASKING: Final = frozenset({_S.NOT_ASKED, _S.INVITED, _S.DEFERRED, _S.ADDRESS_PENDING})
_ANSWERABLE: Final = frozenset({_S.INVITED, _S.DEFERRED, _S.ADDRESS_PENDING})
_HELD_ONTO: Final = LIVE_STATES | {_S.PAUSED}

_STOP_ASKING: Final = frozenset({Effect.USE_LINKS, Effect.DROP_MAILS})
_CLOSE: Final = frozenset({Effect.CLOSE_GATE, Effect.DROP_MAILS, Effect.USE_LINKS})
_REOPENS: Final = frozenset({_S.REVOKED, _S.NO_CONTACT})
"""Ends that no answer brought about. Refused, withdrawn, objected stay so for this spell."""
_ENDS_ASKING: Final = {
    Event.UNREACHABLE: (_S.NO_CONTACT, UNANSWERED),
    Event.ENDED: (_S.REVOKED, AT_ONCE),
}
_ENDS_CONSENT: Final = {
    Event.WITHDREW: (_S.WITHDRAWN, _CLOSE | {Effect.GOODBYE}),
    Event.OBJECTED: (_S.OBJECTED, _CLOSE | {Effect.SUPPRESS, Effect.END_LINKS}),
    Event.ENDED: (_S.REVOKED, _CLOSE),
}


def step(position: Position, event: Event, now: datetime, timers: Timers) -> Step:
    """Return what `event` at `now` does to a consent at `position`; never raises."""
    if event is Event.ERASED:
        return _erased(position)
    if event is Event.TIMER:
        return _timer(position, now, timers)
    if position.state in _HELD_ONTO:
        return _held_onto(position, event, now, timers)
    if event in {Event.SAID_YES, Event.SAID_NO, Event.SAID_LATER, Event.SAID_NOT_ME}:
        return _answer(position, event, now, timers)
    return _asking(position, event, now, timers)


def _no(position: Position, why: NotTaken = NotTaken.STATE) -> Step:
    return Step(position, not_taken=why)


def _end(
    position: Position,
    state: ConsentState,
    effects: frozenset[Effect] | set[Effect],
    purge_after: timedelta = AT_ONCE,
) -> Step:
    """Return the step into a state in which nothing is waited for any more."""
    ended = replace(position, state=state, next_at=None, closes_at=None)
    return Step(ended, frozenset(effects), purge_after)


def _erased(position: Position) -> Step:
    if position.state is _S.ERASED:
        return _no(position)
    return _end(position, _S.ERASED, {*_CLOSE, Effect.END_LINKS})


def _answer(position: Position, event: Event, now: datetime, timers: Timers) -> Step:
    """Take one of the four answers to an invitation."""
    if refusal := _no_answer_now(position, now):
        return _no(position, refusal)
    if event is Event.SAID_YES:
        return _yes(position, now, timers, _S.GIVEN)
    if event is Event.SAID_LATER:
        return _later(position, now, timers)
    if event is Event.SAID_NOT_ME:
        return _end(position, _S.INVALIDATED, _STOP_ASKING | {Effect.SUPPRESS})
    return _end(position, _S.REFUSED, _STOP_ASKING)


def _no_answer_now(position: Position, now: datetime) -> NotTaken | None:
    """Return why no answer can be taken; None if one can."""
    if position.state not in _ANSWERABLE:
        return NotTaken.STATE
    if position.exit_end is None or now < position.exit_end:
        # What somebody says while still employed is no consent (EDPB 05/2020, section 3.1.1).
        return NotTaken.BEFORE_EXIT
    if position.closes_at is not None and now >= position.closes_at:
        return NotTaken.CLOSED
    return None


def _yes(position: Position, now: datetime, timers: Timers, state: ConsentState) -> Step:
    until = months_later(now, timers.validity_months)
    given = replace(position, state=state, next_at=until, closes_at=None, valid_until=until)
    return Step(given, _STOP_ASKING | {Effect.OPEN_GATE, Effect.CONFIRM})


def _later(position: Position, now: datetime, timers: Timers) -> Step:
    if position.deferred or position.asked >= timers.asking_mails:
        # A promise to ask again could not be kept: the mails of this round are used up.
        return _no(position, NotTaken.ONLY_ONCE)
    until = now + timedelta(days=timers.defer_days)
    deferred = replace(
        position, state=_S.DEFERRED, deferred=True, next_at=until, closes_at=None, asked_at=None
    )
    return Step(deferred, _STOP_ASKING)


def _asking(position: Position, event: Event, now: datetime, timers: Timers) -> Step:
    """Move a consent that is not given: mails, objections, and the end of the exit itself."""
    if event is Event.OBJECTED and position.state not in {_S.OBJECTED, _S.ERASED}:
        return _end(position, _S.OBJECTED, _STOP_ASKING | {Effect.SUPPRESS, Effect.END_LINKS})
    if position.state not in _ASKING:
        return _reopened(position, event)
    if event is Event.ASKED and position.asked < timers.asking_mails:
        return _asked(position, now, timers)
    if event is Event.NOT_HANDED_OVER and position.asked:
        return _not_handed_over(position)
    if event in _ENDS_ASKING:
        state, purge_after = _ENDS_ASKING[event]
        return _end(position, state, _STOP_ASKING, purge_after)
    return _no(position)


def _reopened(position: Position, event: Event) -> Step:
    if event is Event.REOPENED and position.state in _REOPENS:
        fresh = Position(_S.NOT_ASKED, exit_end=position.exit_end, round=position.round + 1)
        return Step(fresh)
    return _no(position)


def _asked(position: Position, now: datetime, timers: Timers) -> Step:
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


def _held_onto(position: Position, event: Event, now: datetime, timers: Timers) -> Step:
    """Move a consent that is given, or given and paused."""
    if event in _ENDS_CONSENT:
        state, effects = _ENDS_CONSENT[event]
        return _end(position, state, effects)
    if event is Event.SAID_YES and position.state is _S.RENEWAL_DUE:
        return _yes(position, now, timers, _S.RENEWED)
    if event is Event.NARROWED:
        return Step(position, frozenset({Effect.CONFIRM}))
    if event is Event.SUSPENDED and position.state in LIVE_STATES:
        return Step(replace(position, state=_S.PAUSED), frozenset({Effect.CLOSE_GATE}))
    if event is Event.RESUMED and position.state is _S.PAUSED:
        return _resumed(position, now)
    return _no(position)


def _resumed(position: Position, now: datetime) -> Step:
    if _is_over(position.valid_until, now):
        return _expired(position)
    return Step(replace(position, state=_S.GIVEN), frozenset({Effect.OPEN_GATE}))


def _timer(position: Position, now: datetime, timers: Timers) -> Step:
    """Do what has become due. A daemon that was down catches up with one mail, not with all."""
    if position.next_at is None or now < position.next_at:
        return _no(position, NotTaken.NOT_DUE)
    if position.state in _HELD_ONTO:
        return _expired(position)
    if position.state is _S.DEFERRED:
        return _ask_again(position, now, timers)
    if position.state in _ASKING:
        return _remind_or_close(position, now, timers)
    return _no(position)


def _expired(position: Position) -> Step:
    return _end(position, _S.EXPIRED, _CLOSE)


def _ask_again(position: Position, now: datetime, timers: Timers) -> Step:
    closes = end_of_day(now + timedelta(days=timers.close_days))
    again = replace(position, state=_S.INVITED, asked_at=now, closes_at=closes, next_at=closes)
    return Step(again, frozenset({Effect.REMIND}))


def _remind_or_close(position: Position, now: datetime, timers: Timers) -> Step:
    if _is_over(position.closes_at, now):
        return _end(position, _S.EXPIRED, _STOP_ASKING, UNANSWERED)
    moved = replace(position, next_at=_next_slot(position, now, timers))
    if position.asked >= timers.asking_mails:
        return Step(moved)
    return Step(moved, frozenset({Effect.REMIND}))


def _is_over(moment: datetime | None, now: datetime) -> bool:
    return moment is None or now >= moment


def months_later(moment: datetime, months: int) -> datetime:
    """Return the same instant of day some months later; the last day of a shorter month."""
    index = moment.year * _MONTHS + moment.month - 1 + months
    year, month = divmod(index, _MONTHS)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def end_of_day(moment: datetime) -> datetime:
    """Return the last second of a day in UTC: a date that was promised in a mail is kept."""
    return moment.astimezone(UTC).replace(hour=23, minute=59, second=59, microsecond=0)
