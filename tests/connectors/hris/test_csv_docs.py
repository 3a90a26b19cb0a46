"""docs/connectors-csv.md tells everything there is, and nothing that is not."""

import re
from pathlib import Path

import pytest

from alumni_sync.domain import LEAVER_FIELDS, ExitKind, RecordStatus
from alumni_sync.intake.quarantine import CONFLICT, INCOMPLETE
from connectors import delimited, mapping_cells, mapping_columns, mapping_dates
from connectors.delivery import UNFINISHED
from connectors.hris.csv import CsvSettings
from connectors.mapping import SourceMapping
from connectors.mapping_cells import Unreadable
from connectors.mapping_dates import DateForm

PAGE = (Path(__file__).parents[3] / "docs" / "connectors-csv.md").read_text(encoding="utf-8")
REASONS = {
    *(
        value.reason
        for module in (mapping_cells, mapping_dates)
        for value in vars(module).values()
        if isinstance(value, Unreadable)
    ),
    delimited.CELL_COUNT,
    delimited.STRAY_QUOTE,
    delimited.TOO_LONG,
    mapping_columns.MISSING,
    mapping_columns.BEFORE_HIRE,
    CONFLICT[1],
    INCOMPLETE[1],
}


def table(heading: str) -> set[str]:
    """Return the names in code in the first column of the table under a heading."""
    section = re.split(
        r"^#+ ", PAGE.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE
    )[0]
    firsts = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in firsts for name in re.findall(r"`([^`]+)`", cell)}


def test_every_setting_key_field_form_and_reason_is_documented_and_only_those() -> None:
    """A stranger maps an export with this page alone."""
    assert set(CsvSettings.model_fields) == table("The source")
    assert set(SourceMapping.model_fields) == table("The mapping file")
    assert set(LEAVER_FIELDS) - {"exit_kind"} == {
        name for name in table("Columns") if ":" not in name
    }
    assert {form.value for form in DateForm} == table("Dates")
    assert REASONS == table("Rows that are rejected")


@pytest.mark.parametrize("word", [*ExitKind, *RecordStatus, *UNFINISHED])
def test_every_word_of_the_vocabulary_is_on_the_page(word: str) -> None:
    """Nobody should have to look into the code for it."""
    assert f"`{word}`" in PAGE
