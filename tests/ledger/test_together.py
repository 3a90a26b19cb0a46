"""Writing together: one commit for several, and yet each stands or falls for itself."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, event, func, select

from alumni_sync.errors import LedgerError
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.ledger.together import MOST, Together
from alumni_sync.ledger.upsert import insert_rows

SUPPRESSION = t(Suppression)
NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
PATIENCE = 20.0  # seconds before a test that hangs fails
Work = Callable[[Connection], str]


def put(name: str) -> Work:
    """Return work that writes one row and returns its name."""

    def work(connection: Connection) -> str:
        row = {
            "address_hash": name,
            "scope": "all",
            "reason": "",
            "created_at": NOW,
            "rejustify_at": NOW,
        }
        insert_rows(connection, SUPPRESSION, [row])
        return name

    return work


def names(ledger: Ledger) -> set[str]:
    """Return the rows that are committed."""
    with ledger.read() as connection:
        return set(connection.execute(select(SUPPRESSION.c.address_hash)).scalars())


@contextmanager
def commits(ledger: Ledger) -> Iterator[list[str]]:
    """Collect the commits of a ledger."""
    seen: list[str] = []

    def note(_connection: object) -> None:
        seen.append("commit")

    event.listen(ledger.engine, "commit", note)
    try:
        yield seen
    finally:
        event.remove(ledger.engine, "commit", note)


def at_once(ledger: Ledger, works: list[Work]) -> list[Future[str]]:
    """Let somebody write until all of `works` wait, and return what became of each."""
    together, gathered = Together(ledger.engine), threading.Event()
    began = threading.Event()

    def first(connection: Connection) -> str:
        began.set()
        assert gathered.wait(PATIENCE)
        return put("first")(connection)

    with ThreadPoolExecutor(len(works) + 1) as threads:
        leading = threads.submit(together.write, first)
        assert began.wait(PATIENCE)
        waiting = []
        for number, work in enumerate(works, start=1):
            waiting.append(threads.submit(together.write, work))
            while together.waiting < number:
                began.wait(0)  # lets the other thread run
        gathered.set()
        assert "first" == leading.result(PATIENCE)
    return waiting


def test_what_waits_is_written_with_one_commit(sqlite_ledger: Ledger) -> None:
    """Fifty people who answer at once would wait for the disk fifty times."""
    with commits(sqlite_ledger) as seen:
        waiting = at_once(sqlite_ledger, [put(f"n{number}") for number in range(5)])

    assert [f"n{number}" for number in range(5)] == [one.result() for one in waiting]
    assert {"first", "n0", "n1", "n2", "n3", "n4"} == names(sqlite_ledger)
    assert ["commit", "commit"] == seen


def test_no_more_share_a_commit_than_others_can_wait_for(sqlite_ledger: Ledger) -> None:
    """A run that wants to write would starve behind an endless row of answers."""
    with commits(sqlite_ledger) as seen:
        at_once(sqlite_ledger, [put(f"n{number}") for number in range(MOST + 1)])

    assert MOST + 2 == len(names(sqlite_ledger))
    assert ["commit"] * 3 == seen


def test_one_that_fails_harms_no_other(sqlite_ledger: Ledger) -> None:
    """One broken answer would take everybody's with it who answered in the same moment."""

    def fails(connection: Connection) -> str:
        put("half")(connection)
        raise ValueError("mine")

    def twice(connection: Connection) -> str:
        put("again")(connection)
        return put("before")(connection)

    works = [put("before"), fails, twice, put("after")]
    with commits(sqlite_ledger) as seen:
        before, failed, refused, after = at_once(sqlite_ledger, works)

    assert ("before", "after") == (before.result(), after.result())
    with pytest.raises(ValueError, match="mine"):
        failed.result()
    with pytest.raises(LedgerError, match="IntegrityError"):
        refused.result()
    assert {"first", "before", "after"} == names(sqlite_ledger)
    assert ["commit", "commit"] == seen


def test_where_the_commit_fails_everybody_hears_it(sqlite_ledger: Ledger) -> None:
    """Somebody would be thanked for an answer that is nowhere."""

    def orphan(connection: Connection) -> str:
        connection.exec_driver_sql("INSERT INTO child VALUES (7)")
        return "written, it seems"

    with sqlite_ledger.write() as connection:
        connection.exec_driver_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
        )
    waiting = at_once(sqlite_ledger, [put("one"), orphan, put("two")])

    for one in waiting:
        with pytest.raises(LedgerError, match="IntegrityError"):
            one.result()
    assert {"first"} == names(sqlite_ledger)
    assert "later" == sqlite_ledger.write_together(put("later"))


def test_where_the_commit_is_broken_off_nobody_is_told_that_it_was_written(
    sqlite_ledger: Ledger,
) -> None:
    """A fault that is none of the database's must not pass for a commit either."""
    seen: list[str] = []

    def break_off(_: object) -> None:
        seen.append("commit")
        if len(seen) == 2:
            raise MemoryError

    event.listen(sqlite_ledger.engine, "commit", break_off)
    try:
        leader, other = at_once(sqlite_ledger, [put("one"), put("two")])
    finally:
        event.remove(sqlite_ledger.engine, "commit", break_off)

    with pytest.raises(MemoryError):
        leader.result()
    with pytest.raises(LedgerError, match="broken off"):
        other.result()
    assert {"first"} == names(sqlite_ledger)


def test_nobody_is_told_before_the_commit(ledger: Ledger) -> None:
    """A page that thanks before the answer is safe thanks for nothing after a power cut."""
    with ThreadPoolExecutor(8) as threads:

        def answer(number: int) -> bool:
            return ledger.write_together(put(f"n{number}")) in names(ledger)

        told = list(threads.map(answer, range(40)))

    assert [True] * 40 == told
    with ledger.read() as connection:
        assert 40 == connection.execute(select(func.count()).select_from(SUPPRESSION)).scalar()


def test_work_sees_what_was_written_before_it(sqlite_ledger: Ledger) -> None:
    """A form that came twice in one moment would be two decisions."""

    def unless_there(connection: Connection) -> str:
        query = select(SUPPRESSION.c.address_hash).where(SUPPRESSION.c.address_hash == "same")
        return "replay" if connection.execute(query).scalar() else put("same")(connection)

    waiting = at_once(sqlite_ledger, [unless_there, unless_there])

    assert ["same", "replay"] == [one.result() for one in waiting]


def test_an_error_of_shared_work_shows_no_value(ledger: Ledger) -> None:
    """Drivers print the row that failed: it must not reach a log by this way either."""
    ledger.write_together(put("canary-7132"))

    with pytest.raises(LedgerError) as caught:
        ledger.write_together(put("canary-7132"))

    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None
