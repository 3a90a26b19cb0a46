"""The table of docs/consent-states.md: every step of the lifecycle, asked of the code itself.

`python -m tests.docs.states` writes the table anew.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import Event, Position, Step, step
from alumni_sync.domain import ConsentState

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "consent-states.md"
HEAD: Final = "| from | what happens | to | what follows at once |\n|---|---|---|---|\n"
_TABLE: Final = re.compile(re.escape(HEAD) + r"(?:\|.*\|\n)*")
_NOW: Final = datetime(2026, 11, 3, 9, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_TIMERS: Final = Timers()
_S: Final = ConsentState


def _go(position: Position, event: Event, now: datetime = _NOW) -> Position:
    return step(position, event, now, _TIMERS).position


def positions() -> dict[str, tuple[Position, datetime]]:
    """Return where a consent can stand, by what it is called, with the time it is looked at."""
    new = Position(_S.NOT_ASKED, exit_end=_NOW - 10 * _DAY, key="I-1")
    invited = _go(new, Event.ASKED)
    later, pending = _go(invited, Event.SAID_LATER), _go(invited, Event.ADDRESS_ASKED)
    given = _go(invited, Event.SAID_YES)
    end = given.valid_until or _NOW
    due = _go(given, Event.TIMER, end - 60 * _DAY)
    own, spell = _go(given, Event.PAUSED), _go(given, Event.SUSPENDED)
    both = _go(own, Event.SUSPENDED)
    week, month, quarter = (_NOW + days * _DAY for days in (7, 31, 93))
    found = {
        "not_asked": (new, _NOW),
        "invited": (invited, _NOW),
        "invited, day 7 or 21": (invited, week),
        "invited, time over": (replace(invited, next_at=invited.closes_at), month),
        "deferred": (later, _NOW),
        "deferred, day come": (later, _NOW + 60 * _DAY),
        "address_pending": (pending, _NOW),
        "address_pending, not proven in time": (pending, _NOW + 2 * _DAY),
        "given": (given, _NOW),
        "given, 60 days before its end": (given, end - 60 * _DAY),
        "renewal_due": (due, end - 50 * _DAY),
        "renewal_due, 14 days before its end": (due, end - 14 * _DAY),
        "renewal_due, time over": (due, end),
        "renewed": (_go(due, Event.SAID_YES, end - 50 * _DAY), end - 50 * _DAY),
        "paused by the person": (own, _NOW),
        "paused by the person, day come": (own, quarter),
        "paused by the spell": (spell, _NOW),
        "paused by both": (both, _NOW),
        "paused, time over": (replace(both, paused_until=None, next_at=end), end),
    }
    for state in _S:
        if state not in {position.state for position, _ in found.values()}:
            found[state.value] = (replace(new, state=state, next_at=None), _NOW)
    return found


def rows() -> Iterator[str]:
    """Yield a row for each step that is taken; what the table does not name changes nothing."""
    for name, (position, now) in positions().items():
        for event in Event:
            moved = step(position, event, now, _TIMERS)
            if moved.taken and (event is Event.TIMER) == ("," in name):
                yield _row(name, event, moved)


def _row(name: str, event: Event, moved: Step) -> str:
    position = moved.position
    to = f"`{position.state}`"
    if position.paused_from:
        to += f" (back to `{position.paused_from}`)"
    effects = ", ".join(f"`{effect}`" for effect in sorted(moved.effects))
    if moved.purge_after is not None:
        hours = int(moved.purge_after.total_seconds() // 3600)
        effects += f"{', ' if effects else ''}forgotten after {hours} h"
    return f"| {name} | `{event}` | {to} | {effects} |\n"


def written_anew(page: str) -> str:
    """Return the page with the table as the code has it; its words stay."""
    table = HEAD + "".join(rows())
    return _TABLE.sub(lambda _match: table, page, count=1)


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
