"""Weekends and public holidays of the countries whose packs are shipped (T39)."""

from datetime import UTC, date, datetime

import pytest

from alumni_sync.consent.calendars import is_working_day, next_working_day
from alumni_sync.consent.jurisdictions import load_pack
from alumni_sync.shipped import shipped
from tests.consent.world import World

RESTS = {
    "pl": (
        date(2026, 11, 11),  # Independence Day, a Wednesday
        date(2026, 12, 24),  # Christmas Eve, since 2025
        date(2026, 6, 4),  # Corpus Christi
        date(2026, 11, 14),  # a Saturday
    ),
    "de": (
        date(2026, 4, 3),  # Good Friday
        date(2026, 5, 25),  # Whit Monday
        date(2026, 10, 3),  # German Unity Day, a Saturday
        date(2026, 11, 15),  # a Sunday
    ),
    "uk": (
        date(2026, 5, 4),  # early May bank holiday
        date(2026, 12, 28),  # in lieu of Boxing Day, which is a Saturday
        date(2026, 4, 3),  # Good Friday
        date(2026, 11, 14),
    ),
    "ru": (
        date(2026, 1, 5),  # the New Year's week
        date(2026, 6, 12),  # Russia Day
        date(2026, 11, 4),  # Unity Day
        date(2026, 11, 15),
    ),
}
WORKS = {
    "pl": date(2026, 12, 28),
    "de": date(2026, 11, 11),
    "uk": date(2026, 11, 11),
    "ru": date(2026, 12, 25),
}
DAYS = [(place, day) for place, rests in RESTS.items() for day in rests]


@pytest.mark.parametrize(("jurisdiction", "day"), DAYS)
def test_no_question_on_a_day_of_rest(jurisdiction: str, day: date) -> None:
    """Nobody should find our question in their mailbox on a day off (T39)."""
    country = load_pack(shipped("rules"), jurisdiction).holidays

    assert not is_working_day(day, country)
    assert is_working_day(next_working_day(day, country), country)


@pytest.mark.parametrize(("jurisdiction", "day"), list(WORKS.items()))
def test_somebody_elses_holiday_is_a_working_day(jurisdiction: str, day: date) -> None:
    """A calendar of the wrong country would put everybody off for nothing (T39)."""
    assert is_working_day(day, load_pack(shipped("rules"), jurisdiction).holidays)


def test_the_holiday_is_the_leavers_own(world: World) -> None:
    """A Pole who left a German site has the day off in Poland (T39)."""
    world.clock.set(datetime(2026, 11, 11, 9, 0, tzinfo=UTC))
    pole = world.leaver("zofia", "acme-de", country="PL")
    german = world.leaver("heike", "acme-de", country="DE")

    world.round()

    assert ["heike@mail.example"] == [mail.to for mail in world.mails]
    world.later(days=1)
    world.round()
    assert ["asked"] == world.history(pole) == world.history(german)
