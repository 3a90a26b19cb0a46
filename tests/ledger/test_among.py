"""Any number of values in one condition, on both databases."""

import pytest
from sqlalchemy import select, update

from alumni_sync.ledger.among import among
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.ledger.upsert import insert_rows
from tests.conftest import NOW

TABLE = t(Suppression)
MANY = [f"{number:05d}'\"\\ż" for number in range(40_000)]


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Return a ledger with three addresses on the suppression list."""
    with ledger.write() as connection:
        rows = [
            {"address_hash": one, "reason": "objection", "created_at": NOW, "rejustify_at": NOW}
            for one in (MANY[0], MANY[-1], "someone else")
        ]
        insert_rows(connection, TABLE, rows)
    return ledger


def test_more_values_than_a_statement_has_parameters(filled: Ledger) -> None:
    """Whoever falls off the end of a list would be written to although they objected."""
    query = select(TABLE.c.address_hash).where(among(TABLE.c.address_hash))

    with filled.read() as connection:
        found = set(connection.execute(query, {"among": MANY}).scalars())

    assert {MANY[0], MANY[-1]} == found


@pytest.mark.parametrize(("values", "changed"), [([], 0), (MANY[:2], 1)])
def test_none_of_them_and_one_of_them(filled: Ledger, values: list[str], changed: int) -> None:
    """An empty list that meant everybody would be the worst of mistakes."""
    statement = update(TABLE).where(among(TABLE.c.address_hash)).values(scope="ask")

    with filled.write() as connection:
        assert changed == connection.execute(statement, {"among": values}).rowcount
