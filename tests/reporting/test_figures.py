"""What the programme report counts, on both databases, and what it keeps to itself."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.domain import ConsentState
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Invitation, Membership, Spell, t
from alumni_sync.reporting.figures import Figures, read_figures
from alumni_sync.reporting.funnel import Line, stage_share
from tests.raw_rows import RawLedger

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
ASKED = datetime(2026, 10, 29, 17, 10, tzinfo=UTC)
OCTOBER, JUNE, LONG_AGO = date(2026, 10, 15), date(2026, 6, 30), date(2011, 3, 31)
GIVEN = ConsentState.GIVEN


class Reader:
    """As much of a deployment as the report needs: a ledger and a clock."""

    def __init__(self, ledger: Ledger) -> None:
        """Stand still at `NOW`."""
        self.ledger = ledger
        self.clock = FixedClock(NOW)

    def figures(self) -> Figures:
        """Return the figures."""
        return read_figures(self)  # type: ignore[arg-type]  # a deployment's ledger and clock


@pytest.fixture
def community(ledger: Ledger) -> RawLedger:
    """Return a ledger of some months, every cell of it known."""
    raw = RawLedger(ledger, ASKED)
    for _ in range(7):  # joined
        raw.member(raw.invite(raw.leaver(left=OCTOBER), GIVEN, step=timedelta(days=2)))
    for _ in range(6):  # silent so far
        raw.invite(raw.leaver(left=OCTOBER))
    for _ in range(5):  # stays out
        raw.leaver(left=OCTOBER, verdict="excluded")
    for _ in range(6):  # left long ago, said yes, not on the platform yet
        raw.invite(raw.leaver(left=LONG_AGO), GIVEN, step=timedelta(days=2))
    for _ in range(8):
        raw.leaver(left=JUNE, source="acme-de")
    raw.leaver(left=date(2026, 12, 31), verdict="held")  # has not left yet
    raw.leaver(left=OCTOBER, verdict="held", status="rescinded")
    return raw


def cells(line: Line) -> tuple[int | None, ...]:
    """Return the cells of a line in the order of the stages."""
    return tuple(line.cells.values())


def test_every_stage_is_counted_by_source_and_month(community: RawLedger) -> None:
    """Whoever decides on the programme's money reads exactly these numbers."""
    funnel = Reader(community.ledger).figures().funnel
    assert (32, 27, 19, 13, 7) == cells(funnel.total)
    lines = {(line.source, line.month): cells(line) for line in funnel.months}
    assert {
        ("acme-pl", "2026-10"): (18, 13, 13, 7, None),
        ("acme-pl", "earlier"): (6, 6, None, None, None),  # or it would tell that Germany has none
        ("acme-de", "2026-06"): (8, 8, None, None, None),
    } == lines
    assert ["acme-de", "acme-pl"] == [line.source for line in funnel.sources]
    assert ["2026-10", "earlier"] == [line.month for line in funnel.of("acme-pl")]


def test_who_was_admitted_counts_as_eligible(ledger: Ledger) -> None:
    """An admitted leaver who stayed in the column of the excluded would be judged twice."""
    raw = RawLedger(ledger, ASKED)
    for number in range(1, 7):
        raw.case(raw.leaver(verdict="review"), status="admitted", number=number)
    for number in range(7, 13):
        raw.case(raw.leaver(verdict="review"), status="open", number=number)
    figures = Reader(ledger).figures()
    assert {"eligible": 6, "review": 6} == dict(figures.verdicts)
    assert 6 == figures.funnel.total.cells["eligible"]


def test_verdicts_add_up_to_the_leavers_of_the_funnel(community: RawLedger) -> None:
    """Two totals that differ by two people would show the two that neither of them shows."""
    figures = Reader(community.ledger).figures()
    assert {"eligible": 27, "excluded": 5} == dict(figures.verdicts)
    assert sum(filter(None, figures.verdicts.values())) == figures.funnel.total.cells["leavers"]


def test_days_between_mail_and_yes(community: RawLedger) -> None:
    """The spacing of reminders is decided by how long people take to answer."""
    figures = Reader(community.ledger).figures()
    assert 2.0 == figures.median_days
    assert "1-2 days" in figures.days_to_yes


def test_few_answers_give_no_median(ledger: Ledger) -> None:
    """A median of one is somebody's own answer."""
    raw = RawLedger(ledger, ASKED)
    raw.invite(raw.leaver(), GIVEN)
    figures = Reader(ledger).figures()
    assert figures.median_days is None
    assert figures.funnel.total.cells["yes"] is None


def test_alumni_who_come_back_are_counted_once(community: RawLedger) -> None:
    """Boomerang hires are what the management asks about first."""
    members, spells = t(Membership), t(Spell)
    with community.ledger.write() as connection:
        joined = connection.execute(members.select()).fetchall()
        for row in joined[:6]:
            change = spells.update().where(spells.c.id == row.spell_id)
            connection.execute(change.values(rehire_on=date(2026, 12, 1)))
    assert 6 == Reader(community.ledger).figures().boomerangs


def test_reasons_why_people_cannot_be_asked(ledger: Ledger) -> None:
    """HR can repair a missing exit form only if somebody says how often it is missing."""
    raw = RawLedger(ledger, ASKED)
    for reason, times in (("no_evidence", 9), ("no_address", 6)):
        for _ in range(times):
            who = raw.invite(raw.leaver())
            table = t(Invitation)
            change = table.update().where(table.c.id == who.invitation)
            with ledger.write() as connection:
                connection.execute(
                    change.values(state="no_contact", asked=0, no_contact_reason=reason)
                )
    assert {"no_evidence": 9, "no_address": 6} == dict(Reader(ledger).figures().no_contact)


def test_an_empty_programme_has_a_report(sqlite_ledger: Ledger) -> None:
    """The first day's report must not fail, nor invent a zero that speaks of everybody."""
    figures = Reader(sqlite_ledger).figures()
    assert (None,) * 5 == cells(figures.funnel.total)
    assert ({}, {}, {}) == (figures.verdicts, figures.no_contact, figures.days_to_yes)
    assert figures.median_days is None


def test_numbers_are_plain_json(community: RawLedger) -> None:
    """Dagster's metadata and `report --json` take nothing else."""
    numbers = Reader(community.ledger).figures().numbers()
    assert numbers == json.loads(json.dumps(numbers))
    june = next(line for line in numbers["funnel"] if line["month"] == "2026-06")
    assert ("acme-de", 8, None) == (june["source"], june["leavers"], june["member"])


def test_share_of_a_stage_needs_both_cells() -> None:
    """A share beside a hidden cell would give it away."""
    line = Line("", "", {"leavers": 20, "eligible": 10, "invited": None, "yes": 5, "member": 5})
    shares = [stage_share(line, stage) for stage in line.cells]
    assert [None, 0.5, None, None, 1.0] == shares
