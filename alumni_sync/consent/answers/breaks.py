"""A member's own break: hidden for one to three months, and back by itself or at their word."""

from typing import TYPE_CHECKING

from alumni_sync.consent.answers.acts import Act, begin, given_of, keys, refusal, write
from alumni_sync.consent.answers.answer import Evidence, Invalid, Outcome
from alumni_sync.consent.lifecycle import Event, Step, months_later, step

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


def pause(
    d: "Deployment", invitation_id: str, months: int, evidence: Evidence, nonce: str
) -> Outcome:
    """Begin the person's own pause, or move its end: hidden, and back by itself after `months`."""
    ring = keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = begin(d, connection, ring, invitation_id, evidence, nonce, "")
        if not isinstance(act, Act):
            return act
        timers = act.page.pack.timers
        if not 1 <= months <= timers.pause_months:
            return Invalid((("months", "not_offered"),))
        until = months_later(act.now, months)
        moved = step(act.dossier.position, Event.PAUSED, act.now, timers, until=until)
        return _paused(act, Event.PAUSED, moved)


def end_pause(d: "Deployment", invitation_id: str, evidence: Evidence, nonce: str) -> Outcome:
    """End the person's own pause at once."""
    ring = keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = begin(d, connection, ring, invitation_id, evidence, nonce, "")
        if not isinstance(act, Act):
            return act
        moved = step(act.dossier.position, Event.CONTINUED, act.now, act.page.pack.timers)
        return _paused(act, Event.CONTINUED, moved)


def _paused(act: Act, event: Event, moved: Step) -> Outcome:
    agreed = act.dossier.agreed
    if not moved.taken or agreed is None:
        return refusal(act, moved)
    given = given_of(act, "pause" if event is Event.PAUSED else "continue", agreed, moved)
    return write(act, event, moved, given, agreed)
