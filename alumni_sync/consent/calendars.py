"""Working days of a leaver's country: nobody is asked on a weekend or a public holiday.

Holidays of the whole country only: which federal state somebody lives in is not known. Weekends
are the country's own: in some it is Friday and Saturday.
"""

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from holidays import country_holidays, list_supported_countries

if TYPE_CHECKING:
    from holidays import HolidayBase


@cache
def _calendar(country: str) -> "HolidayBase":
    return country_holidays(country)


@cache
def known_country(country: str) -> bool:
    """Say whether public holidays of an ISO 3166-1 alpha-2 country are known."""
    return country in list_supported_countries()


def is_working_day(day: date, country: str) -> bool:
    """Say whether mails may be sent to people in `country` on a civil day there."""
    return _calendar(country).is_working_day(day)


def next_working_day(day: date, country: str) -> date:
    """Return the first working day after `day`."""
    day += timedelta(days=1)
    while not is_working_day(day, country):
        day += timedelta(days=1)
    return day
