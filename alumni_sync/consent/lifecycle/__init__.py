"""The states of a spell's consent and what moves between them. Pure and total.

Every (position, event) has an answer: a step that is taken, or one that is not, with its reason.
Only something that the subject did, after the exit, moves anything to `given`. Silence moves an
invitation, or a yes whose time is over, to `expired`, never anywhere else.

Belongs here: what becomes of a position, and what is to be done about it. Does not belong here: the
ledger, the mails, the clock; `consent.transitions` writes a step down, `consent.rounds` takes those
that time and the spells bring about.
"""

from datetime import datetime

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import asking, members
from alumni_sync.consent.lifecycle.positions import (
    CLOSE,
    HELD_ONTO,
    UNANSWERED,
    Position,
    Step,
    end,
    months_later,
    no,
)
from alumni_sync.consent.lifecycle.words import SUBJECT_EVENTS, Effect, Event, NotTaken
from alumni_sync.domain import ConsentState

__all__ = [
    "HELD_ONTO",
    "SUBJECT_EVENTS",
    "UNANSWERED",
    "Effect",
    "Event",
    "NotTaken",
    "Position",
    "Step",
    "months_later",
    "step",
]


def step(
    position: Position,
    event: Event,
    now: datetime,
    timers: Timers,
    *,
    until: datetime | None = None,
) -> Step:
    """Return what `event` at `now` does to a consent at `position`; never raises.

    Args:
        position: where it stands.
        event: what happens.
        now: aware.
        timers: of the pack that holds for the spell's source.
        until: for `PAUSED`: when the person wants to be back; the latest the pack allows if None.
    """
    if event is Event.ERASED:
        return _erased(position)
    if event is Event.TIMER:
        return _timer(position, now, timers)
    if position.state in HELD_ONTO:
        return members.held_onto(position, event, members.Moment(now, timers, until))
    return asking.asking(position, event, now, timers)


def _erased(position: Position) -> Step:
    if position.state is ConsentState.ERASED:
        return no(position)
    return end(position, ConsentState.ERASED, CLOSE | {Effect.END_LINKS})


def _timer(position: Position, now: datetime, timers: Timers) -> Step:
    if position.next_at is None or now < position.next_at:
        return no(position, NotTaken.NOT_DUE)
    if position.state in HELD_ONTO:
        return members.due(position, members.Moment(now, timers))
    return asking.due(position, now, timers)
