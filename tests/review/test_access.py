"""The record of reads: it stands before anything is shown, or nothing is shown."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, text

from alumni_sync.domain import Identity
from alumni_sync.errors import LedgerError
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.tables import t
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from tests.review.queue_of import Desk

NO_MORE_RECORDS = """
CREATE TRIGGER access_log_full BEFORE INSERT ON access_log
BEGIN SELECT RAISE(ABORT, 'disk full'); END
"""
AUDITOR = Identity("aud", verified=True)


def rows(desk: Desk) -> list[Mapping[str, Any]]:
    """Return the record of reads."""
    with desk.d.ledger.read() as connection:
        return [dict(row) for row in connection.execute(select(t(AccessLog))).mappings()]


def test_who_looked_at_whom_is_written_down(desk: Desk) -> None:
    """Nobody could tell afterwards who read a person's file."""
    log_access(desk.d, AUDITOR, Act.SEE_CONSENT, "P-1", "event 12")
    with desk.d.ledger.write() as connection:
        log_access(desk.d, AUDITOR, Act.FIND_PERSON, within=connection)

    written = [(r["at"], r["actor"], r["verified"], r["act"], r["person_id"], r["subject"])
               for r in rows(desk)]  # fmt: skip
    now = desk.d.clock.now()
    assert [
        (now, "aud", True, "see what a person was asked and answered", "P-1", "event 12"),
        (now, "aud", True, "find a person", "", ""),
    ] == written


def test_a_read_that_cannot_be_written_down_is_an_error(desk_here: Desk) -> None:
    """A read without a record would be one that nobody ever hears of."""
    with desk_here.d.ledger.write() as connection:
        connection.execute(text(NO_MORE_RECORDS))

    with pytest.raises(LedgerError):
        log_access(desk_here.d, AUDITOR, Act.FIND_PERSON)
    assert [] == rows(desk_here)
