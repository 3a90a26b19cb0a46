"""Turns: one thread works, and whoever waits for something else stands aside."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from alumni_sync.turns import Turns, aside

PATIENCE = 20.0  # seconds before a test that hangs fails


def test_one_works_at_a_time() -> None:
    """Two threads would change over at every look at the database again."""
    turns, working, most = Turns(), [0], [0]

    def work(_number: int) -> None:
        with turns.mine():
            working[0] += 1
            most[0] = max(most[0], working[0])
            threading.Event().wait(0)  # lets another thread run
            working[0] -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(200)))

    assert [1] == most


def test_who_stands_aside_lets_another_work() -> None:
    """A form that waits for its commit would hold up every page, or wait for itself for ever."""
    turns, other_worked = Turns(), threading.Event()

    def other() -> None:
        with turns.mine():
            other_worked.set()

    with ThreadPoolExecutor(1) as threads, turns.mine():
        done = threads.submit(other)
        with aside():
            assert other_worked.wait(PATIENCE)
        done.result(PATIENCE)


def test_after_standing_aside_the_turn_is_ours_again() -> None:
    """From the first wait on, threads would run beside each other after all."""
    turns, tried = Turns(), threading.Event()
    order: list[str] = []

    def other() -> None:
        tried.set()
        with turns.mine():
            order.append("other")

    with ThreadPoolExecutor(1) as threads:
        with turns.mine():
            with aside():
                pass
            done = threads.submit(other)
            assert tried.wait(PATIENCE)
            order.append("ours")
        done.result(PATIENCE)

    assert ["ours", "other"] == order


def test_an_error_while_standing_aside_leaves_the_turn_with_its_thread() -> None:
    """One refused commit would leave the site without a turn to give: every page would hang."""
    turns = Turns()

    with pytest.raises(ZeroDivisionError), turns.mine(), aside():
        raise ZeroDivisionError

    with turns.mine(), aside(), aside():  # who stands aside already has nothing to give
        pass


def test_without_a_turn_nothing_is_given() -> None:
    """The worker and the command line write to the ledger too, and have no turn."""
    with aside():
        pass
