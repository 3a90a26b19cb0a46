"""A consent that is given, or given and paused: renewals, pauses of two kinds, and its ends.

The person's own pause and the suspension by the spell hold independently of each other; whoever is
paused is so while either holds, and comes back to where the pause began.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle.positions import (
    CLOSE,
    Position,
    Step,
    end,
    has_come,
    is_over,
    just_asked,
    months_later,
    no,
    planned,
    renewal_days,
    yes,
)
from alumni_sync.consent.lifecycle.words import Effect, Event, NotTaken
from alumni_sync.domain import LIVE_STATES, ConsentState

_S: Final = ConsentState


@dataclass(frozen=True, slots=True)
class Moment:
    """What a step is taken with: the time, the pack's timers, and until when a pause shall last."""

    now: datetime
    timers: Timers
    until: datetime | None = None


_ENDS: Final = {
    Event.WITHDREW: (_S.WITHDRAWN, CLOSE | {Effect.GOODBYE}),
    Event.OBJECTED: (_S.OBJECTED, CLOSE | {Effect.SUPPRESS, Effect.END_LINKS}),
    Event.SAID_NOT_ME: (
        _S.INVALIDATED,
        CLOSE | {Effect.SUPPRESS, Effect.END_LINKS, Effect.ALERT},
    ),
    Event.REHIRED: (_S.REVOKED, CLOSE | {Effect.WELCOME_BACK}),
    Event.ENDED: (_S.REVOKED, CLOSE),
}


def held_onto(position: Position, event: Event, at: Moment) -> Step:
    """Move a consent that is given, or given and paused."""
    if event in _ENDS:
        state, effects = _ENDS[event]
        return end(position, state, effects)
    move = _MOVES.get(event)
    return no(position) if move is None else move(position, at)


def due(position: Position, at: Moment) -> Step:
    """Do what has become due: the end of the yes, of a pause, of a proof; a renewal mail."""
    if is_over(position.valid_until, at.now):
        return _expires(position)
    effects: set[Effect] = set()
    after = at.now
    if has_come(position.pending_until, at.now):
        position = replace(position, pending_until=None)
    if has_come(position.paused_until, at.now):
        position = replace(position, paused_until=None)
    if _is_time_to_ask(position, at):
        position = _into(position, _S.RENEWAL_DUE)
        effects.add(Effect.ASK_RENEWAL)
        after = just_asked(at.now)
    return _settled(position, at, frozenset(effects), after)


def _expires(position: Position) -> Step:
    """End a yes whose time is over; whoever may work here again is told nothing about it."""
    told = frozenset() if position.suspended else frozenset({Effect.GOODBYE})
    return end(position, _S.EXPIRED, CLOSE | told)


def _is_time_to_ask(position: Position, at: Moment) -> bool:
    """Say whether a day for a renewal mail has come that was still ahead when we last looked."""
    if position.suspended or position.valid_until is None or position.next_at is None:
        return False
    slots = [position.valid_until - timedelta(days=days) for days in renewal_days(at.timers)]
    if position.base is not _S.RENEWAL_DUE:
        return at.now >= slots[0]
    new = any(position.next_at <= slot <= at.now for slot in slots)
    return new and position.renewals < len(slots)


def _into(position: Position, base: ConsentState) -> Position:
    """Return the position with another state, behind a pause if there is one."""
    changed = base is _S.RENEWAL_DUE and position.base is not _S.RENEWAL_DUE
    if changed:  # a renewal is a question of its own, with mails of its own
        position = replace(position, round=position.round + 1, renewals=0)
    if position.state is _S.PAUSED:
        return replace(position, paused_from=base)
    return replace(position, state=base)


def _settled(position: Position, at: Moment, effects: frozenset[Effect], after: datetime) -> Step:
    """Return the step, in or out of the pause as the two reasons for one now say."""
    holds = position.suspended or position.paused_until is not None
    if holds and position.state in LIVE_STATES:
        position = replace(position, state=_S.PAUSED, paused_from=position.state)
        effects |= {Effect.CLOSE_GATE}
    elif not holds and position.state is _S.PAUSED:
        position = replace(position, state=position.base, paused_from=None)
        effects |= {Effect.OPEN_GATE}
    return Step(planned(position, at.timers, after), effects)


def _says_yes(position: Position, at: Moment) -> Step:
    """Take a new yes: a renewal, or something more. A pause of the person's own goes on."""
    if position.suspended:
        return no(position)
    if is_over(position.exit_end, at.now):
        if is_over(position.valid_until, at.now):
            return no(position, NotTaken.CLOSED)
        return yes(position, at.now, at.timers, _S.RENEWED)
    return no(position, NotTaken.BEFORE_EXIT)


def _says_no(position: Position, at: Moment) -> Step:
    """Take a no to a renewal: it takes back the yes that still stands."""
    del at
    if position.base is not _S.RENEWAL_DUE:
        return no(position)
    return end(position, _S.WITHDRAWN, CLOSE | {Effect.GOODBYE})


def _narrows(position: Position, at: Moment) -> Step:
    del at
    return Step(position, frozenset({Effect.CONFIRM}))


def _pauses(position: Position, at: Moment) -> Step:
    """Begin a pause, or move its end: never further away than the pack allows."""
    latest = months_later(at.now, at.timers.pause_months)
    until = latest if at.until is None else min(at.until, latest)
    if until <= at.now or is_over(position.valid_until, at.now):
        return no(position, NotTaken.CLOSED)
    return _settled(replace(position, paused_until=until), at, frozenset(), at.now)


def _continues(position: Position, at: Moment) -> Step:
    if position.paused_until is None:
        return no(position)
    return _back(replace(position, paused_until=None), at)


def _is_suspended(position: Position, at: Moment) -> Step:
    if position.suspended:
        return no(position)
    return _settled(replace(position, suspended=True), at, frozenset(), at.now)


def _resumes(position: Position, at: Moment) -> Step:
    if not position.suspended:
        return no(position)
    return _back(replace(position, suspended=False), at)


def _back(position: Position, at: Moment) -> Step:
    """Return from one reason for a pause, unless the yes ran out meanwhile."""
    if is_over(position.valid_until, at.now):
        return _expires(position)
    return _settled(position, at, frozenset(), at.now)


def _asks_for_address(position: Position, at: Moment) -> Step:
    """Keep the address that is agreed until the other one is proven."""
    if is_over(position.valid_until, at.now):
        return no(position, NotTaken.CLOSED)
    until = at.now + timedelta(hours=at.timers.address_hours)
    waiting = planned(replace(position, pending_until=until), at.timers, at.now)
    return Step(waiting, frozenset({Effect.VERIFY_ADDRESS}))


def _proves_address(position: Position, at: Moment) -> Step:
    if position.pending_until is None:
        return no(position)
    if is_over(position.pending_until, at.now) or is_over(position.valid_until, at.now):
        return no(position, NotTaken.CLOSED)
    proven = planned(replace(position, pending_until=None), at.timers, at.now)
    return Step(proven, frozenset({Effect.CONFIRM}))


def _notice_changed(position: Position, at: Moment) -> Step:
    """Ask again about a yes to a text that means something else now; soon it ends by itself."""
    if is_over(position.valid_until, at.now) or position.valid_until is None:
        return no(position, NotTaken.CLOSED)
    latest = at.now + timedelta(days=at.timers.notice_days)
    due_now = replace(
        position,
        valid_until=min(position.valid_until, latest),
        renewals=0,
        round=position.round + 1,
    )
    if position.state is _S.PAUSED:
        due_now = replace(due_now, paused_from=_S.RENEWAL_DUE)
    else:
        due_now = replace(due_now, state=_S.RENEWAL_DUE)
    asked = planned(due_now, at.timers, just_asked(at.now))
    return Step(asked, frozenset({Effect.DROP_MAILS, Effect.ASK_RENEWAL}))


def _asked(position: Position, at: Moment) -> Step:
    """Count a renewal mail."""
    most = len(renewal_days(at.timers))
    if position.base is not _S.RENEWAL_DUE or position.renewals >= most:
        return no(position)
    if is_over(position.valid_until, at.now):
        return no(position, NotTaken.CLOSED)
    return Step(replace(position, renewals=position.renewals + 1))


def _not_handed_over(position: Position, at: Moment) -> Step:
    del at
    if position.base is not _S.RENEWAL_DUE or not position.renewals:
        return no(position)
    return Step(replace(position, renewals=position.renewals - 1))


_MOVES: Final[Mapping[Event, Callable[[Position, Moment], Step]]] = {
    Event.ASKED: _asked,
    Event.NOT_HANDED_OVER: _not_handed_over,
    Event.SAID_YES: _says_yes,
    Event.SAID_NO: _says_no,
    Event.NARROWED: _narrows,
    Event.PAUSED: _pauses,
    Event.CONTINUED: _continues,
    Event.SUSPENDED: _is_suspended,
    Event.RESUMED: _resumes,
    Event.ADDRESS_ASKED: _asks_for_address,
    Event.ADDRESS_PROVEN: _proves_address,
    Event.NOTICE_CHANGED: _notice_changed,
}
