"""What time and the spells themselves do to consents: reminders, ends, pauses and their ends.

`run_timers` does what is due by the clock; `react` what became of the spell: the exit was undone,
a new job is agreed or has begun, a case was reopened, upheld or admitted. Both change only what is
to change: a run without news writes nothing. Each consent is a short transaction of its own.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, Integer, RowMapping, Select, and_, bindparam, or_

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import (
    INVITATION,
    open_dossier,
    position_of,
    seal_goodbye,
    select_dossiers,
)
from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import HELD_ONTO, Effect, Event, Step, step
from alumni_sync.consent.standing import ENDINGS, obstacle
from alumni_sync.consent.terms import pack_of
from alumni_sync.consent.transitions import Along, Happening, move_timers, record
from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.columns import UtcDateTime
from alumni_sync.ledger.vault import KeyRing

if TYPE_CHECKING:
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
_NOW: Final = bindparam("now", type_=UtcDateTime)
_COUNTED: Final = {
    Effect.REMIND: "reminders",
    Effect.ASK_RENEWAL: "renewals",
    Effect.OPEN_GATE: "continued",
}


@dataclass(frozen=True, slots=True)
class TimerCounts:
    """What the clock did.

    Attributes:
        reminders: queued.
        renewals: mails queued that ask whether a yes goes on.
        closed: invitations that nobody answered in time.
        ended: consents whose validity is over.
        continued: pauses of the person's own that are over.
    """

    reminders: int = 0
    renewals: int = 0
    closed: int = 0
    ended: int = 0
    continued: int = 0


@dataclass(frozen=True, slots=True)
class ReactionCounts:
    """What became of consents because something became of their spells."""

    suspended: int = 0
    resumed: int = 0
    revoked: int = 0


def run_timers(d: "Deployment", run_id: str, *, page: int = PAGE) -> TimerCounts:
    """Queue what is due, close what was not answered, end what is no longer valid, or a pause."""
    del run_id  # the events say when and why; no run has a part in it
    now = d.clock.now()
    counts: Counter[str] = Counter()
    for row, ring in _rows(d, _due(), now, page):
        counts.update(_tick(d, row["id"], ring, now))
    return TimerCounts(**{field.name: counts[field.name] for field in fields(TimerCounts)})


def _tick(d: "Deployment", invitation_id: str, ring: KeyRing, now: datetime) -> list[str]:
    with d.ledger.write() as connection:
        row = connection.execute(_locked(invitation_id, now)).mappings().one()
        moved = step(position_of(row), Event.TIMER, now, _timers(d, row))
        if not moved.taken:
            return []
        if _tells_nothing_new(row, moved):
            move_timers(connection, row, moved, now)
        else:
            happening = _by_system(Event.TIMER, _reason(row, moved), now)
            record(connection, row, moved, happening, _along(row, ring, moved, lapsed=True))
        return _done(row, moved)


def _tells_nothing_new(row: RowMapping, moved: Step) -> bool:
    """Say whether only what is due next has changed."""
    paused_from = moved.position.paused_from or ""
    return (moved.position.state, paused_from) == (row["state"], row["paused_from"])


def _reason(row: RowMapping, moved: Step) -> str:
    """Return why the clock moved something; part of the record."""
    if moved.position.state is ConsentState.EXPIRED:
        return "not_answered" if row["state"] in _ASKING else "validity_over"
    if Effect.ASK_RENEWAL in moved.effects:
        return "renewal"
    if row["state"] == ConsentState.PAUSED:
        return "pause_over"
    return "asked_later" if row["state"] == ConsentState.DEFERRED else "address_not_proven"


def _done(row: RowMapping, moved: Step) -> list[str]:
    """Return what is counted of a step."""
    effects = moved.effects
    done = [word for effect, word in _COUNTED.items() if effect in effects]
    if moved.position.state is ConsentState.EXPIRED:
        done.append("closed" if row["state"] in _ASKING else "ended")
    return done


def react(d: "Deployment", run_id: str, *, page: int = PAGE) -> ReactionCounts:
    """Bring consents in line with what their spells have become."""
    del run_id  # likewise
    now = d.clock.now()
    counts: Counter[str] = Counter()
    for row, ring in _rows(d, _news(), now, page):
        counts[_follow(d, row["id"], ring, now)] += 1
    return ReactionCounts(counts["suspended"], counts["resumed"], counts["revoked"])


def _follow(d: "Deployment", invitation_id: str, ring: KeyRing, now: datetime) -> str:
    with d.ledger.write() as connection:
        row = connection.execute(_locked(invitation_id, now)).mappings().one()
        event, word = _event_for(row["obstacle"])
        moved = step(position_of(row), event, now, _timers(d, row))
        if not moved.taken:
            return "nothing"
        happening = _by_system(event, row["obstacle"] or "cleared", now)
        record(connection, row, moved, happening, _along(row, ring, moved))
        return word


def _event_for(hindrance: str) -> tuple[Event, str]:
    if hindrance in ENDINGS:
        return (Event.REHIRED if hindrance == "rehire" else Event.ENDED), "revoked"
    return (Event.SUSPENDED, "suspended") if hindrance else (Event.RESUMED, "resumed")


def _by_system(event: Event, reason: str, now: datetime) -> Happening:
    return Happening(event, Actor.SYSTEM, Channel.SYSTEM, now, reason=reason)


def _along(row: RowMapping, ring: KeyRing, moved: Step, *, lapsed: bool = False) -> Along:
    """Return what goes with a step: an address only where somebody is told."""
    if not moved.effects & {Effect.GOODBYE, Effect.WELCOME_BACK}:
        return Along()
    return Along(goodbye=seal_goodbye(open_dossier(row, ring), ring, lapsed=lapsed))


def _timers(d: "Deployment", row: RowMapping) -> Timers:
    """Return the pack's timers; the product's own where its source is not configured any more."""
    known = row["source"] in d.settings.sources
    return pack_of(d, row["source"]).timers if known else Timers()


def _locked(invitation_id: str, now: datetime) -> Any:  # noqa: ANN401 a Select of many columns
    query = select_dossiers(now).where(INVITATION.c.id == invitation_id)
    return query.with_for_update(of=INVITATION)


@cache
def _due() -> Select[Any]:
    """Return the query of what the clock has to do something about."""
    return _page_of(and_(INVITATION.c.state.in_(_WAITING), INVITATION.c.next_at <= _NOW))


@cache
def _news() -> Select[Any]:
    """Return the query of consents that do not say yet what has become of their spells."""
    bars = obstacle(_NOW)
    held_onto = INVITATION.c.state.in_(_HELD_ONTO)
    return _page_of(
        or_(
            and_(held_onto, ~INVITATION.c.suspended, bars != ""),
            and_(held_onto, INVITATION.c.suspended, or_(bars == "", bars.in_(ENDINGS))),
            and_(INVITATION.c.state.in_(_ASKING), bars.in_(ENDINGS)),
        )
    )


def _page_of(condition: ColumnElement[bool]) -> Select[Any]:
    return (
        select_dossiers(_NOW)
        .with_only_columns(INVITATION.c.id, INVITATION.c.person_id)
        .where(condition, INVITATION.c.id > bindparam("after"))
        .order_by(INVITATION.c.id)
        .limit(bindparam("size", type_=Integer()))
    )


def _rows(
    d: "Deployment", query: Select[Any], now: datetime, size: int
) -> Iterator[tuple[RowMapping, KeyRing]]:
    """Yield the invitations that a query finds, with a page's keys, none of them locked."""
    after = ""
    while True:
        values = {"now": now, "after": after, "size": size}
        with d.ledger.read() as connection:
            page: Sequence[RowMapping] = connection.execute(query, values).mappings().all()
        ring = d.ledger.vault.load([row["person_id"] for row in page])
        yield from ((row, ring) for row in page)
        if len(page) < size:
            return
        after = page[-1]["id"]
