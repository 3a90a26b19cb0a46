"""Until when a request has to be answered: pure calendar, no ledger and no clock.

GDPR Art. 12(3): one month, and two further months where it is hard. A month is counted as in
Regulation (EEC, Euratom) 1182/71: it ends with the last hour of the day of the same number; where
that month has no such day, of its last one; where that is no working day, of the next working day.
A jurisdiction pack may count in working days instead (152-FZ, art. 20: ten, and five more).
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alumni_sync.consent.calendars import is_working_day, next_working_day
from alumni_sync.consent.jurisdictions import RequestTerms

MONTH: Final = 1
EXTENSION_MONTHS: Final = 2


def due_at(
    received: datetime, zone: ZoneInfo, country: str, terms: RequestTerms, *, extended: bool = False
) -> datetime:
    """Return the end of the last day on which an answer is in time, in UTC.

    Args:
        received: when the request reached us; aware.
        zone: of the source's site, whose civil days count.
        country: ISO code, whose holidays count.
        terms: of the jurisdiction pack.
        extended: the person was told that it takes longer, and why.
    """
    day = received.astimezone(zone).date()
    last = _last_day(day, country, terms, extended=extended)
    return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)


def last_day(due: datetime, zone: ZoneInfo) -> date:
    """Return the civil day that ends with a deadline of `due_at`."""
    return due.astimezone(zone).date() - timedelta(days=1)


def _last_day(day: date, country: str, terms: RequestTerms, *, extended: bool) -> date:
    if terms.working_days is not None:
        more = terms.extension_working_days if extended else 0
        for _ in range(terms.working_days + more):
            day = next_working_day(day, country)
        return day
    last = months_after(day, MONTH + EXTENSION_MONTHS * extended)
    return last if is_working_day(last, country) else next_working_day(last, country)


def months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day where it has none."""
    years, index = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, index + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
