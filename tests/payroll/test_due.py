"""When a close is due, and what a daemon that was down has to catch up."""

from datetime import UTC, date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from alumni_sync.domain import PayrollClose
from alumni_sync.payroll import BusinessDay, Dates, PayrollCalendar

WARSAW = ZoneInfo("Europe/Warsaw")
OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 29), date(2026, 11, 27), date(2026, 12, 30)


def monthly() -> PayrollCalendar:
    """Return the sample company's Polish calendar."""
    return PayrollCalendar("acme-pl", BusinessDay(-2), time(18), WARSAW, "PL")


def due(now: datetime, *done: date, since: datetime | None = None) -> list[date]:
    """Return the days that are due."""
    return [close.day for close in monthly().due_closes(since, now, done)]


def test_due_from_the_hour_on_not_before() -> None:
    """A run before the hour reads a file that payroll has not written yet."""
    done = date(2026, 9, 29)
    assert [] == due(datetime(2026, 10, 29, 16, 59, 59, tzinfo=UTC), done)
    assert [OCTOBER] == due(datetime(2026, 10, 29, 17, 0, tzinfo=UTC), done)


def test_new_deployment_starts_with_the_latest_close_only() -> None:
    """A first start must not launch a run for every month since the calendar began."""
    assert [OCTOBER] == due(datetime(2026, 11, 2, 9, tzinfo=UTC))


def test_daemon_that_was_down_catches_up_each_close_once_in_order() -> None:
    """Closes missed during an outage are neither lost nor run again after they were done."""
    now = datetime(2027, 1, 4, 9, tzinfo=UTC)
    assert [NOVEMBER, DECEMBER] == due(now, OCTOBER)
    assert [DECEMBER] == due(now, OCTOBER, NOVEMBER)
    assert [] == due(now, OCTOBER, NOVEMBER, DECEMBER)


def test_close_before_the_latest_done_one_is_history() -> None:
    """A later complete close took everything: an older one run again would find nothing."""
    assert [] == due(datetime(2027, 1, 4, 9, tzinfo=UTC), OCTOBER, DECEMBER)


def test_since_overrules_what_is_done() -> None:
    """Whoever asks for a stretch of time gets each close in it that is not done."""
    since = datetime(2026, 10, 1, tzinfo=UTC)
    assert [OCTOBER, NOVEMBER] == due(datetime(2027, 1, 4, 9, tzinfo=UTC), DECEMBER, since=since)


def test_list_without_a_past_date_is_not_due() -> None:
    """A list that starts in the future has nothing to catch up and an end."""
    calendar = PayrollCalendar("acme", Dates((NOVEMBER,)), time(18), WARSAW)
    before = datetime(2026, 11, 1, tzinfo=UTC)
    assert [] == calendar.due_closes(None, before, ())
    assert calendar.close_on(NOVEMBER) == calendar.next_close(before)
    assert calendar.next_close(datetime(2026, 12, 1, tzinfo=UTC)) is None


def test_next_close_crosses_the_year() -> None:
    """`doctor` and the report announce the next close; December has one after it."""
    following = monthly().next_close(datetime(2026, 12, 31, tzinfo=UTC))
    assert following == monthly().close_on(date(2027, 1, 28))


WALL_TIMES = [
    # day, wall time, expected instant
    (date(2026, 7, 30), time(18), datetime(2026, 7, 30, 16, tzinfo=UTC)),
    (date(2026, 10, 29), time(18), datetime(2026, 10, 29, 17, tzinfo=UTC)),
    (date(2027, 3, 28), time(2, 30), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),  # skipped
    (date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # shown twice
]


@pytest.mark.parametrize(("day", "at", "expected"), WALL_TIMES)
def test_wall_time_in_summer_winter_and_between(day: date, at: time, expected: datetime) -> None:
    """An hour's error around a clock change runs a close twice or skips it."""
    calendar = PayrollCalendar("acme", Dates((day,)), at, WARSAW)
    assert PayrollClose("acme", day, expected) == calendar.close_on(day)


def test_every_instant_of_a_clock_change_night_sees_the_close_once() -> None:
    """Polling through the repeated hour must find the close in exactly one tick."""
    night = date(2026, 10, 25)
    calendar = PayrollCalendar("acme", Dates((night,)), time(2, 30), WARSAW)
    ticks = [datetime(2026, 10, 24, 22 + m // 60, m % 60, tzinfo=UTC) for m in range(120)]
    ticks += [datetime(2026, 10, 25, m // 60, m % 60, tzinfo=UTC) for m in range(180)]
    found = [
        close for start, end in pairwise(ticks) for close in calendar.closes_between(start, end)
    ]
    assert [calendar.close_on(night)] == found


def test_key_is_the_partition_key() -> None:
    """Dagster's partitions and the CLI's `--close` name closes in this one way."""
    assert monthly().close_on(OCTOBER).key == "acme-pl|2026-10-29"
