"""The withdrawal worker: at once, again after errors, and never two at a time."""

import threading
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from alumni_sync.ledger.leases import LeaseBusy
from alumni_sync.sites.worker import FIRST_WAIT, LONGEST_WAIT, Chore, Worker


class Seconds:
    """A clock for waiting that a test moves."""

    def __init__(self) -> None:
        """Start anywhere: only differences count."""
        self.now = 100.0

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self.now


def worker_of(work: Callable[[str], object], every: float = 10.0) -> tuple[Worker, Seconds]:
    """Return a worker with one chore, and its clock."""
    seconds = Seconds()
    return Worker([Chore("removals", work, every)], seconds), seconds


def test_it_looks_at_once_and_then_regularly() -> None:
    """A gate closed while `serve` was down must not wait for somebody to come by."""
    runs: list[str] = []
    worker, seconds = worker_of(runs.append)

    assert 10.0 == worker.look(woken=False)
    assert 10.0 == worker.look(woken=False)
    assert 1 == len(runs)
    seconds.now += 10.0
    worker.look(woken=False)
    assert 2 == len(runs)
    assert runs[0] != runs[1], "each look is a run of its own in the audit"


def test_who_wakes_it_does_not_wait() -> None:
    """A withdrawal must be carried out within seconds, not at the next look."""
    runs: list[str] = []
    worker, _ = worker_of(runs.append)
    worker.look(woken=False)

    worker.look(woken=True)

    assert 2 == len(runs)


def test_a_failing_chore_waits_longer_each_time() -> None:
    """A platform that is down must be neither forgotten nor hammered."""

    def fail(_: str) -> None:
        raise RuntimeError("canary.person@example.org")

    worker, seconds = worker_of(fail)
    waits = []
    with capture_logs() as lines:
        for _ in range(8):
            waits.append(worker.look(woken=False))
            seconds.now += waits[-1]

    assert [FIRST_WAIT, 4.0, 8.0, 16.0, 32.0, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT] == waits
    assert {"RuntimeError"} == {line["error"] for line in lines}
    assert "canary" not in repr(lines)


def test_waking_does_not_hurry_what_fails() -> None:
    """Every answer on the site would hammer a platform that asks us to wait."""
    attempts = []

    def fail(run: str) -> None:
        attempts.append(run)
        raise RuntimeError

    worker, _ = worker_of(fail)
    worker.look(woken=False)
    worker.look(woken=True)

    assert 1 == len(attempts)


def test_one_failing_chore_stops_no_other() -> None:
    """A mail server that is down must not keep a withdrawn member visible."""
    runs: list[str] = []

    def fail(_: str) -> None:
        raise RuntimeError

    worker = Worker([Chore("mail", fail, 5.0), Chore("removals", runs.append, 5.0)], Seconds())
    worker.look(woken=True)

    assert 1 == len(runs)


def test_it_recovers() -> None:
    """After a failure that has passed, the next withdrawal is fast again."""
    failures = [RuntimeError(), None, None]
    runs = []

    def work(run: str) -> None:
        runs.append(run)
        if (error := failures.pop(0)) is not None:
            raise error

    worker, seconds = worker_of(work)
    seconds.now += worker.look(woken=False)
    worker.look(woken=False)
    worker.look(woken=True)

    assert 3 == len(runs)


def test_a_busy_lease_is_no_failure() -> None:
    """While a run does the same work, the worker looks again soon and complains to nobody."""

    def busy(_: str) -> None:
        raise LeaseBusy("platform")

    worker, _ = worker_of(busy)
    with capture_logs() as lines:
        assert FIRST_WAIT == worker.look(woken=False)

    assert [] == lines


def test_it_runs_until_it_is_stopped() -> None:
    """A worker that misses a wake-up, or does not end, hangs the process or a withdrawal."""
    done = threading.Semaphore(0)
    worker, _ = worker_of(lambda _: done.release(), every=3600.0)
    thread = threading.Thread(target=worker.run)
    thread.start()

    assert done.acquire(timeout=10)
    for _ in range(3):
        worker.wake()
        assert done.acquire(timeout=10)
    worker.stop()
    thread.join(10)

    assert not thread.is_alive()


@pytest.mark.parametrize("woken", [True, False])
def test_nothing_begins_after_stop(*, woken: bool) -> None:
    """A chore begun during shutdown would be killed in the middle."""
    runs: list[str] = []
    worker, _ = worker_of(runs.append)
    worker.stop()

    worker.look(woken=woken)

    assert [] == runs
