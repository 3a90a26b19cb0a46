"""A long queue costs a page no more than a short one: rows counted, work counted, nothing waits."""

import json
import tracemalloc
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from alumni_sync.cli import queue as queue_command
from alumni_sync.clock import FixedClock
from alumni_sync.domain import CaseStatus
from alumni_sync.ledger.queue_tables import CaseRule
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Case, Person, Spell, t
from alumni_sync.ledger.upsert import insert_rows
from alumni_sync.review.queue.listing import (
    CaseFilter,
    CaseSummary,
    list_cases,
    longest_waiting,
    stream_cases,
)
from alumni_sync.review.queue.rule_index import count_by_rule, rule_hash
from alumni_sync.review.queue.selection import PAGE
from tests.review.queue_of import Desk

MANY = 50_000
LIMIT = 50
SOURCES = ("acme-pl", "acme-de")


@dataclass
class Work:
    """What a page cost: rows handed to Python, and steps of SQLite's machine in hundreds."""

    rows: int = 0
    steps: int = 0


@contextmanager
def counted(ledger: Ledger) -> Iterator[Work]:
    """Count rows and steps of whatever SQLite does meanwhile."""
    work = Work()

    def row(_cursor: object, values: tuple[Any, ...]) -> tuple[Any, ...]:
        work.rows += 1
        return values

    def step() -> int:
        work.steps += 1
        return 0

    def watch(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 the driver's
        connection.row_factory = row
        connection.set_progress_handler(step, 100)

    event.listen(ledger.engine, "checkout", watch)
    try:
        yield work
    finally:
        event.remove(ledger.engine, "checkout", watch)
        with ledger.engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.row_factory = None
            driver.set_progress_handler(None, 100)


def fill(desk: Desk, number: int) -> None:
    """Write cases as a neglected queue has them: of two sources, all late, few of one rule."""
    now, hashes = desk.d.clock.now(), desk.d.ledger.hashes
    people, spells, cases, rules = [], [], [], []
    for one in range(1, number + 1):
        source = SOURCES[one % 2]
        common = {"id": f"P-{one}", "source": source, "created_at": now, "sealed": b""}
        people.append(
            common
            | {name: f"{name}{one}" for name in ("person_hash", "employee_hash", "number_hash")}
        )
        spells.append(
            {
                "id": f"S-{one}",
                "person_id": f"P-{one}",
                "source": source,
                "spell_hash": str(one),
                "facts_hash": "f",
                "record_status": "left",
                "first_seen_at": now,
                "changed_at": now,
            }
        )
        status = "awaiting_second" if one % 10 == 0 else "open"
        cases.append(
            {
                "id": one,
                "spell_id": f"S-{one}",
                "person_id": f"P-{one}",
                "source": source,
                "decision_id": one,
                "basis": "b",
                "verdict": "review",
                "status": status,
                "opened_at": now - timedelta(days=30) + timedelta(seconds=one),
                "due_at": now - timedelta(days=20) + timedelta(seconds=one),
                "remind_at": now - timedelta(days=25),
            }
        )
        rule = "rare" if one % 5000 == 1 else "usual"
        rules.append({"rule_hash": rule_hash(hashes, rule), "case_id": one})
    with desk.d.ledger.write() as connection:
        for table, rows in (
            (t(Person), people),
            (t(Spell), spells),
            (t(Case), cases),
            (t(CaseRule), rules),
        ):
            insert_rows(connection, table, rows)


@pytest.fixture(scope="module")
def queues(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[dict[int, Desk]]:
    """Yield a queue of fifty cases and one of fifty thousand; nothing here changes them."""
    from tests.conftest import MASTER, NOW, sqlite_urls

    made, ledgers = {}, []
    for number in (LIMIT, MANY):
        folder = tmp_path_factory.mktemp(f"queue{number}")
        ledgers.append(Ledger.open(*sqlite_urls(folder, sqlite_template), MASTER))
        made[number] = Desk.mailing(folder, ledgers[-1], FixedClock(NOW))
        fill(made[number], number)
    yield made
    for ledger in ledgers:
        ledger.close()


FILTERS = {
    "all": CaseFilter(),
    "waiting": CaseFilter(waiting=True),
    "one source": CaseFilter(sources=frozenset({"acme-de"}), waiting=True),
    "two sources": CaseFilter(sources=frozenset(SOURCES), waiting=True),
    "a status": CaseFilter(status=CaseStatus.AWAITING_SECOND),
    "awaiting a second": CaseFilter(awaiting_second=True, sources=frozenset({"acme-pl"})),
    "overdue": CaseFilter(overdue=True),
    "old": CaseFilter(older_than=timedelta(days=7), waiting=True),
    "a usual rule": CaseFilter(rule="usual", waiting=True),
    "a rare rule": CaseFilter(rule="rare", waiting=True),
    "a rule nobody knows": CaseFilter(rule="none"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_q11_a_page_of_fifty_thousand_costs_what_a_page_of_fifty_does(
    queues: dict[int, Desk], name: str
) -> None:
    """A list that takes a minute to open is a list that nobody opens."""
    costs = {}
    for number, desk in queues.items():
        with counted(desk.d.ledger) as work:
            page = list_cases(desk.d, filters=FILTERS[name], limit=LIMIT)
        costs[number] = work
        assert work.rows <= 2 * (LIMIT + 1)  # the cases, and their decisions
        assert (page.after is None) == (len(page.cases) < LIMIT or number == LIMIT)

    assert costs[MANY].steps <= 4 * costs[LIMIT].steps + 40


@pytest.mark.parametrize("name", ["waiting", "two sources", "overdue", "a usual rule"])
def test_q11_so_does_a_page_from_the_middle(queues: dict[int, Desk], name: str) -> None:
    """The tenth page must not read the nine before it."""
    desk = queues[MANY]
    with counted(desk.d.ledger) as first:
        list_cases(desk.d, filters=FILTERS[name], limit=LIMIT)
    with counted(desk.d.ledger) as middle:
        page = list_cases(desk.d, filters=FILTERS[name], after=MANY // 2, limit=LIMIT)

    assert LIMIT == len(page.cases)
    assert middle.rows <= 2 * (LIMIT + 1)
    assert middle.steps <= 2 * first.steps + 20


def test_the_oldest_are_found_without_reading_the_queue(queues: dict[int, Desk]) -> None:
    """Dagster's page is made anew by every run."""
    desk = queues[MANY]
    with counted(desk.d.ledger) as work:
        found = longest_waiting(desk.d, 40)

    assert (40, "EX-000001") == (len(found), found[0].case)
    assert work.rows <= 3 * 40 + 40


def test_counts_by_rule_read_a_row_a_rule(queues: dict[int, Desk]) -> None:
    """Here no record can be opened, so no rule has a name; the rows are read all the same."""
    desk = queues[MANY]
    with counted(desk.d.ledger) as work:
        found = count_by_rule(desk.d)

    assert ({}, True) == (found, work.rows <= 10)


def test_every_filter_finds_what_it_says(queues: dict[int, Desk]) -> None:
    """A case that no page shows is one that nobody rules on."""
    desk = queues[MANY]

    expected = {
        "one source": MANY // 2,
        "awaiting a second": MANY // 10,
        "a status": MANY // 10,
        "a rare rule": 10,
        "a rule nobody knows": 0,
    }

    assert expected == {
        name: sum(1 for _ in stream_cases(desk.d, FILTERS[name])) for name in expected
    }


def test_a_stream_holds_a_page_at_a_time(queues: dict[int, Desk]) -> None:
    """`queue list --json` of fifty thousand cases must not need the memory of fifty thousand."""
    desk = queues[MANY]
    tracemalloc.start()
    deque(islice(stream_cases(desk.d, FILTERS["waiting"]), 20 * PAGE), maxlen=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 12 * 1024 * 1024


def test_the_first_line_does_not_wait_for_the_last(
    queues: dict[int, Desk], capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe into `head` ends at once, and a script sees progress."""
    desk = queues[MANY]
    printed: list[str] = []

    def watched() -> Iterator[CaseSummary]:
        for number, case in enumerate(stream_cases(desk.d, FILTERS["waiting"])):
            printed.append(capsys.readouterr().out)
            yield case
            if number == PAGE:
                return

    with counted(desk.d.ledger) as work:
        queue_command._stream(watched())

    assert ["", True] == [printed[0], printed[1].startswith('[{"case": "EX-000001"')]
    assert work.rows <= 2 * 2 * (PAGE + 1)
    whole = json.loads("".join(printed) + capsys.readouterr().out)
    assert PAGE + 1 == len(whole)
