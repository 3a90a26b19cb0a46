"""Threads that take turns: of those that make pages one works, and the others wait.

Python runs one thread at a time anyway. Where several want to run, each look at the database lets
another one in and then waits until it is let in again: a hundred changes of thread for one answer.
Threads that take turns change only where one of them would wait in any case: for the right to
write, for the disk, for another's commit, for another program. There it stands aside.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


class Turns:
    """The turn of some threads: one of them has it."""

    def __init__(self) -> None:
        """Nobody has it yet."""
        self._turn = threading.Lock()

    @contextmanager
    def mine(self) -> Iterator[None]:
        """Wait for the turn, and have it for a with-block; not to be nested."""
        with self._turn:
            _THREAD.turn = self._turn
            try:
                yield
            finally:
                _THREAD.turn = None


class _Thread(threading.local):
    """What this thread has the turn of."""

    turn: "threading.Lock | None" = None


_THREAD: Final = _Thread()


@contextmanager
def aside() -> Iterator[None]:
    """Let others have this thread's turn, if it has one, for a with-block in which it waits."""
    turn = _THREAD.turn
    if turn is None:
        yield
        return
    _THREAD.turn = None
    turn.release()
    try:
        yield
    finally:
        turn.acquire()
        _THREAD.turn = turn
