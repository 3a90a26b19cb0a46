"""What a member changes: more by a new yes, a purpose closed until a day.

Less is in `consent.answers.decisions`, beside the answers: it asks for nothing. More is a yes like
the first one: on a notice, in a form whose every word is kept.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date
from typing import TYPE_CHECKING

from alumni_sync.consent.answers.acts import (
    Act,
    begin,
    given_of,
    is_suppressed,
    keys,
    refusal,
    write,
)
from alumni_sync.consent.answers.answer import (
    Answer,
    Choice,
    Conflict,
    Evidence,
    Invalid,
    NothingChosen,
    Outcome,
    Stale,
)
from alumni_sync.consent.answers.checks import waiting_until, widened_to
from alumni_sync.consent.answers.view import anew_page
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.ports import Purpose

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


def say_yes_anew(
    d: "Deployment", invitation_id: str, choice: Choice, evidence: Evidence
) -> Outcome:
    """Take a member's new yes: what stands goes on, and what was ticked comes on top of it."""
    if choice.answer is not Answer.YES:
        return NothingChosen()
    ring = keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = begin(d, connection, ring, invitation_id, evidence, choice.nonce, choice.language)
        return yes_on_top(act, choice) if isinstance(act, Act) else act


def yes_on_top(act: Act, choice: Choice) -> Outcome:
    """Take a new yes within an act: what stands goes on, and what was ticked comes on top."""
    agreed = act.dossier.agreed
    moved = step(act.dossier.position, Event.SAID_YES, act.now, act.page.pack.timers)
    if agreed is None or not moved.taken:
        return refusal(act, moved)
    if act.dossier.obstacle or is_suppressed(act, agreed.email):
        return Conflict(act.state, "not_standing")
    act = replace(act, page=anew_page(act.page, agreed, act.dossier.position))
    shown = (act.page.notice.sha256, act.page.form.sha256, act.dossier.row["version"])
    if (choice.notice_sha256, choice.form_sha256, choice.version) != shown:
        return Stale()
    after = widened_to(agreed, choice, act.page, _today(act))
    if isinstance(after, Invalid):
        return after
    given = given_of(act, "yes", after, moved)
    return write(act, Event.SAID_YES, moved, given, after, keeps=after)


def wait_until(
    d: "Deployment",
    invitation_id: str,
    days: Mapping[Purpose, date],
    evidence: Evidence,
    nonce: str,
) -> Outcome:
    """Close purposes until a day: less than before, so it asks for nothing and works at once."""
    ring = keys(d, invitation_id)
    with d.ledger.write() as connection:
        act = begin(d, connection, ring, invitation_id, evidence, nonce, "")
        if not isinstance(act, Act):
            return act
        if act.dossier.agreed is None:
            return Conflict(act.state)
        after = act.dossier.agreed
        for purpose, day in days.items():
            less = waiting_until(after, purpose, day, _today(act))
            if isinstance(less, Invalid):
                return less
            after = less
        moved = step(act.dossier.position, Event.NARROWED, act.now, act.page.pack.timers)
        if not moved.taken:
            return refusal(act, moved)
        given = given_of(act, "not_before", after, moved)
        return write(act, Event.NARROWED, moved, given, after, keeps=after)


def _today(act: Act) -> date:
    return act.now.astimezone(UTC).date()
