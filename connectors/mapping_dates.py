"""Dates as people and exports write them → civil dates, or the reason why not.

A mapping says which forms may stand in a column; nothing is guessed from the values. Day-first and
month-first are never both allowed: `03/04/2026` has no meaning then.
"""

import re
from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import Final

from connectors.mapping_cells import Unreadable


class DateForm(StrEnum):
    """A way to write a date; `.`, `/`, `-` and blanks separate, English month names are known."""

    ISO = "iso"  # 2026-10-31, 2026/10/31, 20261031
    DMY = "dmy"  # 31.10.2026, 31/10/26, 31-Oct-2026
    MDY = "mdy"  # 10/31/2026, Oct 31 2026
    MONTH = "month"  # 10/2026, 2026-10, Oct 2026: the last day of that month


FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
_PADDED: Final = len("2026-10-31")

BAD_DATE: Final = Unreadable("bad-date")
OTHER_ORDER: Final = Unreadable("other-day-month-order")
TWO_DIGIT_YEAR: Final = Unreadable("two-digit-year")
TIME_OF_DAY: Final = Unreadable("time-of-day")
OUT_OF_RANGE: Final = Unreadable("date-out-of-range")

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}
_SEPARATORS: Final = re.compile(r"[./\-\s,]+")
_WITH_TIME: Final = re.compile(
    r"(?P<day>.*?\d)(?:T|\s+)(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)"
    r"\s*(?P<half>[AaPp][Mm])?\s*(?:[Zz]|[+-]\d{2}:?\d{2})?"
)
_MIDNIGHT: Final = re.compile(r"0{1,2}:00(:00(\.0+)?)?")
_MIDNIGHT_AM: Final = re.compile(r"12:00(:00(\.0+)?)?")
_COMPACT: Final = re.compile(r"(?a:(\d{4})(\d\d)(\d\d))")
_NUMBER: Final = re.compile(r"(?a:\d{1,2}|\d{4})")


class DateReader:
    """Reads the dates of one column.

    A time of day is dropped if it is midnight and refused otherwise: a date is a civil date at the
    site, and 22:00 UTC on one day is the next one there. Zero dates (`00.00.0000`, `0001-01-01`)
    and the open end (`31.12.9999`) mean that there is none.
    """

    def __init__(self, forms: tuple[DateForm, ...], pivot: int | None = None) -> None:
        """Allow `forms`; two-digit years below `pivot` are of this century, the rest of the last.

        Args:
            forms: never both day-first and month-first.
            pivot: 0 to 100; None refuses two-digit years.
        """
        self._forms = frozenset(forms)
        self._pivot = pivot

    def __call__(self, text: str) -> date | Unreadable | None:
        """Return the date that `text` means, None for a zero date, or why it cannot be read."""
        if len(text) == _PADDED:
            found = self._padded(text)
            if found is not None:
                return found
        if ":" in text:
            match = _WITH_TIME.fullmatch(text)
            if match is None:
                return BAD_DATE
            if not _is_midnight(match["time"], match["half"]):
                return TIME_OF_DAY
            text = match["day"]
        compact = _COMPACT.fullmatch(text)
        parts = list(compact.groups()) if compact else _SEPARATORS.split(text)
        if len(parts) == 2:  # noqa: PLR2004 month and year
            return self._month(parts)
        if len(parts) == 3:  # noqa: PLR2004 day, month and year
            return self._day(parts)
        return BAD_DATE

    def _padded(self, text: str) -> date | None:
        """Return the date of `2026-10-31` or `31.10.2026`, as nearly all are; None: look closer."""
        if DateForm.ISO in self._forms and text[4] == text[7] == "-":
            plain = text
        elif text[2] == text[5] and text[2] in "./-" and DateForm.DMY in self._forms:
            plain = f"{text[6:]}-{text[3:5]}-{text[:2]}"
        else:
            return None
        try:
            found = date.fromisoformat(plain)
        except ValueError:
            return None
        return found if FIRST_YEAR <= found.year <= LAST_YEAR else None

    def _day(self, parts: list[str]) -> date | Unreadable | None:
        if len(parts[0]) == 4 and parts[0].isdecimal():  # noqa: PLR2004 a year in full
            if DateForm.ISO not in self._forms:
                return BAD_DATE
            return self._civil(parts[0], parts[1], parts[2])
        if DateForm.DMY in self._forms:
            return self._ordered(parts[2], month=parts[1], day=parts[0])
        if DateForm.MDY in self._forms:
            return self._ordered(parts[2], month=parts[0], day=parts[1])
        return BAD_DATE

    def _ordered(self, year: str, *, month: str, day: str) -> date | Unreadable | None:
        """Read in the order of the mapping; say so if only the other order makes sense."""
        if day.isalpha():  # `Oct 31 2026` and `31 Oct 2026` are clear whatever the order
            month, day = day, month
        found = self._civil(year, month, day)
        swapped = found is BAD_DATE and isinstance(self._civil(year, day, month), date)
        return OTHER_ORDER if swapped else found

    def _month(self, parts: list[str]) -> date | Unreadable | None:
        if DateForm.MONTH not in self._forms:
            return BAD_DATE
        year, month = parts if len(parts[0]) == 4 and parts[0].isdecimal() else reversed(parts)  # noqa: PLR2004 a year in full
        if len(year) != 4:  # noqa: PLR2004 `10/26` may as well be a day
            return BAD_DATE
        return self._civil(year, month, None)

    def _civil(self, year: str, month: str, day: str | None) -> date | Unreadable | None:
        """Return the date; without a day the last of the month."""
        numbers = (year, _month_number(month), day or "1")
        if not all(_NUMBER.fullmatch(number) for number in numbers):
            return BAD_DATE
        y, m, d = map(int, numbers)
        if len(year) <= 2:  # noqa: PLR2004 a year without its century
            if self._pivot is None:
                return TWO_DIGIT_YEAR
            y += 2000 if y < self._pivot else 1900
        if y in {0, 1, 9999}:
            return None
        if not FIRST_YEAR <= y <= LAST_YEAR:
            return OUT_OF_RANGE
        if not 1 <= m <= 12 or not 1 <= d <= monthrange(y, m)[1]:  # noqa: PLR2004 months
            return BAD_DATE
        return date(y, m, d if day else monthrange(y, m)[1])


def _month_number(month: str) -> str:
    number = _MONTHS.get(month.casefold())
    return str(number) if number else month


def _is_midnight(time: str, half: str | None) -> bool:
    if half and half.casefold() == "am" and _MIDNIGHT_AM.fullmatch(time):
        return True
    return not (half and half.casefold() == "pm") and bool(_MIDNIGHT.fullmatch(time))
