"""Queries made once: the same rows, the same errors and the same secrecy as SQLAlchemy's own."""

import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import bindparam, column, select, table

from alumni_sync.errors import LedgerError
from alumni_sync.ledger.columns import UtcDateTime
from alumni_sync.ledger.prepared import Query
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Suppression, Watermark, t
from alumni_sync.ledger.upsert import insert_rows
from tests.conftest import MASTER
from tests.statements import statements

CANARY = "canary-7131"
MOMENT = datetime(2026, 11, 3, 9, 0, 0, 250, tzinfo=UTC)
SUPPRESSION = t(Suppression)
SELECT = select(SUPPRESSION).where(
    SUPPRESSION.c.address_hash == bindparam("address"),
    SUPPRESSION.c.rejustify_at > bindparam("after", type_=UtcDateTime),
    SUPPRESSION.c.scope == "all",
)
NO_TABLE = table("nowhere", column("id"))
VALUES = {"address": CANARY, "after": datetime(2026, 11, 3, tzinfo=UTC)}


@pytest.fixture
def kept(ledger: Ledger) -> Ledger:
    """A ledger with one suppressed address."""
    row = {
        "address_hash": CANARY,
        "scope": "all",
        "reason": "objected",
        "created_at": MOMENT,
        "rejustify_at": MOMENT,
    }
    with ledger.write() as connection:
        insert_rows(connection, SUPPRESSION, [row])
    return ledger


def test_a_prepared_query_gives_what_sqlalchemy_gives(kept: Ledger) -> None:
    """An instant without its zone, or a column beside its name, would change who may be asked."""
    query = Query(SELECT)
    with kept.read() as connection:
        expected = connection.execute(SELECT, VALUES).one()

        row = query.first(connection, VALUES)

        assert row is not None
        assert dict(expected._mapping) == dict(row._mapping)
        assert (expected.rejustify_at, MOMENT) == (row.rejustify_at, row.created_at)
        assert query.first(connection, VALUES | {"address": "another"}) is None
    alone = kept.look_up(query, VALUES)
    assert alone is not None
    assert dict(expected._mapping) == dict(alone._mapping)
    assert kept.look_up(query, VALUES | {"address": "another"}) is None


def test_whoever_listens_hears_of_prepared_queries(kept: Ledger) -> None:
    """Tests of sameness count what reaches the database: a query past them would blind them."""
    query = Query(SELECT)
    with statements(kept) as seen:
        kept.look_up(query, VALUES)
        with kept.read() as connection:
            query.first(connection, VALUES)

    assert 2 == len([one for one in seen if "FROM SUPPRESSION" in one])


def test_a_lone_query_leaves_nothing_open(kept: Ledger) -> None:
    """A transaction left open on a pooled connection would show yesterday's consents to others."""
    query = Query(select(SUPPRESSION.c.scope).where(SUPPRESSION.c.reason == bindparam("reason")))
    assert kept.look_up(query, {"reason": "objected"}) is not None
    with kept.write() as connection:
        connection.execute(SUPPRESSION.update().values(reason="refused"))

    assert kept.look_up(query, {"reason": "objected"}) is None
    assert kept.look_up(query, {"reason": "refused"}) is not None


def test_a_failing_row_shows_no_value(ledger: Ledger) -> None:
    """Drivers print the row that failed, whichever way it reached them."""
    row = {"source": CANARY, "cursor": CANARY, "basis": "", "rows": 0, "run_id": ""}
    with ledger.write() as connection:
        insert_rows(connection, t(Watermark), [row])

    with pytest.raises(LedgerError) as caught, ledger.write() as connection:
        insert_rows(connection, t(Watermark), [row])

    assert "IntegrityError" in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_failing_lone_query_is_a_ledger_error(ledger: Ledger) -> None:
    """A page catches one kind of error; the driver's own would carry its message."""
    with ledger.write() as connection:
        connection.exec_driver_sql("DROP TABLE suppression")

    with pytest.raises(LedgerError):
        ledger.look_up(Query(SELECT), VALUES)


def test_a_query_that_depends_on_its_values_is_refused(ledger: Ledger) -> None:
    """`IN` is written anew at each execution: made once, it would ask for nothing of the kind."""
    query = Query(select(SUPPRESSION).where(SUPPRESSION.c.scope.in_(["all", "join"])))

    with pytest.raises(ValueError, match="IN"):
        ledger.look_up(query, {})


def test_connections_kept_aside_are_closed_with_the_ledger(tmp_path: Path) -> None:
    """A connection left open would hold back the log from which a destroyed key has to vanish."""
    urls = f"sqlite:///{tmp_path}/ledger.db", f"sqlite:///{tmp_path}/keys.db"
    opened = Ledger.open(*urls, MASTER)
    assert opened.look_up(Query(SELECT), VALUES) is None
    assert opened.vault.load(["P-1"]) is not None

    opened.close()

    assert [] == [found.name for found in tmp_path.iterdir() if found.name.endswith("-wal")]


def test_a_broken_connection_is_not_kept_aside(sqlite_ledger: Ledger) -> None:
    """Everybody after the first failure would be refused as well."""
    with pytest.raises(LedgerError):
        sqlite_ledger.look_up(Query(select(NO_TABLE)), {})

    assert sqlite_ledger.look_up(Query(SELECT), VALUES) is None
