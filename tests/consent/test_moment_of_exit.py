"""The moment from which a yes counts: the end of the last working day, where the person worked."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Conflict, Decided
from alumni_sync.domain import ConsentState
from alumni_sync.intake.identity import EndOfDay
from alumni_sync.ledger.store import Ledger
from tests.consent.world import World

SHIFTS = {
    "an ordinary day": date(2026, 11, 20),
    "summer time ends in Poland": date(2026, 10, 25),
    "the day before it ends": date(2026, 10, 24),
    "summer time begins in Poland": date(2027, 3, 28),
    "the last day of a year": date(2026, 12, 31),
}


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "UTC", "Asia/Vladivostok"])
@pytest.mark.parametrize("last_day", SHIFTS.values(), ids=SHIFTS)
def test_a_yes_one_minute_before_the_exit_is_no_consent(
    tmp_path: Path, sqlite_ledger: Ledger, zone: str, last_day: date
) -> None:
    """What somebody agrees to while still employed is not freely given (T15)."""
    over = EndOfDay(ZoneInfo(zone))(last_day)
    world = World(tmp_path, sqlite_ledger, FixedClock(over - timedelta(days=14)))
    world.d.settings.sources["acme-pl"].__dict__["timezone"] = ZoneInfo(zone)
    before = last_day - timedelta(days=30)
    leaver = world.leaver(last_working_day=before, exit_date=before, contact_given_at=before)
    while not world.mails:  # on the first working day
        world.later(days=1)
        world.round()
    world.roster.change(leaver, last_working_day=last_day)  # moved after the mail had gone out
    world.roster.set(leaver, effective_at=over)

    world.clock.set(over - timedelta(minutes=1))
    early = world.answer(leaver, Answer.YES)
    world.clock.set(over)
    world.judge()
    then = world.answer(leaver, Answer.YES, nonce="the next morning")

    assert Conflict(ConsentState.INVITED, "before_exit") == early
    assert isinstance(then, Decided)
    assert ["asked", "said_yes"] == world.history(leaver)


@pytest.mark.parametrize(
    ("zone", "last_day", "over"),
    [
        ("Europe/Warsaw", date(2026, 10, 25), datetime(2026, 10, 25, 23, 0, tzinfo=UTC)),
        ("Europe/Warsaw", date(2026, 10, 24), datetime(2026, 10, 24, 22, 0, tzinfo=UTC)),
        ("Europe/Warsaw", date(2027, 3, 28), datetime(2027, 3, 28, 22, 0, tzinfo=UTC)),
        ("Asia/Vladivostok", date(2026, 10, 25), datetime(2026, 10, 25, 14, 0, tzinfo=UTC)),
        ("UTC", date(2026, 10, 25), datetime(2026, 10, 26, 0, 0, tzinfo=UTC)),
    ],
)
def test_a_day_ends_where_the_person_worked(zone: str, last_day: date, over: datetime) -> None:
    """An hour or ten too early, and the yes was given by an employee (T15)."""
    assert over == EndOfDay(ZoneInfo(zone))(last_day)
