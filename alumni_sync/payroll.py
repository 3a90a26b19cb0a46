"""Payroll calendars: which payroll closes of a source are due. Pure: the clock is an argument.

A close is a civil day at the site and an hour there. It is only a trigger: a run takes everything
that changed or became effective until then, so a close that was missed is caught up once, and
never twice. Days are worked out with the public holidays of the site's country.
"""

import calendar
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol, assert_never
from zoneinfo import ZoneInfo

from holidays import country_holidays, list_supported_countries

from alumni_sync.domain import PayrollClose

if TYPE_CHECKING:
    from holidays import HolidayBase

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SATURDAY: Final = 5
DECEMBER: Final = 12
LOOK_BACK: Final = timedelta(days=400)
"""How far the latest due close is searched for; a calendar has at least one close a year."""


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """The nth business day of each month: 1 is the first, -1 the last, -2 the one before it."""

    nth: int


@dataclass(frozen=True, slots=True)
class Weekly:
    """One day of each week (0 is Monday); on a holiday, the business day before it."""

    weekday: int


@dataclass(frozen=True, slots=True)
class Dates:
    """Exactly these days, whatever they are: the payroll office knows best."""

    days: tuple[date, ...]


CloseRule = BusinessDay | Weekly | Dates


class PayrollSettings(Protocol):
    """What `payroll:` of a source gives (see `alumni_sync.settings`)."""

    @property
    def rule(self) -> CloseRule:
        """Return on which days payroll closes."""

    @property
    def at(self) -> time:
        """Return the local time of day from which a close is due."""

    @property
    def holidays(self) -> str | None:
        """Return the holiday region, `PL` or `DE-SN`; None counts weekends only."""


@dataclass(frozen=True, slots=True)
class PayrollCalendar:
    """The payroll closes of one source.

    Attributes:
        source: name in `alumni_sync.yaml`.
        rule: on which days payroll closes.
        at: local wall time from which a close is due. A time that the site's clocks skip counts
            as that much later; one that they show twice counts the first time.
        timezone: the site's time zone.
        holidays: `PL`, or with a subdivision `DE-SN`; None counts weekends only.
    """

    source: str
    rule: CloseRule
    at: time
    timezone: ZoneInfo
    holidays: str | None = None

    @classmethod
    def of(cls, source: str, settings: PayrollSettings, timezone: ZoneInfo) -> "PayrollCalendar":
        """Return the calendar that `settings` describe for a site in `timezone`."""
        return cls(source, settings.rule, settings.at, timezone, settings.holidays)

    def close_on(self, day: date) -> PayrollClose:
        """Return the close of `day`; whether the rule has one that day is not asked."""
        local = datetime.combine(day, self.at, tzinfo=self.timezone)
        return PayrollClose(self.source, day, local.astimezone(UTC))

    def closes_between(self, after: datetime, until: datetime) -> list[PayrollClose]:
        """Return the closes due later than `after` and not later than `until`, in order.

        Both instants are aware. The list is empty where `until` is not later than `after`.
        """
        first = after.astimezone(self.timezone).date()
        last = until.astimezone(self.timezone).date()
        closes = (self.close_on(day) for day in sorted(set(self._days(first, last))))
        return [close for close in closes if after < close.at <= until]

    def due_closes(
        self, since: datetime | None, now: datetime, done: Collection[date]
    ) -> list[PayrollClose]:
        """Return the closes that are due at `now` and not `done`, in order.

        Args:
            since: closes up to this instant are history. None: whatever came before the latest
                close that is done, and, where none is done yet, before the latest one due: a new
                deployment starts with one close, not with years of them.
            now: aware.
            done: days of closes that were taken in completely.
        """
        start = self._start(now, done) if since is None else since
        return [close for close in self.closes_between(start, now) if close.day not in done]

    def next_close(self, now: datetime) -> PayrollClose | None:
        """Return the first close later than `now`; None when a list of dates is used up."""
        closes = self.closes_between(now, now + LOOK_BACK)
        return closes[0] if closes else None

    def _start(self, now: datetime, done: Collection[date]) -> datetime:
        if done:
            return self.close_on(max(done)).at
        past = self.closes_between(now - LOOK_BACK, now)
        return past[-1].at - timedelta(microseconds=1) if past else now

    def _days(self, first: date, last: date) -> Iterator[date]:
        """Yield the days of closes in a range of civil days; some may lie just outside of it."""
        free = holiday_calendar(self.holidays)
        match self.rule:
            case BusinessDay(nth):
                for year, month in _months(first, last):
                    yield _nth_business_day(year, month, nth, free)
            case Weekly(weekday):
                # One week more: a close may be moved before a holiday, into the range.
                monday = first - timedelta(days=first.weekday())
                while monday <= last + timedelta(weeks=1):
                    yield _business_day_before(monday + timedelta(days=weekday), free)
                    monday += timedelta(weeks=1)
            case Dates(days):
                yield from days
            case _:
                assert_never(self.rule)


_YEARS: Final = range(2015, 2046)
"""Worked out at once: a calendar is shared, and one that fills itself would not be safe to."""


@cache
def holiday_calendar(region: str | None) -> "HolidayBase | None":
    """Return the public holidays of `PL` or `DE-SN`; None for None.

    Raises:
        ValueError: the region is unknown; the message names it.
    """
    if region is None:
        return None
    country, _, subdivision = region.partition("-")
    known = list_supported_countries().get(country)
    if known is None or (subdivision and subdivision not in known):
        msg = f"no holidays are known for {region!r}"
        raise ValueError(msg)
    return country_holidays(country, subdiv=subdivision or None, years=_YEARS)


def is_business_day(day: date, free: "HolidayBase | None") -> bool:
    """Return whether `day` is neither a weekend nor a public holiday."""
    return day.weekday() < SATURDAY and (free is None or day not in free)


def _months(first: date, last: date) -> Iterator[tuple[int, int]]:
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        yield year, month
        year, month = (year, month + 1) if month < DECEMBER else (year + 1, 1)


def _nth_business_day(year: int, month: int, nth: int, free: "HolidayBase | None") -> date:
    """Return the nth business day, or the outermost one where a month has fewer."""
    length = calendar.monthrange(year, month)[1]
    days = [date(year, month, day) for day in range(1, length + 1)]
    business = [day for day in days if is_business_day(day, free)]
    index = nth - 1 if nth > 0 else len(business) + nth
    return business[min(max(index, 0), len(business) - 1)]


def _business_day_before(day: date, free: "HolidayBase | None") -> date:
    while not is_business_day(day, free):
        day -= timedelta(days=1)
    return day
