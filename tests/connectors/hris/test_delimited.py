"""Lines become rows, whatever one of them holds."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from connectors.delimited import STRAY_QUOTE, Block, read_blocks
from connectors.mapping import SourceMapping
from connectors.mapping_cells import YES_NO, clean, forbidden, needs_cleaning
from connectors.mapping_columns import ColumnTranslator

WIDTH = 4
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp"))
PLAIN = st.text(
    st.characters(codec="utf-8", categories=("L", "N"), exclude_characters=""), min_size=1
)
CELLS = st.text(LETTERS | st.sampled_from(',;"\n'), max_size=12)
DELIMITERS = st.sampled_from([",", ";", "\t"])


def table_of(cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[list[str]]]:
    """Return tables whose first column is never empty: a row of blanks is none."""
    row = st.tuples(PLAIN, *[cells] * (WIDTH - 1)).map(list)
    return st.lists(row, min_size=1, max_size=12)


def text_of(rows: list[list[str]], delimiter: str) -> str:
    """Write a table as a spreadsheet does."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def read(text: str, delimiter: str, size: int) -> list[Block]:
    """Read text in blocks of `size` lines."""
    lines = io.StringIO(text, newline="").readlines()
    return list(read_blocks(lines, delimiter, WIDTH, read_before=1, size=size))


@given(table_of(CELLS), DELIMITERS, st.integers(1, 9))
def test_a_table_is_read_back_as_it_was_written(
    rows: list[list[str]], delimiter: str, size: int
) -> None:
    """Quotes, delimiters and line breaks in cells are what CSV is for, also across blocks."""
    blocks = read(text_of(rows, delimiter), delimiter, size)

    assert rows == [row for block in blocks for row in block.rows]
    assert [] == [broken for block in blocks for broken in block.broken]


@given(table_of(PLAIN), DELIMITERS, st.integers(1, 9), st.data())
def test_a_stray_quote_costs_its_own_row_and_no_other(
    rows: list[list[str]], delimiter: str, size: int, data: st.DataObject
) -> None:
    """One slip of a hand used to hide everybody who stands below it."""
    at = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, WIDTH - 1))
    lines = [delimiter.join(row) for row in rows]
    cells = list(rows[at])
    cells[column] = '"' + cells[column]
    lines[at] = delimiter.join(cells)

    blocks = read("".join(f"{line}\n" for line in lines), delimiter, size)

    assert rows[:at] + rows[at + 1 :] == [row for block in blocks for row in block.rows]
    broken = [found for block in blocks for found in block.broken]
    assert [(at + 2, STRAY_QUOTE)] == [(found.line, found.reason) for found in broken]


@given(table_of(PLAIN), st.data())
def test_a_row_with_a_cell_too_many_is_named_by_its_line(
    rows: list[list[str]], data: st.DataObject
) -> None:
    """A shifted row would put a name where a date belongs."""
    at = data.draw(st.integers(0, len(rows) - 1))
    lines = [",".join(row) for row in rows]
    lines[at] += ",x"

    blocks = read("".join(f"{line}\n" for line in lines), ",", 3)

    assert [at + 2] == [found.line for block in blocks for found in block.broken]
    assert len(rows) - 1 == sum(len(block.rows) for block in blocks)


@given(st.text(max_size=40))
def test_a_clean_cell_needs_no_cleaning_but_for_entities(text: str) -> None:
    """The fast path skips cells that need nothing; both paths must agree on what that is."""
    if not needs_cleaning(text):
        assert text.strip() == clean(text)
        assert None is forbidden(text.strip())
    assert "\xa0" not in clean(text)


COLUMNS = ("Id", "Hired", "Last", "Exit", "Status", "Code", "Grade", "Tags", "Land", "No mail")
MAPPING = SourceMapping.model_validate(
    {
        "dates": ["dmy", "iso", "month"],
        "fields": {
            "person_id": "Id",
            "hire_date": "Hired",
            "last_working_day": "Last",
            "exit_date": "Exit",
            "record_status": {"column": "Status", "values": {"in": "active"}},
            "exit_code": "Code",
            "job_level": "Grade",
            "tags": "Tags",
            "country": "Land",
            "do_not_consider": "No mail",
        },
        "exit_codes": {"exact": {"R": "resignation"}, "patterns": {"sick.*": "undisclosed"}},
    }
)
WORDS = st.text(max_size=12) | st.sampled_from(
    ["01.02.2020", "2026-09-30", "in", "left", "R", "sick of it", "PL", "3", *YES_NO]
)


@given(st.lists(st.tuples(*[WORDS] * len(COLUMNS)), max_size=6))
def test_whatever_a_row_holds_it_has_facts_or_reasons(rows: list[tuple[str, ...]]) -> None:
    """An exception would stop the file at one person, and quote the cell."""
    done = ColumnTranslator(MAPPING, COLUMNS).translate(rows, odd=True)

    assert len(rows) == len(done.facts)
    for at, facts in enumerate(done.facts):
        reasons = done.problems.get(at, [])
        assert all(field and reason for field, reason in reasons)
        placed = facts.get("person_id") and facts.get("hire_date") and facts.get("record_status")
        assert bool(placed) or reasons
        assert "sick" not in repr(facts.get("exit_code", "")).casefold() or (
            facts["exit_kind"] != "undisclosed"
        )
