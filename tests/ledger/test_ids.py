"""Ids say nothing, and lie together in an index when they are made together."""

from itertools import count, pairwise

import pytest

from alumni_sync.ledger import ids
from alumni_sync.ledger.ids import new_id, new_ids


def test_ids_made_later_sort_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ids all over the place each row of a bulk run is on another page of the database."""
    ticks = count(1_700_000_000_000)
    monkeypatch.setattr(ids, "milliseconds", lambda: next(ticks))

    pages = [new_ids("S", 5) for _ in range(200)]

    assert all(max(page) < min(later) for page, later in pairwise(pages))


def test_ids_of_one_page_are_in_no_order() -> None:
    """The order of an export may be that of a salary."""
    page = new_ids("P", 1_000)

    assert sorted(page) != page


def test_ids_of_one_page_are_all_different() -> None:
    """An id that repeats would merge two people."""
    assert 1_000 == len(set(new_ids("P", 1_000)))


def test_an_id_is_its_prefix_and_twenty_letters() -> None:
    """It is read out on the telephone."""
    one = new_id("A")

    assert ("A-", 22) == (one[:2], len(one))
    assert not set(one[2:]) & set("ilou")
