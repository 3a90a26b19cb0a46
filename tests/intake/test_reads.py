"""Reads that fail, change or are repeated: a failed read is not an empty one (I7, I8)."""

import logging
import traceback
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.errors import AlumniSyncError, ContractBroken, Unavailable
from alumni_sync.intake.rehires import release_effective
from alumni_sync.ledger.leases import LeaseBusy, hold
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import (
    Brake,
    CloseDone,
    Person,
    Quarantine,
    Spell,
    Tombstone,
    Watermark,
)
from alumni_sync.ports import SourceRecord
from alumni_sync.testing.fake_hris import FakeHris, employee, leaver
from tests.intake.desk import CLOSE, SOURCE, Desk, Records, counts, desk, say

TABLES = (Person, Spell, Quarantine, Watermark, CloseDone, Brake, Tombstone)
BAD = SourceRecord("f:9", {}, (("row", "cell-count"),), "galina;;;")


def hris(one: Desk) -> FakeHris:
    """Return the fake behind a desk."""
    return cast("FakeHris", one.hris)


def everything(one: Desk) -> list[Any]:
    """Return all that intake may write."""
    return [one.rows(model) for model in TABLES]


def test_a_run_without_changes_writes_nothing(ledger: Ledger, clock: FixedClock) -> None:
    """Every write is a chance to break something, and a mail is sent by what was written."""
    rows: Records = [
        *map(leaver, range(1, 6)),
        leaver(1),
        BAD,
        leaver(6, department="A"),
        leaver(6, department="B"),
        leaver(7),
        employee(7, date(2026, 12, 1)),
        employee(8, date(2020, 1, 1)),
    ]
    one = desk(ledger, clock, *rows)
    first = one.pull()
    before = everything(one)
    clock.advance(timedelta(hours=1))

    assert counts(12, new=6, unchanged=1, not_leavers=2, rejected=3) == first
    assert counts(12, unchanged=7, not_leavers=2, rejected=3, newly_rejected=0) == one.pull(
        run_id="R-2"
    )
    assert before == everything(one)


def test_a_read_with_nothing_new_is_made_once(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """The second look costs as much as the first."""
    one = desk(sqlite_ledger, clock, *map(leaver, range(9)))
    one.pull()
    say(one, *map(leaver, range(8)))

    assert 3 == hris(one).pulls


def test_a_read_that_was_taken_in_to_the_last_byte_is_not_looked_at(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """An hourly run over the same export should cost next to nothing, and count the same."""
    rows: Records = [*map(leaver, range(9)), BAD, employee(20, date(2020, 1, 1))]
    one = desk(sqlite_ledger, clock, *rows)
    one.pull()
    hris(one).fail_after = 1  # only the first page may be asked for

    assert counts(11, unchanged=9, not_leavers=1, rejected=1, newly_rejected=0) == one.pull()


def test_an_earlier_read_that_comes_back_after_a_failed_one_is_looked_at(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Half of the failed one is in the ledger; the source now says otherwise again."""
    first = [*map(leaver, range(9))]
    one = desk(sqlite_ledger, clock, *first)
    one.pull()

    def fail_at_the_second_look(number: int) -> None:
        hris(one).fail_after = 1 if number == 4 else None

    hris(one).before_pull = fail_at_the_second_look
    with pytest.raises(ContractBroken):
        say(one, *(leaver(number, department="IT") for number in range(9)))

    assert counts(9, changed=3, unchanged=6) == say(one, *first)
    assert {"Zakupy"} == {spell["facts"]["department"] for spell in one.spells().values()}


def test_the_same_bytes_under_another_time_zone_are_looked_at(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The exit is effective at another instant, and the guards were told of another site."""
    one = desk(sqlite_ledger, clock, leaver(1))
    one.pull()
    before = one.rows(Watermark)
    one.settings.sources[SOURCE] = replace(one.settings.sources[SOURCE], timezone=ZoneInfo("UTC"))

    assert counts(1, unchanged=1) == one.pull()
    assert before != one.rows(Watermark)


def test_a_good_read_moves_the_watermark_and_ends_the_close(
    ledger: Ledger, clock: FixedClock
) -> None:
    """The close would be due for ever, or done without having been read."""
    one = desk(ledger, clock, *map(leaver, range(4)))
    one.pull(run_id="R-7")

    (mark,), (close,) = one.rows(Watermark), one.rows(CloseDone)
    assert (SOURCE, 4, "R-7", clock.now()) == tuple(
        mark[name] for name in ("source", "rows", "run_id", "since")
    )
    assert (SOURCE, CLOSE, "R-7") == (close["source"], close["close"], close["run_id"])

    one.pull(close=None)
    one.pull(close=date(2026, 11, 27))
    assert [CLOSE, date(2026, 11, 27)] == sorted(row["close"] for row in one.rows(CloseDone))


@pytest.mark.parametrize("fail_after", [0, 1, 2])
def test_a_read_that_fails_at_the_first_look_leaves_no_trace(
    sqlite_ledger: Ledger, clock: FixedClock, fail_after: int
) -> None:
    """No watermark, no close, nobody gone: the next run starts where the last good one ended."""
    one = desk(sqlite_ledger, clock, *map(leaver, range(9)))
    one.pull()
    before = everything(one)
    hris(one).fail_after = fail_after
    hris(one).failure = Unavailable("fake", "read", "503")

    with pytest.raises(Unavailable):
        say(one, *map(leaver, range(3, 12)))
    assert before == everything(one)


def test_a_read_that_fails_half_way_keeps_its_pages_and_not_the_watermark(
    ledger: Ledger, clock: FixedClock
) -> None:
    """What is in is in; the rest comes with the next run, once."""
    one = desk(ledger, clock, *map(leaver, range(9)))

    def fail_at_the_second_look(number: int) -> None:
        hris(one).fail_after = 2 if number == 2 else None

    hris(one).before_pull = fail_at_the_second_look
    hris(one).failure = Unavailable("fake", "read", "503")
    with pytest.raises(Unavailable):
        one.pull()
    assert (6, [], []) == (len(one.rows(Spell)), one.rows(Watermark), one.rows(CloseDone))

    assert counts(9, new=3, unchanged=6) == one.pull()
    assert (9, 1, 1) == tuple(len(one.rows(model)) for model in (Spell, Watermark, CloseDone))


def test_a_source_that_changes_between_the_looks_is_not_taken_in(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """The rows would be judged by what other rows said."""
    one = desk(sqlite_ledger, clock, *map(leaver, range(4)))

    def change(number: int) -> None:
        if number == 2:
            hris(one).records = [leaver(5)]

    hris(one).before_pull = change
    with pytest.raises(Unavailable, match="changed while it was read"):
        one.pull()
    assert [[], [], [], []] == everything(one)[:4]


def test_what_a_connector_raises_by_accident_tells_nothing_of_a_person(
    sqlite_ledger: Ledger, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A plugin's own exception may quote the row it stumbled on; loggers walk along its chain."""
    one = desk(sqlite_ledger, clock, leaver(1), fail_after=0)

    with caplog.at_level(logging.DEBUG), pytest.raises(ContractBroken) as caught:
        one.pull()

    assert "RuntimeError" in str(caught.value)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "galina" not in "".join(traceback.format_exception(chain)) + repr(chain)
        chain = chain.__context__ or chain.__cause__
    assert "galina" not in caplog.text


def test_an_error_while_a_page_is_written_tells_nothing_of_a_person(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Database drivers quote the parameters of the statement that failed."""
    one = desk(sqlite_ledger, clock, leaver(1))
    with sqlite_ledger.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON spell"
            " BEGIN SELECT RAISE(ABORT, 'galina.1@post.example'); END"
        )

    with pytest.raises(AlumniSyncError) as caught:
        one.pull()

    assert None is caught.value.__context__
    assert "galina" not in "".join(traceback.format_exception(caught.value))


def test_two_runs_over_one_source_do_not_mix(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """Each would count the other's people as its own."""
    one = desk(sqlite_ledger, clock, leaver(1))

    with hold(sqlite_ledger, clock, f"intake:{SOURCE}"), pytest.raises(LeaseBusy):
        one.pull()
    assert 1 == one.pull().new


def test_a_long_read_keeps_its_lease(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """After a minute another host would take the source over."""
    one = desk(sqlite_ledger, clock, *map(leaver, range(30)))
    pages = hris(one)._slices

    def slowly() -> Any:  # noqa: ANN401 as the method it stands for
        for page in pages():
            clock.advance(timedelta(seconds=45))
            yield page

    hris(one)._slices = slowly  # type: ignore[method-assign]  # time passes between pages

    assert 30 == one.pull().new


def test_pages_of_a_source_that_cannot_be_read_twice_are_taken_in_as_they_come(
    ledger: Ledger, clock: FixedClock
) -> None:
    """An API gives all records of a person together; asking it twice would cost its limit."""
    rows: Records = [leaver(1), employee(1, date(2020, 1, 1)), leaver(2), BAD, leaver(3)]
    one = desk(ledger, clock)
    once = _ReadOnce(hris(one).context, rows, page_rows=2, full=False)
    one.hris = once

    assert counts(5, new=2, not_leavers=2, rejected=1) == one.pull()
    assert 1 == once.pulls
    assert counts(5, unchanged=2, not_leavers=2, rejected=1, newly_rejected=0) == one.pull()


class _ReadOnce(FakeHris):
    """A source that costs something to ask."""

    info = FakeHris.info.__class__("once", "fake", "docs", "none", {"repeatable": False})


def test_an_address_that_is_none_does_not_stop_the_page(
    sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """What people write into the address field is for the contact gate to judge."""
    odd = ["none", "a@b@c", "@", "x@" + "y" * 300, "ż@żółw..example"]
    one = desk(
        sqlite_ledger, clock, *(leaver(at, personal_email=text) for at, text in enumerate(odd))
    )

    assert counts(5, new=5) == one.pull()
    assert 1 == [row["address_hash"] for row in one.rows(Person)].count(None)


def test_rehires_begin_without_any_read(sqlite_ledger: Ledger, clock: FixedClock) -> None:
    """The source says nothing on the first day of the new job."""
    one = desk(sqlite_ledger, clock, leaver(1, rehire_date=date(2026, 11, 5)), leaver(2))
    one.pull()

    assert 0 == release_effective(one.deployment)
    clock.advance(timedelta(days=2))
    assert 1 == release_effective(one.deployment)
    assert 0 == release_effective(one.deployment)
    assert [True, False] == [spell["rehire_ends"] for _, spell in sorted(one.spells().items())]
