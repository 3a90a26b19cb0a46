"""Which cells of a report are hidden, and that nobody can work them out."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alumni_sync.reporting.suppression import SMALLEST_SHOWN, Count, Published, publish


def tree(*groups: list[int]) -> Count:
    """Return a total of groups of cells."""
    return Count.of(
        "total",
        [
            Count.of(f"group {number}", [Count(f"{i}", value) for i, value in enumerate(cells)])
            for number, cells in enumerate(groups)
        ],
    )


def shown(published: Published) -> list[list[int | None]]:
    """Return the cells of each group, hidden ones as None."""
    return [[cell.value for cell in group.parts] for group in published.parts]


TABLES = [
    # cells of each group, expected cells, why
    ([[9, 12, 7]], [[9, 12, 7]], "nothing is small"),
    ([[9, 12, 3]], [[None, 12, None]], "the smallest other cell keeps the small one company"),
    ([[9, 12, 3, 4]], [[9, 12, None, None]], "two small ones hide each other"),
    ([[9, 12, 1, 2]], [[None, 12, None, None]], "but not where their sum is small itself"),
    ([[0, 20]], [[None, None]], "zero speaks of everybody"),
]


@pytest.mark.parametrize(("cells", "expected", "why"), TABLES)
def test_cells_of_one_group(
    cells: list[list[int]], expected: list[list[int | None]], why: str
) -> None:
    """A reader who subtracts must not find out what three people answered."""
    assert expected == shown(publish(tree(*cells))), why


def test_grand_total_survives_where_it_can() -> None:
    """The one figure that management asks for is the last that is given up."""
    published = publish(tree([9, 12, 3], [30, 40]))
    assert published.value == 94


def test_small_group_is_protected_by_the_other_group() -> None:
    """Total minus the other source would otherwise be the small source."""
    published = publish(tree([2, 1], [30, 40, 8]))
    assert 81 == published.value
    assert [None, None] == [group.value for group in published.parts]
    assert [[None, None], [30, 40, None]] == shown(published)


def test_total_of_one_cell_is_hidden_with_it() -> None:
    """A total with a single part is that part."""
    published = publish(tree([3]))
    assert (None, None, [[None]]) == (published.value, published.parts[0].value, shown(published))


def possible(published: Published, limit: int) -> list[tuple[int, ...]]:
    """Return every way to fill in the leaves so that what is shown comes out (brute force)."""
    leaves = [cell for group in published.parts for cell in group.parts]
    ranges = [range(limit + 1) if leaf.value is None else (leaf.value,) for leaf in leaves]
    return [guess for guess in itertools.product(*ranges) if _fits(published, guess)]


def _fits(published: Published, guess: tuple[int, ...]) -> bool:
    rest = iter(guess)
    for group in published.parts:
        total = sum(next(rest) for _ in group.parts)
        if group.value not in {None, total}:
            return False
    return published.value in {None, sum(guess)}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(min_value=0, max_value=12), min_size=1, max_size=2),
        min_size=1,
        max_size=2,
    )
)
def test_no_reader_narrows_a_hidden_cell_down(groups: list[list[int]]) -> None:
    """Whoever tries all tables that fit the page keeps at least five values for a hidden cell."""
    count = tree(*groups)
    published = publish(count)
    fits = possible(published, limit=24)
    truth = tuple(value for cells in groups for value in cells)
    assert truth in fits
    leaves = [cell for group in published.parts for cell in group.parts]
    for index, leaf in enumerate(leaves):
        values = {guess[index] for guess in fits}
        assert leaf.value is not None or len(values) >= SMALLEST_SHOWN
        assert leaf.value is None or leaf.value >= SMALLEST_SHOWN
    totals = [sum(cells) for cells in groups]
    for group, total in zip(published.parts, totals, strict=True):
        assert group.value in {None, total}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), max_size=7), min_size=1, max_size=4))
def test_what_is_left_of_a_total_is_never_small(groups: list[list[int]]) -> None:
    """On real tables, too large to try everything: no subtraction ends at a small figure."""
    published = publish(tree(*groups))
    for node in (published, *published.parts):
        hidden = [part for part in node.parts if part.value is None]
        if node.value is None or not hidden:
            continue
        rest = node.value - sum(part.value for part in node.parts if part.value is not None)
        assert rest >= SMALLEST_SHOWN
        assert len(hidden) > 1


def test_part_of_a_hidden_total_goes_where_it_gives_the_other_away() -> None:
    """20 of a hidden 21 leave only four values for the three beside it: 20 has to go as well."""
    published = publish(tree([20, 1], [3]))
    assert 24 == published.value
    assert [[None, None], [None]] == shown(published)


def test_a_part_is_found_by_its_name() -> None:
    """The page asks for cells by name; a wrong answer would print another month's figure."""
    published = publish(tree([9, 12]))
    group = published.part("group 0")
    assert group is not None
    assert Published("1", 12) == group.part("1")
    assert group.part("2") is None
