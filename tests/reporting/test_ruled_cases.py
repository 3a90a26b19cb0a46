"""What the report says of how cases were ruled on: all of it counted, none of it by reviewer."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Ruling
from alumni_sync.ledger.store import Ledger
from alumni_sync.reporting.figures import read_figures
from alumni_sync.reporting.page import render_report
from alumni_sync.reporting.ruled_cases import NOTHING_RULED, RuledCases
from alumni_sync.reporting.screen import screen
from alumni_sync.review.record.dossier import show_case
from alumni_sync.review.rulings.bulk import rule_cases
from tests.review.queue_of import Desk, who
from tests.roster import Leaver


@pytest.fixture
def desk(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Desk:
    """Return an empty queue on either database."""
    return Desk.mailing(tmp_path, ledger, clock)


def cases(desk: Desk, number: int) -> list[Leaver]:
    """Open some cases."""
    leavers = [desk.roster.add(exit_kind="performance") for _ in range(number)]
    desk.round()
    return leavers


def in_bulk(desk: Desk, leavers: Sequence[Leaver], ruling: Ruling, reason: str) -> None:
    """Rule on all of them by one act."""
    numbers = [desk.number(leaver) for leaver in leavers]
    rule_cases(desk.d, numbers, ruling=ruling, reason=reason, identity=who("rev"), run_id="R-bulk")


def test_q12_overrides_bulk_one_click_and_time_are_reported(desk: Desk, clock: FixedClock) -> None:
    """A queue where everything is upheld in seconds is evidence against us: it must be seen."""
    looked, clicked, bulk, admitted = (cases(desk, number) for number in (6, 7, 12, 15))
    clock.advance(timedelta(days=2))
    for leaver in looked:
        show_case(desk.d, desk.number(leaver), who("rev"))
        desk.rule(leaver, "uphold")
    for leaver in clicked:
        desk.rule(leaver, "uphold")
    in_bulk(desk, bulk, Ruling.UPHOLD, "confirmed")
    for leaver in admitted[:5]:
        show_case(desk.d, desk.number(leaver), who("rev2"))
        desk.rule(leaver, "admit", "rev2")
    for leaver in admitted[5:10]:
        desk.rule(leaver, "admit", "rev2")
    in_bulk(desk, admitted[10:], Ruling.ADMIT, "code_wrong")
    for leaver in cases(desk, 6):
        desk.roster.set(leaver, purge_after=clock.now())
    desk.round("R-2")

    found = read_figures(desk.d).ruled

    assert (
        RuledCases(
            total=46,
            ended={"admitted": 15, "upheld": 25, "expired": 6},
            ways={
                "admitted": {"looked": 5, "one_click": 5, "bulk": 5},
                "upheld": {"looked": 6, "one_click": 7, "bulk": 12},
            },
            median_days=2.0,
        )
        == found
    )
    assert (15 / 40, 17 / 40, 12 / 25, 7 / 25) == (
        found.override_rate,
        found.bulk_share,
        found.share("upheld", "bulk"),
        found.share("upheld", "one_click"),
    )
    numbers = json.dumps(read_figures(desk.d).numbers())
    page, lines = render_report(desk.d), "\n".join(screen(read_figures(desk.d)))
    for text in (numbers, page, lines):
        assert "rev" not in text.replace("reviewer", "").replace("review", "")
    assert "38\u202f%" in page
    assert "upheld with others, by one act" in page
    assert "days from a case to its ruling" in lines


def test_few_rulings_are_nobody_s_business(desk: Desk) -> None:
    """Two overrides of one month point at two people whom colleagues can name."""
    leavers = cases(desk, 9)
    for leaver in leavers[:2]:
        desk.rule(leaver, "admit")
    for leaver in leavers[2:]:
        desk.rule(leaver, "uphold")

    found = read_figures(desk.d).ruled

    assert (9, None, None, None) == (
        found.total,
        found.ended["admitted"],
        found.override_rate,
        found.bulk_share,
    )
    assert None is found.ended["upheld"]


def test_the_median_counts_from_the_last_reopening(desk: Desk, clock: FixedClock) -> None:
    """A case that opened again after a year has not waited a year."""
    leavers = cases(desk, 5)
    for leaver in leavers:
        desk.rule(leaver, "uphold")
    clock.advance(timedelta(days=300))
    for leaver in leavers:
        desk.roster.change(leaver, exit_kind="unknown")
    desk.round("R-2")
    clock.advance(timedelta(days=3))
    for leaver in leavers:
        desk.rule(leaver, "uphold")

    assert 1.5 == read_figures(desk.d).ruled.median_days


def test_where_nobody_ruled_nothing_is_said(desk: Desk) -> None:
    """An empty table would only be puzzled over."""
    cases(desk, 1)

    assert NOTHING_RULED == read_figures(desk.d).ruled
    assert "How people ruled" not in render_report(desk.d)
