"""Several short writes with one commit, for what many people do at the same moment.

A commit waits for the disk. On SQLite only one may write, so fifty people who answer at once would
wait for it fifty times, one behind the other. Here whoever finds nobody writing writes for all who
wait: each piece of work in a savepoint of its own, so that one that fails takes nothing of the
others with it, and nobody is told anything before the commit. Where the commit fails, all of them
have failed. Work sees what was written before it in the same transaction, as it would otherwise.

PostgreSQL lets many write, and commits for several by itself; to hold the locks of several people
there would only let writers wait for each other in a circle. So there each has its own transaction.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Engine

from alumni_sync.errors import LedgerError
from alumni_sync.ledger.engine import harmless_errors, transaction
from alumni_sync.ledger.prepared import send
from alumni_sync.turns import aside

MOST: Final = 16
"""Pieces of work in one transaction: others who want to write wait for all of them."""
_BROKEN_OFF: Final = "the write was broken off"
T = TypeVar("T")


class _Piece(Generic[T]):
    """One piece of work, and what became of it once that is certain."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.leads = False
        self._result: list[T] = []
        self._error: Exception | None = None
        self._told = threading.Lock()
        self._told.acquire()

    def take(self, connection: Connection) -> None:
        """Do the work; an error is kept for whoever wanted it done."""
        send(connection, "SAVEPOINT piece", ())
        try:
            with harmless_errors():
                self._result = [self.work(connection)]
        except Exception as error:  # noqa: BLE001 it is raised where the work was asked for
            self._error = error
            send(connection, "ROLLBACK TO piece", ())
        send(connection, "RELEASE piece", ())

    def fail(self, error: Exception) -> None:
        """Say that the transaction itself failed, and the work with it."""
        self._error = self._error or error

    def tell(self) -> None:
        """Let whoever wanted it done go on."""
        self._told.release()

    def wait(self) -> None:
        """Wait until somebody has done it, or says that it is our turn to write for all."""
        with aside():
            self._told.acquire()

    def outcome(self) -> T:
        """Return what the work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        if not self._result:
            raise LedgerError(_BROKEN_OFF)
        return self._result[0]


class Together:
    """Writes for all who wait, on one engine."""

    def __init__(self, engine: Engine) -> None:
        """Use `engine`."""
        self._engine = engine
        self._waiting: deque[_Piece[Any]] = deque()
        self._mutex = threading.Lock()
        self._somebody_writes = False

    @property
    def waiting(self) -> int:
        """How many wait until somebody writes for them."""
        return len(self._waiting)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns within a write transaction; it is committed then.

        Raises:
            LedgerError: the database refused; whatever `work` raises is raised as well.
        """
        if self._engine.dialect.name != "sqlite":
            with transaction(self._engine, write=True) as connection:
                return work(connection)
        mine = _Piece(work)
        with self._mutex:
            self._waiting.append(mine)
            mine.leads = not self._somebody_writes
            self._somebody_writes = True
        if not mine.leads:
            mine.wait()
        if mine.leads:
            self._write_for_all()
        return mine.outcome()

    def _write_for_all(self) -> None:
        """Write what waits, our own first, and hand over to the next."""
        with self._mutex:
            some = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        try:
            _commit(self._engine, some)
        finally:
            with self._mutex:
                next_ = self._waiting[0] if self._waiting else None
                self._somebody_writes = next_ is not None
            if next_ is not None:
                next_.leads = True
                next_.tell()
            for piece in some[1:]:
                piece.tell()


def _commit(engine: Engine, some: Sequence[_Piece[Any]]) -> None:
    try:
        with transaction(engine, write=True) as connection:
            for piece in some:
                piece.take(connection)
    except LedgerError as error:
        for piece in some:  # an error of its own for each, since each thread raises its own
            piece.fail(LedgerError(str(error)))
    except BaseException:
        for piece in some:  # nothing was written, whatever each of them has returned
            piece.fail(LedgerError(_BROKEN_OFF))
        raise
