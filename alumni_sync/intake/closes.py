"""Which payroll closes are due and were not taken in yet, for every source that has a calendar."""

from datetime import date
from typing import Final

from sqlalchemy import Connection, select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import PayrollClose
from alumni_sync.ledger.tables import CloseDone, t
from alumni_sync.payroll import PayrollCalendar

_DONE: Final = t(CloseDone)


def due_closes(deployment: Deployment, source: str | None = None) -> list[PayrollClose]:
    """Return the closes that are due now and not done, each source's in order.

    A source without `payroll:` has none: it is run by hand.

    Args:
        deployment: open.
        source: only this one's; None for all.
    """
    now = deployment.clock.now()
    due = []
    with deployment.ledger.read() as connection:
        for name, settings in deployment.settings.sources.items():
            if settings.payroll is None or source not in {None, name}:
                continue
            calendar = PayrollCalendar.of(name, settings.payroll, settings.timezone)
            due += calendar.due_closes(None, now, _days_done(connection, name))
    return due


def _days_done(connection: Connection, source: str) -> set[date]:
    rows = connection.execute(select(_DONE.c.close).where(_DONE.c.source == source))
    return {row.close for row in rows}
