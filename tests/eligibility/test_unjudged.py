"""Whom nobody has judged is seen, whatever was killed; and looking costs next to nothing."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.eligibility.judging.judge import judge_leavers
from alumni_sync.eligibility.judging.unjudged import unjudged_spells
from alumni_sync.ledger.runs import RunOf, RunStatus, begin_run, end_stage
from alumni_sync.ledger.store import Ledger
from tests.conftest import NOW
from tests.roster import Roster


@pytest.fixture
def roster(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Roster:
    """Return an empty company on either database."""
    return Roster.of(tmp_path, ledger, clock)


def _run(roster: Roster, *stages: str, source: str = "acme-pl", run_id: str = "R-1") -> None:
    """Record a run that came through some stages and was killed then."""
    run, clock = RunOf(run_id, "after_payroll_close", source), roster.deployment.clock
    begin_run(roster.ledger, clock, run)
    for stage in stages:
        end_stage(roster.ledger, clock, run, stage, RunStatus.DONE, {})


def _unjudged(roster: Roster, limit: int = 500) -> tuple[str, ...]:
    return unjudged_spells(roster.deployment, limit)


@pytest.mark.parametrize("stages", [(), ("leavers",)], ids=["while reading", "before judging"])
def test_new_and_changed_leavers_of_a_killed_run_are_seen(
    roster: Roster, stages: tuple[str, ...]
) -> None:
    """A verdict on facts of last month is no verdict."""
    changed, _same = roster.add(), roster.add()
    judge_leavers(roster.deployment, run_id="R-0")
    roster.change(changed, exit_kind="misconduct")
    new = roster.add()
    roster.add("acme-de")  # that source's own run is on its way
    _run(roster, *stages)

    assert tuple(sorted([changed.spell, new.spell])) == _unjudged(roster)
    assert 1 == len(_unjudged(roster, 1))
    judge_leavers(roster.deployment, run_id="R-2")
    assert () == _unjudged(roster)


@pytest.mark.parametrize(
    ("stages", "days"),
    [(("leavers", "eligibility"), 0), (("leavers",), 3)],
    ids=["judged", "long ago"],
)
def test_spells_are_not_even_looked_at_while_all_is_well(
    tmp_path: Path, sqlite_ledger: Ledger, stages: tuple[str, ...], days: int
) -> None:
    """A hundred thousand rows every ten seconds, for a run that was killed last year."""
    clock = FixedClock(NOW)
    roster = Roster.of(tmp_path, sqlite_ledger, clock)
    _run(roster, *stages)
    clock.advance(timedelta(days=days))
    roster.add()

    assert () == _unjudged(roster)


@pytest.mark.parametrize(
    "gone", [{"sealed": None}, {"source": "acme-old"}], ids=["purged", "source taken out"]
)
def test_whom_nobody_can_judge_is_not_asked_for(roster: Roster, gone: dict[str, Any]) -> None:
    """A run would be requested for ever, and do nothing."""
    leaver = roster.add()
    roster.set(leaver, **gone)
    _run(roster, "leavers")
    _run(roster, "leavers", source="acme-old", run_id="R-2")

    assert () == _unjudged(roster)


def test_who_was_erased_is_not_judged(roster: Roster) -> None:
    """There is nothing left on which to judge."""
    roster.set_person(roster.add(), erased_at=NOW)
    _run(roster, "leavers")

    assert () == _unjudged(roster)
