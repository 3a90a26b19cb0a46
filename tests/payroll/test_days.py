"""On which days payroll closes, by rule and holiday region."""

from calendar import monthrange
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from alumni_sync.payroll import (
    BusinessDay,
    CloseRule,
    Dates,
    PayrollCalendar,
    Weekly,
    holiday_calendar,
)

WARSAW = ZoneInfo("Europe/Warsaw")


def days(rule: CloseRule, region: str | None, first: date, last: date) -> list[date]:
    """Return the days of closes from `first` to `last`, both included."""
    calendar = PayrollCalendar("acme", rule, time(18), WARSAW, region)
    start = datetime.combine(first, time(), tzinfo=WARSAW)
    end = datetime.combine(last, time(23, 59), tzinfo=WARSAW)
    return [close.day for close in calendar.closes_between(start, end)]


BUSINESS_DAYS = [
    # rule, region, month, expected close, why
    (-2, "PL", (2026, 10), 29, "the 31st is a Saturday, so Friday the 30th is the last"),
    (-1, "PL", (2026, 10), 30, "the last one itself"),
    (-2, "PL", (2026, 11), 27, "a weekend lies between the last two"),
    (-1, "PL", (2024, 3), 29, "Good Friday is worked in Poland"),
    (-1, "DE", (2024, 3), 28, "and free in Germany"),
    (-1, "DE", (2025, 10), 31, "Reformation Day is not a holiday of the whole country"),
    (-1, "DE-SN", (2025, 10), 30, "but one of Saxony"),
    (-2, "DE-SN", (2025, 10), 29, "which moves the day before, too"),
    (1, "PL", (2026, 1), 2, "New Year's Day"),
    (4, "PL", (2026, 1), 8, "Epiphany lies between"),
    (4, "DE", (2026, 1), 7, "which is a holiday of some German states only"),
    (2, "PL", (2026, 5), 5, "the first is a holiday, the third one on a Sunday"),
    (-4, "PL", (2025, 12), 23, "Christmas Eve is a holiday in Poland since 2025"),
    (-4, "PL", (2024, 12), 24, "and was worked until 2024"),
    (-2, None, (2025, 12), 30, "without a region only weekends count"),
    (-99, "PL", (2026, 2), 2, "a month has no such day: its first"),
    (99, "PL", (2026, 2), 27, "a month has no such day: its last"),
]


@pytest.mark.parametrize(("nth", "region", "month", "expected", "why"), BUSINESS_DAYS)
def test_business_day_of_the_month(
    nth: int, region: str | None, month: tuple[int, int], expected: int, why: str
) -> None:
    """A close on the wrong day pulls leavers before payroll has settled them."""
    first = date(*month, 1)
    last = date(*month, monthrange(*month)[1])
    assert [date(*month, expected)] == days(BusinessDay(nth), region, first, last), why


WEEKS = [
    ("PL", date(2026, 10, 5), date(2026, 10, 31), 4, [9, 16, 23, 30], "Fridays"),
    ("DE", date(2024, 3, 18), date(2024, 3, 31), 4, [22, 28], "Good Friday moves to Thursday"),
    ("PL", date(2026, 4, 1), date(2026, 4, 5), 0, [3], "Easter Monday moves to Friday before"),
    (None, date(2024, 3, 25), date(2024, 3, 31), 4, [29], "no region, no holiday"),
]


@pytest.mark.parametrize(("region", "first", "last", "weekday", "expected", "why"), WEEKS)
def test_weekly(
    region: str | None, first: date, last: date, weekday: int, expected: list[int], why: str
) -> None:
    """A weekly close on a holiday would wait for a file that nobody exports."""
    found = [day.day for day in days(Weekly(weekday), region, first, last)]
    assert expected == found, why


def test_dates_are_taken_as_they_are() -> None:
    """The payroll office's own list overrules weekends, holidays and the order in the file."""
    listed = (date(2026, 12, 26), date(2026, 11, 27), date(2027, 1, 29), date(2026, 11, 27))
    found = days(Dates(listed), "PL", date(2026, 11, 1), date(2026, 12, 31))
    assert [date(2026, 11, 27), date(2026, 12, 26)] == found


@pytest.mark.parametrize("region", ["XX", "DE-QQ", "de", ""])
def test_unknown_region_is_refused_by_name(region: str) -> None:
    """An unknown region taken for "no holidays" would move every close silently."""
    with pytest.raises(ValueError, match="no holidays are known for") as failure:
        holiday_calendar(region)
    assert repr(region) in str(failure.value)


def test_range_that_ends_before_it_starts_is_empty() -> None:
    """A clock set back must not make closes out of nothing."""
    calendar = PayrollCalendar("acme", BusinessDay(-2), time(18), WARSAW, "PL")
    now = datetime(2026, 10, 30, tzinfo=UTC)
    assert [] == calendar.closes_between(now, datetime(2026, 9, 1, tzinfo=UTC))
