"""Errors carry no value, writers wait for each other, bulk writes do what they say."""

import stat
import traceback
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError

from alumni_sync.errors import ConfigError, LedgerError
from alumni_sync.ledger.engine import harmless_errors, make_engine, transaction
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import CaseEvent, Person, Watermark, t
from alumni_sync.ledger.upsert import (
    execute_many,
    in_chunks,
    insert_ignore,
    insert_rows,
    upsert,
)
from tests.conftest import NOW
from tests.statements import statements

CANARY = "zofia.canary@post.example"


def _chain_of(error: BaseException) -> list[BaseException]:
    """Return an error with everything that a logger can reach from it."""
    found: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue:
        current = queue.pop()
        if current is not None and current not in found:
            found.append(current)
            queue += [current.__cause__, current.__context__]
    return found


def test_a_database_error_shows_no_value(ledger: Ledger) -> None:
    """Drivers print the row that failed: that would put a leaver into the log."""
    row = {"source": CANARY, "cursor": CANARY, "basis": "", "rows": 0, "run_id": ""}
    with pytest.raises(LedgerError) as caught, ledger.write() as connection:
        insert_rows(connection, t(Watermark), [row, row])

    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown + "".join(repr(error) for error in _chain_of(caught.value))
    assert "IntegrityError" in str(caught.value)


def test_a_validation_error_shows_no_value() -> None:
    """Pydantic quotes its input."""

    class Model(BaseModel):
        number: int

    with pytest.raises(LedgerError) as caught, harmless_errors():
        Model.model_validate({"number": CANARY})

    assert str(caught.value) == "ValidationError of Model (number: int_parsing)"
    assert [CANARY in repr(error) for error in _chain_of(caught.value)] == [False]


def test_an_error_without_a_driver_behind_it_names_its_type() -> None:
    """Somebody has to be able to look it up."""
    with pytest.raises(LedgerError, match=r"^ArgumentError$"), harmless_errors():
        raise ArgumentError(CANARY)


def test_a_failed_transaction_leaves_nothing(ledger: Ledger) -> None:
    """Half a page in the ledger would be a lost or doubled leaver."""
    row = {"source": "acme-pl", "cursor": "", "basis": "", "rows": 0, "run_id": ""}

    def write_and_fail() -> None:
        with ledger.write() as connection:
            insert_rows(connection, t(Watermark), [row])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()

    with ledger.read() as connection:
        assert connection.execute(select(t(Watermark))).all() == []


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y"])
def test_an_unusable_url_is_a_configuration_error(url: str) -> None:
    """An admin needs a sentence, not a traceback of a driver."""
    with pytest.raises(ConfigError, match="database url"):
        make_engine(url)


def test_a_new_database_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Sealed or not: nobody else on the machine needs to read it."""
    engine = make_engine(f"sqlite:///{tmp_path}/deep/ledger.db")
    with transaction(engine, write=False):
        pass
    engine.dispose()

    assert stat.S_IMODE((tmp_path / "deep" / "ledger.db").stat().st_mode) == 0o600


def test_bulk_writes_keep_or_replace_as_asked(ledger: Ledger) -> None:
    """A retry must neither fail on what is there nor overwrite what must stay."""
    table = Table(
        "scratch",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("kept", String),
        Column("replaced", String),
    )
    with ledger.write() as connection:
        table.create(connection)
        first = [{"id": n, "kept": "a", "replaced": "a"} for n in (1, 2)]
        again = [{"id": n, "kept": "b", "replaced": "b"} for n in (2, 3)]

        assert insert_ignore(connection, table, first, key=["id"]) == 2
        assert insert_ignore(connection, table, first, key=["id"]) == 0
        assert insert_ignore(connection, table, [], key=["id"]) == 0
        upsert(connection, table, again, key=["id"], update=["replaced"])
        upsert(connection, table, [], key=["id"], update=["replaced"])
        insert_rows(connection, table, [])

        rows = connection.execute(select(table).order_by(table.c.id)).all()
        assert [tuple(row) for row in rows] == [(1, "a", "a"), (2, "a", "b"), (3, "b", "b")]


def test_many_rows_are_updated_by_one_statement(ledger: Ledger) -> None:
    """Instants, conditions and set values must come out as a single execution would write them."""
    row = {"cursor": "", "basis": "", "rows": 1, "run_id": "R-1", "since": NOW}
    marks = t(Watermark)
    statement = (
        update(marks)
        .where(marks.c.source == bindparam("of"), marks.c.rows == 1)
        .values(basis="new", since=bindparam("at"))
    )
    later = NOW + timedelta(hours=1)
    with ledger.write() as connection:
        insert_rows(connection, marks, [row | {"source": name} for name in ("a", "b", "c")])

        touched = execute_many(
            connection, statement, [{"of": name, "at": later} for name in ("a", "c", "nobody")]
        )
        assert touched == 2
        assert execute_many(connection, statement, []) == 0

        query = select(marks.c.source, marks.c.basis, marks.c.since).order_by(marks.c.source)
        assert [tuple(found) for found in connection.execute(query)] == [
            ("a", "new", later),
            ("b", "", NOW),
            ("c", "new", later),
        ]


def test_a_naive_instant_is_refused(ledger: Ledger) -> None:
    """Nobody could say later in which time zone it was meant."""
    row = {"source": "a", "cursor": "", "basis": "", "rows": 1, "run_id": "R-1"}

    def write() -> None:
        with ledger.write() as connection:
            insert_rows(connection, t(Watermark), [row | {"since": NOW.replace(tzinfo=None)}])

    with pytest.raises((ValueError, LedgerError)):
        write()


def test_chunks_cover_everything_once() -> None:
    """A lost tail would be people whose keys are never found."""
    values = [str(number) for number in range(1001)]

    assert [v for chunk in in_chunks(values, 500) for v in chunk] == values
    assert [len(chunk) for chunk in in_chunks(values, 500)] == [500, 500, 1]


def test_bulk_insert_fills_in_what_rows_leave_out(ledger: Ledger) -> None:
    """A default that only single inserts know turns into a refused row in bulk."""
    row = {"case_id": 1, "person_id": "P-1", "version": 1, "event": "opened"}
    with ledger.write() as connection:
        insert_rows(connection, t(CaseEvent), [{**row, "at": NOW, "actor": "system"}])
        (found,) = connection.execute(t(CaseEvent).select()).all()
    assert ("", "", False) == (found.reason, found.run_id, found.verified)


def test_a_null_in_all_rows_is_a_null_whatever_the_default(ledger: Ledger) -> None:
    """What no row has a value for is left out, and must not come back as something else."""
    table = Table(
        "scratch",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("empty", String),
        Column("some", String),
        Column("usual", String, default="usual"),
    )
    rows: list[dict[str, object]] = [
        {"id": 1, "empty": None, "some": None, "usual": None},
        {"id": 2, "empty": None, "some": "a", "usual": None},
    ]
    with ledger.write() as connection:
        table.create(connection)
        with statements(ledger) as seen:
            insert_rows(connection, table, rows)

        assert ["EMPTY" in statement for statement in seen] == [False]
        assert [tuple(found) for found in connection.execute(select(table))] == [
            (1, None, None, None),
            (2, None, "a", None),
        ]


def test_bytes_go_through_nothing(ledger: Ledger) -> None:
    """A function of Python for each sealed value of each row is a good part of a bulk run."""
    dialect = ledger.engine.dialect
    kind = t(Person).c.sealed.type.dialect_impl(dialect)

    assert (None, None) == (kind.bind_processor(dialect), kind.result_processor(dialect, None))
