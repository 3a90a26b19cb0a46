"""What reaches a database, statement by statement: so that "the same for everybody" can be told."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from alumni_sync.ledger.store import Ledger


@contextmanager
def statements(ledger: Ledger) -> Iterator[list[str]]:
    """Collect every statement that reaches the ledger, in capitals."""
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement.lstrip().upper())

    event.listen(ledger.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(ledger.engine, "before_cursor_execute", note)
