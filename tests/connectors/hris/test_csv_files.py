"""Which files are read, when they are finished, and what a read is made of."""

from pathlib import Path

import pytest

from alumni_sync.errors import ConfigError, Unavailable
from alumni_sync.ports import Cursor
from connectors.delivery import Delivered
from connectors.hris.csv import PAGE_ROWS
from tests.connectors.hris.exports import (
    HEADER,
    MAPPING,
    WINDOW,
    connector,
    pages_of,
    records_of,
    rows,
    write,
)


def people(root: Path, path: str, *, listing: str | None = None, marker: str = "") -> list[str]:
    """Return whose rows a read gives, in order."""
    records = records_of(connector(root, path, listing=listing, marker=marker))
    return [str(record.facts["person_id"]) for record in records]


def test_files_of_a_pattern_make_up_one_listing(tmp_path: Path) -> None:
    """A site's file that is left out would look like a short listing."""
    write(tmp_path / "leavers-b.csv", rows(3))
    write(tmp_path / "leavers-a.csv", rows(1, 2))
    write(tmp_path / "other.csv", rows(9))

    assert ["1", "2", "3"] == people(tmp_path, "leavers-*.csv")
    assert {0} == {page.part for page in pages_of(connector(tmp_path, "leavers-*.csv"))}
    assert all(page.full for page in pages_of(connector(tmp_path, "leavers-*.csv")))


def test_deliveries_in_a_folder_add_up_and_the_later_one_is_told_apart(tmp_path: Path) -> None:
    """A correction in a later file is no contradiction to the earlier one."""
    write(tmp_path / "2026-10.csv", rows(1))
    write(tmp_path / "2026-11.csv", rows(1, 2))

    pages = pages_of(connector(tmp_path.parent, tmp_path.name))

    assert [0, 1] == [page.part for page in pages]
    assert not any(page.full for page in pages), "one month is not everybody"


def test_of_full_listings_in_a_folder_the_last_by_name_counts(tmp_path: Path) -> None:
    """Last month's listing would bring back what was corrected since."""
    write(tmp_path / "2026-10.csv", rows(1, 2))
    write(tmp_path / "2026-11.csv", rows(2))

    assert ["2"] == people(tmp_path.parent, tmp_path.name, listing="full")


@pytest.mark.parametrize("name", ["b.csv.part", "b.csv.tmp", ".b.csv", "~b.csv", "b.csv.filepart"])
def test_a_file_that_is_being_copied_is_not_read(tmp_path: Path, name: str) -> None:
    """Half a file would pass for a delivery."""
    write(tmp_path / "a.csv", rows(1))
    write(tmp_path / name, rows(2))

    assert ["1"] == people(tmp_path.parent, tmp_path.name)


def test_a_file_counts_once_its_marker_is_there(tmp_path: Path) -> None:
    """Some programs write in place and say when they are done."""
    write(tmp_path / "a.csv", rows(1))
    write(tmp_path / "b.csv", rows(2))
    (tmp_path / "a.csv.done").touch()

    assert ["1"] == people(tmp_path.parent, tmp_path.name, marker=".done")


def test_a_file_that_still_grows_is_left_alone(tmp_path: Path) -> None:
    """It would be short, and nobody would know."""
    path = write(tmp_path / "input.csv", rows(1))

    def grow(seconds: float) -> None:
        assert 3 == seconds
        with path.open("a", encoding="utf-8") as stream:
            stream.write(rows(2)[0] + "\n")

    with pytest.raises(Unavailable, match=r"input\.csv is still being written"):
        pages_of(connector(tmp_path, pause=grow, settle_seconds=3))

    assert 2 == len(records_of(connector(tmp_path, settle_seconds=3)))


def test_a_file_that_changes_while_it_is_read_is_not_a_good_read(tmp_path: Path) -> None:
    """What was read before and after the change belongs to two different files."""
    path = write(tmp_path / "input.csv", rows(*range(PAGE_ROWS + 10)))
    reading = connector(tmp_path).pull(WINDOW, None)
    next(reading)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(rows(99_999)[0] + "\n")

    with pytest.raises(Unavailable, match="still being written"):
        list(reading)


def test_a_folder_without_a_finished_file_is_not_an_empty_source(tmp_path: Path) -> None:
    """A payroll close would be done although its export never came."""
    write(tmp_path / "a.csv.part", rows(1))

    with pytest.raises(Unavailable, match="no finished file"):
        pages_of(connector(tmp_path.parent, tmp_path.name))


def test_a_missing_file_is_told_from_one_that_is_on_its_way(tmp_path: Path) -> None:
    """The first needs a person, the second only patience."""
    with pytest.raises(ConfigError, match=r"input\.csv: there is no such file"):
        pages_of(connector(tmp_path))
    write(tmp_path / "input.csv.part", rows(1))
    with pytest.raises(Unavailable, match="no finished file"):
        pages_of(connector(tmp_path))


def test_a_file_that_is_gone_by_now_names_itself(tmp_path: Path) -> None:
    """Exit 2 is of no use without a name, and the system's message has the wrong one."""
    with pytest.raises(ConfigError, match=r"input\.csv: cannot be read: No such file"):
        Delivered.of(tmp_path / "input.csv")


def test_the_basis_follows_the_bytes_and_the_mapping_and_nothing_else(tmp_path: Path) -> None:
    """A stale basis skips the guards; a restless one writes a watermark in every run."""
    mapping = tmp_path / "mapping.yaml"
    mapping.write_bytes(MAPPING.read_bytes())

    def basis() -> str:
        (found,) = {page.basis for page in pages_of(connector(tmp_path, mapping=mapping))}
        return found

    write(tmp_path / "input.csv", rows(1))
    first = basis()
    (tmp_path / "input.csv").touch()
    assert first == basis()
    write(tmp_path / "input.csv", rows(2))
    second = basis()
    mapping.write_bytes(mapping.read_bytes() + b"\n# a comment\n")

    assert 3 == len({first, second, basis()})


def test_pages_are_bounded_and_a_read_goes_on_from_a_cursor(tmp_path: Path) -> None:
    """Memory must not grow with the file, and a resumed read must neither lose nor repeat rows."""
    write(tmp_path / "input.csv", rows(*range(2 * PAGE_ROWS + 1)))

    pages = pages_of(connector(tmp_path))
    rest = list(connector(tmp_path).pull(WINDOW, pages[0].cursor))

    assert [PAGE_ROWS, PAGE_ROWS, 1] == [len(page.records) for page in pages]
    assert [Cursor("1"), Cursor("2"), None] == [page.cursor for page in pages]
    assert pages[1:] == rest


def test_totals_of_several_files_are_added(tmp_path: Path) -> None:
    """Each file says how many rows it has; the read is all of them."""
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        MAPPING.read_text(encoding="utf-8") + 'total: {trailer: "^Total,(\\\\d+)"}\n',
        encoding="utf-8",
    )
    write(tmp_path / "a.csv", [*rows(1, 2), "Total,2,,,,,,,"])
    write(tmp_path / "b.csv", [*rows(3), "Total,1,,,,,,,"])

    pages = pages_of(connector(tmp_path, "[ab].csv", mapping))

    assert [None, 3] == [page.declared_total for page in pages]
    assert 3 == sum(len(page.records) for page in pages)


def test_a_cell_as_long_as_a_book_is_no_name(tmp_path: Path) -> None:
    """One broken cell must not stop the file, nor be taken in."""
    long = rows(1)[0].replace("Ada", "A" * 140_000)
    write(tmp_path / "input.csv", [long, *rows(2)])

    records = records_of(connector(tmp_path))

    assert [(("row", "too-long"),), ()] == [record.problems for record in records]


def test_a_stray_quote_costs_one_row_of_thousands(tmp_path: Path) -> None:
    """It used to swallow everything up to the next quote."""
    many = rows(*range(5_000))
    many[10] = many[10].replace("Ada", '"Ada')
    many[4_000] = many[4_000].replace("Brandt", '"Brandt')
    write(tmp_path / "input.csv", many)

    records = records_of(connector(tmp_path))

    assert 5_000 == len(records)
    assert ["input.csv:12", "input.csv:4002"] == [r.where for r in records if r.problems]


def test_a_header_between_blank_lines_at_the_end_does_not_hide_the_trailer(tmp_path: Path) -> None:
    """The last row is the last one that says something."""
    mapping = tmp_path / "mapping.yaml"
    text = MAPPING.read_text(encoding="utf-8")
    mapping.write_text(text + 'total: {trailer: "^Total,(\\\\d+)"}\n', encoding="utf-8")
    blank = "," * HEADER.count(",")
    write(tmp_path / "input.csv", [*rows(1), "Total,1,,,,,,,", *[blank] * (PAGE_ROWS + 5)])

    pages = pages_of(connector(tmp_path, mapping=mapping))

    assert (1, 1) == (sum(len(page.records) for page in pages), pages[-1].declared_total)
