"""Proposals that nobody stands by any more: the case waits for a first person again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.errors import Refused
from alumni_sync.ledger.store import Ledger
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.review.rulings.offers import offers
from alumni_sync.review.telling.mails import tell_deciders
from tests.review.queue_of import PEOPLE, Desk, who
from tests.roster import Leaver

LATER = datetime(2026, 11, 6, 11, tzinfo=UTC)
"""After noon of the third working day."""


def without(user: str) -> list[dict[str, Any]]:
    """Return the people, one of them gone from the configuration."""
    return [person for person in PEOPLE if person["user"] != user]


def proposed(root: Path, ledger: Ledger, clock: FixedClock) -> Leaver:
    """Return a leaver on whose case `rev` has proposed something."""
    desk = Desk.mailing(root, ledger, clock)
    leaver = desk.roster.add(exit_kind="misconduct")
    desk.round()
    desk.rule(leaver, "admit", "rev")
    return leaver


def test_a_round_lets_the_case_wait_for_a_first_person(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """A case that says it waits for a second person, and waits for a first, waits for ever."""
    grave = proposed(tmp_path, ledger, clock)
    desk = Desk.mailing(tmp_path, ledger, clock, people=without("rev"))

    assert 1 == sync_queue(desk.d, run_id="R-2").open

    case = desk.case(grave)
    assert ("open", 3) == (case.status, case.version)
    assert ("proposal_void", "system", "") == desk.events(grave)[-1]
    assert "awaiting_second" == desk.rule(grave, "admit", "rev2").status
    assert "admitted" == desk.rule(grave, "admit", "sec").status


def test_whoever_may_be_the_first_is_told(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The seconds were told of it; whoever has to begin anew was not."""
    proposed(tmp_path, sqlite_ledger, clock)
    desk = Desk.mailing(tmp_path, sqlite_ledger, clock, people=without("rev"))
    clock.set(LATER)
    tell_deciders(desk.d)
    assert {"sec@acme.example", "both@acme.example"} == {one.to for one in desk.post.sent}
    desk.post.sent.clear()

    sync_queue(desk.d, run_id="R-2")
    tell_deciders(desk.d)

    assert {"r2@acme.example", "both@acme.example"} == {one.to for one in desk.post.sent}


def test_a_round_leaves_a_proposal_that_stands(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """A second person must not find the case open again for no reason."""
    grave = proposed(tmp_path, ledger, clock)
    desk = Desk.mailing(tmp_path, ledger, clock, people=without("rev2"))
    before = desk.case(grave)

    sync_queue(desk.d, run_id="R-2")

    assert before == desk.case(grave)


def test_a_first_who_is_too_near_by_now_is_none(
    tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    """That somebody is the leaver's manager may be known only after they proposed to admit."""
    grave = proposed(tmp_path, ledger, clock)
    near = [{**PEOPLE[0], "manager": f"acme-pl/{grave.number}"}, *PEOPLE[1:]]
    desk = Desk.mailing(tmp_path, ledger, clock, people=near)

    with pytest.raises(Refused, match="what rev proposed is void: the case is not theirs"):
        desk.rule(grave, "admit", "sec")

    assert offers(desk.d, desk.number(grave), who("sec")).proposal is None
    assert "awaiting_second" == desk.rule(grave, "admit", "both").status
