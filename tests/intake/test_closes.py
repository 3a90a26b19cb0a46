"""Which payroll closes are due: each once, and no day that is none."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.intake.closes import due_closes, known_close
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import CloseDone, t
from alumni_sync.ledger.upsert import insert_rows
from tests.roster import Roster

OCTOBER = date(2026, 10, 29)
NOVEMBER = date(2026, 11, 27)


@pytest.fixture
def company(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Roster:
    """Return a company whose payroll closes on the last business day but one."""
    return Roster.of(tmp_path, sqlite_ledger, clock)


def _done(company: Roster, source: str, *days: date) -> None:
    now = company.deployment.clock.now()
    rows = [{"source": source, "close": day, "run_id": "R-1", "at": now} for day in days]
    with company.ledger.write() as connection:
        insert_rows(connection, t(CloseDone), rows)


def _due(company: Roster, source: str | None = None) -> list[str]:
    return [close.key for close in due_closes(company.deployment, source)]


def test_each_source_has_its_latest_close_to_do(company: Roster) -> None:
    """A new deployment starts with one close a source, not with years of them."""
    assert ["acme-pl|2026-10-29", "acme-de|2026-10-29"] == _due(company)
    assert ["acme-de|2026-10-29"] == _due(company, "acme-de")


def test_what_is_done_is_not_due(company: Roster, clock: FixedClock) -> None:
    """A close that was taken in must not be taken in at every look."""
    _done(company, "acme-pl", OCTOBER)

    assert ["acme-de|2026-10-29"] == _due(company)

    clock.advance(timedelta(days=60))
    assert ["acme-pl|2026-11-27", "acme-pl|2026-12-30"] == _due(company, "acme-pl")


def test_a_day_that_payroll_closed_on_is_known(company: Roster) -> None:
    """A catch-up by hand must count as the close that it catches up."""
    assert OCTOBER == known_close(company.deployment, "acme-pl", OCTOBER)


@pytest.mark.parametrize(
    "day", [None, date(2026, 10, 28), NOVEMBER, date(2030, 1, 1)], ids=lambda day: f"{day}"
)
def test_another_day_is_a_run_by_hand(company: Roster, day: date | None) -> None:
    """A day in the future, taken for a close that is done, would hide every real one before it."""
    assert known_close(company.deployment, "acme-pl", day) is None


def test_a_source_that_nobody_has_closes_nothing(company: Roster) -> None:
    """Anybody can make a partition of any name; the stage itself then says that it is unknown."""
    assert known_close(company.deployment, "nobody", OCTOBER) is None


def test_a_close_is_due_from_its_hour_on(company: Roster, clock: FixedClock) -> None:
    """Before it, payroll is still at work on the very rows that would be read."""
    _done(company, "acme-pl", OCTOBER)
    clock.set(datetime(2026, 11, 27, 16, 59, tzinfo=UTC))
    assert [] == _due(company, "acme-pl")

    clock.advance(timedelta(minutes=1))
    assert ["acme-pl|2026-11-27"] == _due(company, "acme-pl")
