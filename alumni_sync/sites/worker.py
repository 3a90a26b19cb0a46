"""The withdrawal worker: a thread beside the sites that does at once what cannot wait for a run.

A withdrawal closes the gate in its own transaction; this worker then hides and removes, sends the
confirmation that a person waits for, and looks again later whether a removed member is really gone.
It is woken when an answer was taken and looks by itself every few seconds, because another process
(a command, a killed `serve`) may have closed a gate. Dagster's runs do the same work: this one is
the fast way, theirs the safety net, and leases keep the two apart.

Belongs here: when a chore is tried again. Does not belong here: what a chore does.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.leases import LeaseBusy

FIRST_WAIT: Final = 2.0  # seconds before the second attempt; doubles with each failure
LONGEST_WAIT: Final = 60.0  # seconds
_log = structlog.get_logger("alumni_sync.worker")


@dataclass(frozen=True, slots=True)
class Chore:
    """One kind of work.

    Attributes:
        name: for the log.
        work: does what is due now, under the run id given; finds nothing to do most of the time.
        every: seconds between two looks when nobody wakes the worker.
    """

    name: str
    work: Callable[[str], object]
    every: float


@dataclass(slots=True)
class _Turn:
    """When a chore is due again, in seconds of the worker's own clock."""

    due: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Worker:
    """Does its chores until it is stopped; a failing chore delays itself and nothing else.

    Attributes:
        monotonic: seconds that never go back; waiting is real even where the clock stands still.
    """

    chores: Sequence[Chore]
    monotonic: Callable[[], float]
    _turns: dict[str, _Turn] = field(default_factory=dict)
    _woken: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def wake(self) -> None:
        """Say that something is to be done now; returns at once, from any thread."""
        self._woken.set()

    def stop(self) -> None:
        """Let `run` end after the chore it is at."""
        self._stopped.set()
        self._woken.set()

    def run(self) -> None:
        """Work until `stop` is called."""
        while not self._stopped.is_set():
            woken = self._woken.is_set()
            self._woken.clear()
            wait = self.look(woken=woken)
            self._woken.wait(wait)

    def look(self, *, woken: bool) -> float:
        """Do every chore that is due (all that are not failing, when woken).

        Returns:
            Seconds until the next chore is due.
        """
        for chore in self.chores:
            turn = self._turns.setdefault(chore.name, _Turn())
            called = woken and not turn.failures
            if not self._stopped.is_set() and (called or turn.due <= self.monotonic()):
                self._do(chore, turn)
        now = self.monotonic()
        return max(0.0, min(self._turns[chore.name].due for chore in self.chores) - now)

    def _do(self, chore: Chore, turn: _Turn) -> None:
        wait = chore.every
        try:
            chore.work(new_id("R"))
        except LeaseBusy:  # a run does this very work now: look again soon, nothing is wrong
            wait = min(FIRST_WAIT, chore.every)
        except Exception as error:  # noqa: BLE001 a worker that dies with its first error is none
            turn.failures += 1
            wait = min(FIRST_WAIT * 2 ** (turn.failures - 1), LONGEST_WAIT)
            _log.warning(
                "chore failed", name=chore.name, error=type(error).__name__, attempt=turn.failures
            )
        else:
            turn.failures = 0
        turn.due = self.monotonic() + wait
