"""Until when a request is answered: a day too many is a breach, a day too few a false alarm."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from alumni_sync.consent.jurisdictions import RequestTerms, load_pack
from alumni_sync.privacy.deadlines import due_at, last_day
from alumni_sync.shipped import shipped

WARSAW = ZoneInfo("Europe/Warsaw")


def _last(received: str, *, extended: bool = False, zone: ZoneInfo = WARSAW) -> date:
    instant = datetime.fromisoformat(received).replace(tzinfo=zone)
    country = "PL"
    return last_day(due_at(instant, zone, country, RequestTerms(), extended=extended), zone)


@pytest.mark.parametrize(
    ("received", "last"),
    [
        ("2026-03-05T09:00", date(2026, 4, 7)),  # 5 April is Easter Sunday, 6 April a holiday
        ("2026-06-15T23:59", date(2026, 7, 15)),
        ("2026-01-31T00:00", date(2026, 3, 2)),  # 28 February is a Saturday
        ("2028-01-31T12:00", date(2028, 2, 29)),
        ("2026-08-31T12:00", date(2026, 9, 30)),
        ("2026-12-15T12:00", date(2027, 1, 15)),
        ("2026-10-11T12:00", date(2026, 11, 12)),  # 11 November is a holiday
    ],
)
def test_a_month_ends_as_the_regulation_counts(received: str, last: date) -> None:
    """Regulation 1182/71, art. 3: same number, last day of a short month, next working day."""
    assert last == _last(received)


def test_an_extension_ends_three_months_after_the_receipt() -> None:
    """Two further months run on from the first one, not from the day of the letter about it."""
    assert date(2026, 9, 15) == _last("2026-06-15T12:00", extended=True)


def test_the_day_is_that_of_the_site() -> None:
    """Received at 23:30 UTC on the 14th it is the 15th in Warsaw, and the whole last day counts."""
    received = datetime(2026, 6, 14, 23, 30, tzinfo=UTC)

    due = due_at(received, WARSAW, "PL", RequestTerms())

    assert datetime(2026, 7, 15, 22, 0, tzinfo=UTC) == due


def test_russia_counts_working_days() -> None:
    """152-FZ, art. 20: a month would be three weeks late."""
    pack, zone = load_pack(shipped("rules"), "ru"), ZoneInfo("Europe/Moscow")
    received = datetime(2026, 6, 8, 12, 0, tzinfo=zone)  # 12 June is a holiday

    plain = due_at(received, zone, pack.holidays, pack.requests)
    extended = due_at(received, zone, pack.holidays, pack.requests, extended=True)

    assert (date(2026, 6, 23), date(2026, 6, 30)) == (
        last_day(plain, zone),
        last_day(extended, zone),
    )
