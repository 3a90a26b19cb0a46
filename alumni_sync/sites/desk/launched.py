"""Launching rulings from the desk: a ticket and a reason code a case, and nothing else.

What the reviewer writes is kept sealed with the case before, and goes nowhere; where the ruling is
refused it is taken back, so that nothing has changed. What this person may not see does not exist.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from alumni_sync.domain import Identity, LaunchResult, Ruling
from alumni_sync.errors import Refused
from alumni_sync.review.people.authority import Act
from alumni_sync.review.queue.listing import summary_of
from alumni_sync.review.queue.numbering import case_id
from alumni_sync.review.rulings.comments import keep_comment, take_back_comment
from alumni_sync.review.rulings.steps import Terms
from alumni_sync.review.rulings.tickets import issue
from alumni_sync.sites.desk.shell import Desk
from alumni_sync.turns import aside

LAUNCH_WITHIN: Final = timedelta(minutes=5)
"""How long the ticket of a launch is good, which is used at once."""

Seen = tuple[str, int]
"""A case: its number, and the version that the page showed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ruling as a form names it."""

    ruling: Ruling
    reason: str
    until: date | None
    comment: str


def launch_rulings(
    desk: Desk, identity: Identity, seen: Sequence[Seen], wanted: Wanted
) -> Mapping[str, LaunchResult]:
    """Make one ruling on each case, by one launch; return case → what became of it."""
    results = dict(_hopeless(desk, identity, seen))
    left = [one for one in seen if one[0] not in results]
    kept: dict[str, int] = {}
    for number, version in left:
        try:
            event = _keep_words(desk, identity, number, version, wanted.comment)
        except Refused as refused:
            results[number] = LaunchResult(None, str(refused), refused=True)
        else:
            kept |= {number: event} if event is not None else {}
    left = [one for one in left if one[0] not in results]
    results |= _launch(desk, identity, left, wanted, bulk=len(seen) > 1)
    for number, event in kept.items():
        if results[number].refused:
            take_back_comment(desk.behind.d, event)
    return results


def _hopeless(
    desk: Desk, identity: Identity, seen: Sequence[Seen]
) -> Iterator[tuple[str, LaunchResult]]:
    """Yield the cases that are none, for this person; nothing is launched for them."""
    authority = desk.behind.authority
    for number, _ in seen:
        found = summary_of(desk.behind.d, case_id(number))
        if found is None or not authority.may(identity, Act.SEE_CASE, found[0].source).allowed:
            yield number, LaunchResult(None, f"there is no case {number}", refused=True)


def _keep_words(
    desk: Desk, identity: Identity, number: str, version: int, comment: str
) -> int | None:
    """Keep what was written on the version that was seen; return its event, None for none."""
    d = desk.behind.d
    found = summary_of(d, case_id(number))
    if not comment or found is None or found[0].version != version:
        return None  # the launch says why nothing comes of it, or that it was done before
    return keep_comment(d, number, version, identity, comment)


def _launch(
    desk: Desk, identity: Identity, seen: Sequence[Seen], wanted: Wanted, *, bulk: bool
) -> dict[str, LaunchResult]:
    tickets = [
        issue(
            desk.behind.d.ledger.hashes,
            number,
            version,
            wanted.ruling.value,
            now=desk.clock.now(),
            user=identity.user if identity.verified else "",
            lifetime=LAUNCH_WITHIN,
            terms=Terms(until=wanted.until, bulk=bulk),
        )
        for number, version in seen
    ]
    if not tickets:
        return {}
    with aside():  # a run takes a second: whoever else is at the desk need not wait for it
        made = desk.behind.launcher.launch(tickets, wanted.reason, identity)
    return dict(zip((number for number, _ in seen), made, strict=True))
