"""When a case is due: at the end of the fifth working day, by the calendar of the source."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from alumni_sync.payroll import holiday_calendar, is_business_day
from alumni_sync.sections import Source

if TYPE_CHECKING:
    from holidays import HolidayBase

WORKING_DAYS: Final = 5

_COUNTRIES: Final = {"uk": "GB"}
"""Jurisdictions whose code is not the country's."""


def due_at(opened_at: datetime, source: Source, working_days: int = WORKING_DAYS) -> datetime:
    """Return the end of the last working day, as UTC.

    The day on which a case is opened does not count; weekends and public holidays neither.
    """
    free = holiday_region(source)
    day = opened_at.astimezone(source.timezone).date()
    for _ in range(working_days):
        day = _next_working_day(day, free)
    return datetime.combine(day + timedelta(days=1), time(), source.timezone).astimezone(UTC)


def holiday_region(source: Source) -> "HolidayBase | None":
    """Return the public holidays at a source's site: of its payroll, else of its jurisdiction.

    A jurisdiction that is no country (`eu`) has weekends only.
    """
    if source.payroll is not None and source.payroll.holidays is not None:
        return holiday_calendar(source.payroll.holidays)
    country = _COUNTRIES.get(source.jurisdiction, source.jurisdiction.upper())
    try:
        return holiday_calendar(country)
    except ValueError:
        return None


def _next_working_day(day: date, free: "HolidayBase | None") -> date:
    day += timedelta(days=1)
    while not is_business_day(day, free):
        day += timedelta(days=1)
    return day
