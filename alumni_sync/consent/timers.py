"""What time and the spells themselves do to consents: reminders, ends, pauses and their ends.

`run_timers` does what is due by the clock; `react` what became of the spell: the exit was undone,
a new job is agreed or has begun, a case was reopened, upheld or admitted. Both change only what is
to change: a run without news writes nothing. Each consent is a short transaction of its own.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, RowMapping, and_, or_

from alumni_sync.consent.answers import Channel
from alumni_sync.consent.dossier import INVITATION, position_of, select_dossiers
from alumni_sync.consent.lifecycle import HELD_ONTO, Effect, Event, step
from alumni_sync.consent.standing import ENDINGS, obstacle
from alumni_sync.consent.terms import pack_of
from alumni_sync.consent.transitions import Happening, move_timers, record
from alumni_sync.domain import Actor, ConsentState

if TYPE_CHECKING:
    from alumni_sync.consent.jurisdictions import Timers
    from alumni_sync.deployment import Deployment

PAGE: Final = 100
_HELD_ONTO: Final = tuple(sorted(state.value for state in HELD_ONTO))
_ASKING: Final = (
    ConsentState.NOT_ASKED.value,
    ConsentState.INVITED.value,
    ConsentState.DEFERRED.value,
    ConsentState.ADDRESS_PENDING.value,
)
_WAITING: Final = (*_ASKING, *_HELD_ONTO)


@dataclass(frozen=True, slots=True)
class TimerCounts:
    """What the clock did.

    Attributes:
        reminders: queued.
        closed: invitations that nobody answered in time.
        ended: consents whose validity is over.
    """

    reminders: int = 0
    closed: int = 0
    ended: int = 0


@dataclass(frozen=True, slots=True)
class ReactionCounts:
    """What became of consents because something became of their spells."""

    suspended: int = 0
    resumed: int = 0
    revoked: int = 0


def run_timers(d: "Deployment", run_id: str, *, page: int = PAGE) -> TimerCounts:
    """Queue due reminders, close what was not answered, end what is no longer valid."""
    del run_id  # the events say when and why; no run has a part in it
    now = d.clock.now()
    due = and_(INVITATION.c.state.in_(_WAITING), INVITATION.c.next_at <= now)
    counts: Counter[str] = Counter()
    for row in _rows(d, due, now, page):
        counts[_tick(d, row["id"], now)] += 1
    return TimerCounts(counts["reminders"], counts["closed"], counts["ended"])


def _tick(d: "Deployment", invitation_id: str, now: datetime) -> str:
    with d.ledger.write() as connection:
        row = connection.execute(_locked(invitation_id, now)).mappings().one()
        moved = step(position_of(row), Event.TIMER, now, _timers(d, row))
        if not moved.taken:
            return "nothing"
        if moved.position.state is not ConsentState.EXPIRED:
            if moved.position.state == row["state"]:
                move_timers(connection, row, moved, now)
            else:
                record(connection, row, moved, _by_system(Event.TIMER, "asked_later", now))
            return "reminders" if Effect.REMIND in moved.effects else "nothing"
        answered = row["state"] not in _ASKING
        reason = "validity_over" if answered else "not_answered"
        record(connection, row, moved, _by_system(Event.TIMER, reason, now))
        return "ended" if answered else "closed"


def react(d: "Deployment", run_id: str, *, page: int = PAGE) -> ReactionCounts:
    """Bring consents in line with what their spells have become."""
    del run_id  # likewise
    now = d.clock.now()
    bars = obstacle(now)
    held_onto = INVITATION.c.state.in_(_HELD_ONTO)
    news = or_(
        and_(held_onto, ~INVITATION.c.suspended, bars != ""),
        and_(held_onto, INVITATION.c.suspended, or_(bars == "", bars.in_(ENDINGS))),
        and_(INVITATION.c.state.in_(_ASKING), bars.in_(ENDINGS)),
    )
    counts: Counter[str] = Counter()
    for row in _rows(d, news, now, page):
        counts[_follow(d, row["id"], now)] += 1
    return ReactionCounts(counts["suspended"], counts["resumed"], counts["revoked"])


def _follow(d: "Deployment", invitation_id: str, now: datetime) -> str:
    with d.ledger.write() as connection:
        row = connection.execute(_locked(invitation_id, now)).mappings().one()
        event, word = _event_for(row["obstacle"])
        moved = step(position_of(row), event, now, _timers(d, row))
        if not moved.taken:
            return "nothing"
        record(connection, row, moved, _by_system(event, row["obstacle"] or "cleared", now))
        return word


def _event_for(hindrance: str) -> tuple[Event, str]:
    if hindrance in ENDINGS:
        return Event.ENDED, "revoked"
    return (Event.SUSPENDED, "suspended") if hindrance else (Event.RESUMED, "resumed")


def _by_system(event: Event, reason: str, now: datetime) -> Happening:
    return Happening(event, Actor.SYSTEM, Channel.SYSTEM, now, reason=reason)


def _timers(d: "Deployment", row: RowMapping) -> "Timers":
    return pack_of(d, row["source"]).timers


def _locked(invitation_id: str, now: datetime) -> Any:  # noqa: ANN401 a Select of many columns
    query = select_dossiers(now).where(INVITATION.c.id == invitation_id)
    return query.with_for_update(of=INVITATION)


def _rows(
    d: "Deployment", condition: ColumnElement[bool], now: datetime, size: int
) -> Iterator[RowMapping]:
    """Yield the invitations that a condition finds, page by page, none of them locked."""
    after = ""
    while True:
        query = (
            select_dossiers(now)
            .with_only_columns(INVITATION.c.id)
            .where(condition, INVITATION.c.id > after)
            .order_by(INVITATION.c.id)
            .limit(size)
        )
        with d.ledger.read() as connection:
            page: Sequence[RowMapping] = connection.execute(query).mappings().all()
        yield from page
        if len(page) < size:
            return
        after = page[-1]["id"]
