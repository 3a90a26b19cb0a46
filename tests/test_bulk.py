"""Bulk work and the sites leave the collector as they found it."""

import gc

import pytest

from alumni_sync.bulk import bulk_work, serving


@bulk_work()
def _fails(before: tuple[int, int, int]) -> None:
    with bulk_work():
        pass
    assert gc.get_freeze_count() > 0
    assert before != gc.get_threshold()
    raise ZeroDivisionError


def test_the_collector_is_as_before_afterwards() -> None:
    """A daemon whose collector was left off would grow until it is killed."""
    before = gc.get_threshold()

    with pytest.raises(ZeroDivisionError):
        _fails(before)

    assert (before, 0) == (gc.get_threshold(), gc.get_freeze_count())


def test_the_last_of_several_threads_ends_it() -> None:
    """A thread that began within another's work must not take the tuned values for the usual."""
    before = gc.get_threshold()
    first, second = bulk_work(), bulk_work()

    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    still = gc.get_threshold()
    second.__exit__(None, None, None)

    assert before != still
    assert (before, 0) == (gc.get_threshold(), gc.get_freeze_count())


def test_bulk_work_beside_the_sites_ends_without_ending_theirs() -> None:
    """A round that ends must not bring the collector back among the visits, nor leave it off."""
    before = gc.get_threshold()

    with serving():
        served = gc.get_threshold()
        with bulk_work():
            worked = gc.get_threshold()
        again = gc.get_threshold()

    assert len({before, served, worked}) == 3
    assert served == again
    assert (before, 0) == (gc.get_threshold(), gc.get_freeze_count())
