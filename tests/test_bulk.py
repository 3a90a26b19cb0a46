"""Bulk work leaves the collector as it found it."""

import gc

import pytest

from alumni_sync.bulk import bulk_work


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
