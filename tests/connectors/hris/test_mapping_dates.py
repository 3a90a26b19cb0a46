"""Dates as people write them: what is read is what was meant, or it is refused."""

from calendar import monthrange
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mapping_cells import Unreadable
from connectors.mapping_dates import (
    BAD_DATE,
    OTHER_ORDER,
    OUT_OF_RANGE,
    TIME_OF_DAY,
    TWO_DIGIT_YEAR,
    DateForm,
    DateReader,
)

DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
SEPARATORS = st.sampled_from([".", "/", "-", " ", ". ", " - "])
ORDERS = st.sampled_from([DateForm.DMY, DateForm.MDY])
FORMS = st.lists(st.sampled_from(DateForm), min_size=1, max_size=3).map(tuple)


def written(day: date, form: DateForm, separator: str, *, padded: bool, year: str) -> str:
    """Return a day as a source of that order writes it."""
    width = 2 if padded else 1
    d, m = f"{day.day:0{width}}", f"{day.month:0{width}}"
    return separator.join((d, m, year) if form is DateForm.DMY else (m, d, year))


@given(DAYS, ORDERS, SEPARATORS, st.booleans())
def test_a_day_is_read_back_whatever_its_separators(
    day: date,
    form: DateForm,
    separator: str,
    padded: bool,  # noqa: FBT001 Hypothesis passes values
) -> None:
    """One day off is one day too early for a mail."""
    text = written(day, form, separator, padded=padded, year=f"{day.year}")

    assert day == DateReader((form,))(text)


@given(DAYS, SEPARATORS)
def test_iso_is_read_whatever_its_separators(day: date, separator: str) -> None:
    """Year first is clear in any punctuation, and without one."""
    read = DateReader((DateForm.ISO,))

    assert day == read(separator.join(day.isoformat().split("-")))
    assert day == read(f"{day:%Y%m%d}")


@given(st.dates(date(1950, 1, 1), date(2049, 12, 31)), ORDERS)
def test_a_two_digit_year_is_of_the_century_that_the_pivot_says(day: date, form: DateForm) -> None:
    """A retiree born in 1961 is not born in 2061."""
    text = written(day, form, ".", padded=True, year=f"{day.year % 100:02}")

    assert day == DateReader((form,), pivot=50)(text)
    assert TWO_DIGIT_YEAR is DateReader((form,))(text)


@given(DAYS, ORDERS)
def test_the_other_order_is_never_read_by_mistake(day: date, form: DateForm) -> None:
    """A column in the wrong order is refused where it shows, and never turned round."""
    other = DateForm.MDY if form is DateForm.DMY else DateForm.DMY
    text = written(day, other, "/", padded=True, year=f"{day.year}")

    found = DateReader((form,))(text)

    expected = OTHER_ORDER if day.day > 12 else date(day.year, day.day, day.month)
    assert expected == found


@given(st.integers(1900, 2199), st.integers(1, 12), st.sampled_from(["{m}/{y}", "{y}-{m:02}"]))
def test_a_month_means_its_last_day(year: int, month: int, text: str) -> None:
    """The first day would be up to a month too early."""
    last = date(year, month, monthrange(year, month)[1])

    assert last == DateReader((DateForm.MONTH,))(text.format(y=year, m=month))


@given(st.text(max_size=30), FORMS, st.none() | st.integers(0, 100))
def test_any_text_gives_a_date_nothing_or_a_reason(
    text: str, forms: tuple[DateForm, ...], pivot: int | None
) -> None:
    """An exception on one cell would stop the whole file, and quote the cell."""
    found = DateReader(forms, pivot)(text)

    assert found is None or isinstance(found, Unreadable) or 1900 <= found.year <= 2199


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("31-Oct-2026", date(2026, 10, 31)),
        ("31 october 2026", date(2026, 10, 31)),
        ("Oct 31, 2026", date(2026, 10, 31)),
        ("2026-10-31T00:00:00", date(2026, 10, 31)),
        ("2026-10-31T00:00:00+01:00", date(2026, 10, 31)),
        ("31.10.2026 0:00", date(2026, 10, 31)),
        ("31.10.2026 12:00:00 AM", date(2026, 10, 31)),
        ("31.10.2026 12:00:00 PM", TIME_OF_DAY),
        ("2026-10-31T22:00:00Z", TIME_OF_DAY),
        ("2026-10-31 at 10:00", BAD_DATE),
        ("00.00.0000", None),
        ("0001-01-01", None),
        ("31.12.9999", None),
        ("31.12.1899", OUT_OF_RANGE),
        ("01.01.2200", OUT_OF_RANGE),
        ("29.02.2023", BAD_DATE),
        ("29.02.2024", date(2024, 2, 29)),
        ("32.01.2026", BAD_DATE),
        ("1.2.3.4", BAD_DATE),
        ("２０２６-10-31", BAD_DATE),
        ("10/2026", BAD_DATE),
        ("today", BAD_DATE),
        ("-", BAD_DATE),
        ("45962", BAD_DATE),
    ],
)
def test_odd_dates_have_one_meaning(text: str, expected: object) -> None:
    """Each of these has been seen in an export."""
    assert expected == DateReader((DateForm.DMY, DateForm.ISO), pivot=50)(text)
