"""Which payroll closes are due and were not taken in yet, for every source that has a calendar."""

from datetime import date, timedelta
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


def known_close(deployment: Deployment, source: str, day: date | None) -> date | None:
    """Return `day` if the source's payroll closed then; None for a run by hand.

    Anybody can make a partition for any day in the Dagster UI. Taken for a close that is done, a
    day in the future would keep every real one before it from being taken in.
    """
    settings = deployment.settings.sources.get(source)
    if day is None or settings is None or settings.payroll is None:
        return None
    calendar = PayrollCalendar.of(source, settings.payroll, settings.timezone)
    at = calendar.close_on(day).at
    until = min(at, deployment.clock.now())
    return day if calendar.closes_between(at - timedelta(microseconds=1), until) else None


def _days_done(connection: Connection, source: str) -> set[date]:
    rows = connection.execute(select(_DONE.c.close).where(_DONE.c.source == source))
    return {row.close for row in rows}
