"""When a case is due, and when half of that time is over, by the calendar of the source."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from alumni_sync.payroll import holiday_calendar, is_business_day
from alumni_sync.sections import Source

if TYPE_CHECKING:
    from holidays import HolidayBase

    from alumni_sync.deployment import Deployment

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
    return end_of_day(day, source)


def remind_at(opened_at: datetime, source: Source, working_days: int = WORKING_DAYS) -> datetime:
    """Return when half of the working days are over, as UTC: of five, noon of the third."""
    free = holiday_region(source)
    day = opened_at.astimezone(source.timezone).date()
    for _ in range((working_days + 1) // 2):
        day = _next_working_day(day, free)
    if working_days % 2 == 0:
        return end_of_day(day, source)
    return datetime.combine(day, time(12), source.timezone).astimezone(UTC)


def end_of_day(day: date, source: Source) -> datetime:
    """Return the end of a civil day at the source's site, as UTC."""
    return datetime.combine(day + timedelta(days=1), time(), source.timezone).astimezone(UTC)


def last_day(d: "Deployment", source: str, due: datetime) -> date:
    """Return the civil day, at the source's site, at whose end something is due."""
    known = d.settings.sources.get(source)
    return (due.astimezone(known.timezone if known else UTC) - timedelta(microseconds=1)).date()


def deadlines(d: "Deployment", source: str, opened_at: datetime) -> dict[str, datetime | None]:
    """Return the columns of a case that begins to wait now: due, half of it, nobody told yet.

    A source that was taken out has no calendar: a week, and half of it.
    """
    known = d.settings.sources.get(source)
    week = timedelta(days=7)
    due, half = (
        (due_at(opened_at, known), remind_at(opened_at, known))
        if known is not None
        else (opened_at + week, opened_at + week / 2)
    )
    return {
        "opened_at": opened_at,
        "due_at": due,
        "remind_at": half,
        "reminded_at": None,
        "escalated_at": None,
    }


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
