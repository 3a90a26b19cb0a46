"""An answer costs the same in a company of ten and of ten thousand: nothing of it reads a table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from alumni_sync.consent.answers.answer import Answer
from alumni_sync.ledger.store import Ledger
from tests.consent.world import World

HEAD_OF_THE_CHAIN = "SCAN consent_event"  # from its end, and only the first row


@contextmanager
def executed(ledger: Ledger) -> Iterator[list[tuple[str, Any]]]:
    """Collect every statement that reaches the ledger, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        seen.append((statement, parameters))

    event.listen(ledger.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(ledger.engine, "before_cursor_execute", note)


def test_an_answer_finds_each_of_its_rows_by_an_index(world: World) -> None:
    """Ten thousand queued confirmations, read through for each answer, would stop the site."""
    ledger = world.d.ledger
    leaver = world.invited("somebody")
    with executed(ledger) as seen:
        world.answer(leaver, Answer.YES)
    asked = [one for one in seen if one[0].startswith(("SELECT", "UPDATE"))]

    with ledger.read() as connection:
        plans = {
            step.detail
            for statement, parameters in asked
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        }

    assert any("outbox_of_invitation" in plan for plan in plans)
    assert {HEAD_OF_THE_CHAIN} == {plan for plan in plans if plan.startswith("SCAN")}
    assert not [plan for plan in plans if "outbox_due" in plan]
