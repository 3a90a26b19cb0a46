"""Where a consent stands, what a step is, and the days that follow from them. Values only."""

import calendar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle.words import Effect, NotTaken
from alumni_sync.domain import LIVE_STATES, ConsentState

AT_ONCE: Final = timedelta(hours=24)
"""After a refusal, withdrawal, objection or the end of the exit itself (4-consent, Retention)."""
UNANSWERED: Final = timedelta(days=14)
HELD_ONTO: Final = LIVE_STATES | {ConsentState.PAUSED}
"""Somebody said yes, and nothing has ended it."""
STOP_ASKING: Final = frozenset({Effect.USE_LINKS, Effect.DROP_MAILS})
CLOSE: Final = STOP_ASKING | {Effect.CLOSE_GATE}

_MONTHS: Final = 12
_SPREAD: Final = timedelta(days=60)
"""Over so many days the ends of a cohort are spread that said yes on one day, for 24 months."""
_SPREAD_MONTHS: Final = 24
_WINDOW_A_MONTH: Final = timedelta(days=10)
"""A short validity is not asked about for most of its time: at most a third of it."""
_BETWEEN_RENEWALS: Final = timedelta(days=7)
"""A daemon that was down catches up with one mail, not with two."""


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
        round: which time we ask about this spell; a round has its own mails, a renewal is one.
        renewals: mails of this renewal, those of unknown fate included.
        paused_until: end of the person's own pause; None: there is none.
        paused_from: the live state that a pause came from and goes back to; None: not paused.
        suspended: whether the spell speaks against it for now, whatever the person wants.
        pending_until: until then another address can be proven; None: none is to be.
        key: whose consent it is; spreads the ends of consents given on one day.
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
    renewals: int = 0
    paused_until: datetime | None = None
    paused_from: ConsentState | None = None
    suspended: bool = False
    pending_until: datetime | None = None
    key: str = ""

    @property
    def base(self) -> ConsentState:
        """Return the state, looking through a pause."""
        if self.state is ConsentState.PAUSED:
            return self.paused_from or ConsentState.GIVEN
        return self.state


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
    effects: frozenset[Effect] = field(default=frozenset())
    purge_after: timedelta | None = None
    not_taken: NotTaken | None = None

    @property
    def taken(self) -> bool:
        """Say whether anything happened."""
        return self.not_taken is None


def no(position: Position, why: NotTaken = NotTaken.STATE) -> Step:
    """Return a step that is not taken."""
    return Step(position, not_taken=why)


def end(
    position: Position,
    state: ConsentState,
    effects: frozenset[Effect],
    purge_after: timedelta = AT_ONCE,
) -> Step:
    """Return the step into a state in which nothing is waited for any more."""
    ended = replace(
        position,
        state=state,
        next_at=None,
        closes_at=None,
        paused_until=None,
        paused_from=None,
        suspended=False,
        pending_until=None,
    )
    return Step(ended, effects, purge_after)


def anew(position: Position, effects: frozenset[Effect] = frozenset()) -> Step:
    """Return the step into a new round: nothing of the old one counts."""
    fresh = Position(
        ConsentState.NOT_ASKED,
        exit_end=position.exit_end,
        round=position.round + 1,
        key=position.key,
    )
    return Step(fresh, effects)


def yes(position: Position, now: datetime, timers: Timers, state: ConsentState) -> Step:
    """Return the step that a yes is: into `state`, or into a pause that goes on before it."""
    until = valid_until(position.key, now, timers)
    given = replace(
        position, state=state, closes_at=None, valid_until=until, renewals=0, pending_until=None
    )
    effects = STOP_ASKING | {Effect.CONFIRM}
    if position.paused_until is not None:
        given = replace(given, state=ConsentState.PAUSED, paused_from=state)
        return Step(planned(given, timers, now), effects)
    return Step(planned(given, timers, now), effects | {Effect.OPEN_GATE})


def valid_until(key: str, now: datetime, timers: Timers) -> datetime:
    """Return when a yes of `now` ends: 24 months or up to 60 days less, the same for one `key`."""
    months = timers.validity_months
    longest = _SPREAD * months // _SPREAD_MONTHS
    share = int.from_bytes(sha256(key.encode()).digest()[:4], "big")
    return months_later(now, months) - timedelta(days=share % max(1, longest.days))


def renewal_days(timers: Timers) -> list[int]:
    """Return how many days before the end of a yes we ask for another one; the longest first."""
    window = (_WINDOW_A_MONTH * timers.validity_months).days
    return sorted({min(days, window) for days in timers.renewal_days}, reverse=True)


def planned(position: Position, timers: Timers, after: datetime) -> Position:
    """Return a consent that is held onto with its next timer; no renewal mail until `after`."""
    due = [position.valid_until, position.paused_until, position.pending_until]
    if not position.suspended:  # whoever may come back to work here is not asked meanwhile
        due.append(_next_renewal(position, timers, after))
    return replace(position, next_at=min((at for at in due if at is not None), default=None))


def just_asked(now: datetime) -> datetime:
    """Return until when no other renewal mail may follow one that leaves now."""
    return now + _BETWEEN_RENEWALS


def _next_renewal(position: Position, timers: Timers, after: datetime) -> datetime | None:
    """Return when we ask (again) whether the yes goes on; None: not any more."""
    if position.valid_until is None:
        return None
    slots = [position.valid_until - timedelta(days=days) for days in renewal_days(timers)]
    if position.base is not ConsentState.RENEWAL_DUE:
        return slots[0]
    coming = [slot for slot in slots if slot > after]
    return coming[0] if coming and position.renewals < len(slots) else None


def is_over(moment: datetime | None, now: datetime) -> bool:
    """Say whether a moment has come; None: it is not known not to have."""
    return moment is None or now >= moment


def has_come(moment: datetime | None, now: datetime) -> bool:
    """Say whether a moment has come; None: it never does."""
    return moment is not None and now >= moment


def months_later(moment: datetime, months: int) -> datetime:
    """Return the same instant of day some months later; the last day of a shorter month."""
    index = moment.year * _MONTHS + moment.month - 1 + months
    year, month = divmod(index, _MONTHS)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def end_of_day(moment: datetime) -> datetime:
    """Return the last second of a day in UTC: a date that was promised in a mail is kept."""
    return moment.astimezone(UTC).replace(hour=23, minute=59, second=59, microsecond=0)
