"""The dry run: what a run would find, without a trace of it."""

from collections import Counter
from datetime import date

from alumni_sync.clock import FixedClock
from alumni_sync.intake.forecast import read_forecast
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Person, Quarantine, Spell, Watermark
from alumni_sync.ports import SourceRecord
from alumni_sync.testing.fake_hris import employee, leaver
from tests.intake.desk import SOURCE, counts, desk

ROWS = (
    leaver(1),
    leaver(2, exit_kind="unknown", exit_code="X17"),
    leaver(3, exit_kind="unknown", exit_code="X17"),
    leaver(4, exit_kind="unknown", exit_code=None),
    leaver(5, record_status="rescinded"),
    employee(6, date(2020, 1, 1)),
    SourceRecord("f:7", {}, (("row", "cell-count"),), "x"),
    leaver(1),
)


def test_a_forecast_counts_as_a_run_would_and_writes_nothing(
    ledger: Ledger, clock: FixedClock
) -> None:
    """Somebody decides on the launch by these figures."""
    one = desk(ledger, clock, *ROWS)

    forecast = read_forecast(one.deployment, SOURCE)
    leavers = [found.facts["person_id"] for page in forecast.leavers() for found in page]

    assert [[], [], [], []] == [one.rows(model) for model in (Person, Spell, Quarantine, Watermark)]
    assert ["E0001", "E0002", "E0003", "E0004"] == leavers
    assert Counter({"X17": 2}) == forecast.unmapped
    assert () == forecast.guards
    assert one.pull() == forecast.counts


def test_a_forecast_knows_what_is_known(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """Growing the audience later starts from those who are there."""
    one = desk(sqlite_ledger, clock, leaver(1), leaver(2))
    one.pull()
    one.hris = desk(sqlite_ledger, clock, leaver(1), leaver(2, department="IT"), leaver(3)).hris

    forecast = read_forecast(one.deployment, SOURCE)

    assert counts(3, new=1, changed=1, unchanged=1) == forecast.counts
    assert [False, True, True] == [one.fresh for page in forecast.leavers() for one in page]


def test_a_forecast_says_which_guard_would_stop_the_run(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The dry run is where one wants to hear of it."""
    forecast = read_forecast(desk(sqlite_ledger, clock).deployment, SOURCE)

    assert ("a full listing without a row",) == forecast.guards
