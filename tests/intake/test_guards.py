"""A read that looks wrong as a whole: nothing is written, and a person decides."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Facts
from alumni_sync.errors import SafetyStop
from alumni_sync.intake.guards import Reading, list_guards, suspicions
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Brake, CloseDone, Person, Quarantine, Spell, Watermark, t
from alumni_sync.ports import SourceRecord
from alumni_sync.testing.fake_hris import leaver
from tests.intake.desk import Desk, counts, desk, say

WRITTEN = (Person, Spell, Quarantine, Watermark, CloseDone)
GOOD = Reading("b", full=True, rows=100, declared=None, coded=9, uncoded=1, last_rows=0)


def people(count: int, **changes: str | None) -> list[Facts]:
    """Return plain leavers."""
    return [leaver(number, **changes) for number in range(count)]


def release(one: Desk, name: str | None = None) -> None:
    """Release what waits, as two people with `guards release` do."""
    table = t(Brake)
    wanted = table.c.status == "tripped"
    if name:
        wanted &= table.c.name == name
    with one.ledger.write() as connection:
        connection.execute(update(table).where(wanted).values(status="released"))


@pytest.mark.parametrize(
    ("reading", "names"),
    [
        (GOOD, []),
        (replace(GOOD, rows=0, coded=0, uncoded=0), ["empty"]),
        (replace(GOOD, rows=0, coded=0, uncoded=0, full=False), []),
        (replace(GOOD, rows=40, last_rows=50), []),
        (replace(GOOD, rows=39, last_rows=50), ["short"]),
        (replace(GOOD, rows=1, last_rows=49), []),
        (replace(GOOD, rows=79, last_rows=100, full=False), []),
        (replace(GOOD, coded=0, uncoded=3), ["no_exit_code"]),
        (replace(GOOD, coded=1, uncoded=99), []),
        (replace(GOOD, coded=0, uncoded=0), []),
        (replace(GOOD, coded=0, uncoded=3, full=False), []),
        (replace(GOOD, declared=100), []),
        (replace(GOOD, declared=101), ["declared_total"]),
        (replace(GOOD, declared=99, full=False), ["declared_total"]),
        (replace(GOOD, rows=0, declared=5, coded=0, uncoded=0), ["declared_total", "empty"]),
        (replace(GOOD, rows=0, basis="", coded=0, uncoded=0), ["empty"]),
        (replace(GOOD, last_rows=100, staff=100, newly_left=20), []),
        (replace(GOOD, last_rows=100, staff=100, newly_left=21), ["mass_exit"]),
        (replace(GOOD, last_rows=100, staff=970, newly_left=30), []),
        (replace(GOOD, last_rows=100, staff=970, newly_left=31), ["mass_exit"]),
        (replace(GOOD, last_rows=100, staff=0, newly_left=90), []),
        (replace(GOOD, last_rows=0, staff=100, newly_left=90), []),
        (replace(GOOD, last_rows=100, staff=100, newly_left=90, full=False), []),
    ],
)
def test_what_is_suspicious(reading: Reading, names: list[str]) -> None:
    """At the bound a read passes, one row beyond it stops."""
    assert names == [trip.name for trip in suspicions(reading)]


def test_a_short_listing_writes_nothing_and_keeps_the_watermark(
    ledger: Ledger, clock: FixedClock
) -> None:
    """Half an export would otherwise pass for half a company leaving the list (T40)."""
    one = desk(ledger, clock, *people(60))
    one.pull()
    before = [one.rows(model) for model in WRITTEN]

    with pytest.raises(SafetyStop, match=r"^GU-\w{20}: acme-pl: 20 rows, after 60") as stop:
        say(one, *people(19), leaver(99))

    assert before == [one.rows(model) for model in WRITTEN]
    (guard,) = list_guards(one.deployment)
    assert (stop.value.brake_id, "short", {"rows": 20, "last": 60}, "tripped") == tuple(
        guard[name] for name in ("guard", "name", "counts", "status")
    )
    assert counts(60, unchanged=60) == say(one, *people(60)), "the next good read recovers"


def test_a_company_that_left_overnight_is_not_believed(ledger: Ledger, clock: FixedClock) -> None:
    """A batch job that ends everybody's contract would ask two hundred people a day (T40)."""
    staff = [leaver(number, record_status="active", exit_kind=None) for number in range(40)]
    one = desk(ledger, clock, *staff, leaver(90))
    assert counts(41, new=1, not_leavers=40) == one.pull()
    before = [one.rows(model) for model in WRITTEN]

    with pytest.raises(SafetyStop, match="25 people have left since the last good read"):
        say(one, *staff[25:], leaver(90), *people(25))

    assert before == [one.rows(model) for model in WRITTEN]
    assert counts(41, new=3, unchanged=1, not_leavers=37) == say(
        one, *staff[3:], leaver(90), *people(3)
    )


def test_stopping_again_for_the_same_read_is_on_record_once(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """An hourly run would fill the list with one and the same question."""
    one = desk(sqlite_ledger, clock)
    stops = []
    for _ in range(3):
        with pytest.raises(SafetyStop) as caught:
            one.pull()
        stops.append(caught.value.brake_id)

    assert 1 == len(set(stops)) == len(one.rows(Brake))


def test_a_release_lets_exactly_this_read_pass_once(ledger: Ledger, clock: FixedClock) -> None:
    """A release is for what somebody looked at, not for whatever comes next."""
    one = desk(ledger, clock, *people(3, exit_code=None))
    with pytest.raises(SafetyStop):
        one.pull()
    release(one)
    with pytest.raises(SafetyStop):
        say(one, *people(4, exit_code=None))

    assert counts(3, new=3) == say(one, *people(3, exit_code=None))
    assert ["spent", "tripped"] == sorted(row["status"] for row in one.rows(Brake))
    assert counts(3, unchanged=3) == one.pull(), "what was good once is good"
    with pytest.raises(SafetyStop):
        say(one, *people(4, exit_code=None))


def test_every_guard_has_to_be_released(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """Somebody who allows a short file has not allowed one without codes."""
    one = desk(sqlite_ledger, clock, *people(60))
    one.pull()
    short = people(10, exit_code=None)
    with pytest.raises(SafetyStop) as both:
        say(one, *short)
    release(one, "short")

    with pytest.raises(SafetyStop, match="exit code") as other:
        one.pull()
    assert both.value.brake_id != other.value.brake_id
    release(one)
    assert 10 == one.pull().read


def test_a_release_that_nobody_used_runs_out(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """Weeks later nobody remembers what it was for."""
    one = desk(sqlite_ledger, clock)
    with pytest.raises(SafetyStop):
        one.pull()
    release(one)
    clock.advance(timedelta(days=8))

    assert [] == list_guards(one.deployment)
    with pytest.raises(SafetyStop):
        one.pull()
    assert 1 == len(list_guards(one.deployment))


def test_a_declared_total_that_is_not_met_stops_changes_too(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The source itself says that something is missing."""
    one = desk(sqlite_ledger, clock, *people(3), declared=4, full=False)

    with pytest.raises(SafetyStop, match="declares 4 rows, 3 were read"):
        one.pull()
    assert [] == one.rows(Spell)


def test_a_file_in_which_every_row_is_broken_is_shown_row_by_row(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """There is no good row whose codes could be missing; the reasons say more than a guard."""
    broken = [SourceRecord(f"f:{at}", {}, (("row", "cell-count"),), f"r{at}") for at in range(4)]
    one = desk(sqlite_ledger, clock, *broken)

    assert counts(4, rejected=4) == one.pull()
