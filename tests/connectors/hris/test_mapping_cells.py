"""Cells become values, and what is remembered of them is bounded."""

import pytest

from alumni_sync.domain import ExitKind
from connectors.mapping_cells import (
    REMEMBERED,
    UNMAPPED,
    MappedReader,
    Remembering,
    TagReader,
    read_country,
    read_integer,
    read_language,
    read_text,
)
from connectors.mapping_codes import ExitCodes


def test_what_is_remembered_does_not_grow_with_the_file() -> None:
    """A column of addresses would otherwise be in memory as a whole."""
    asked: list[str] = []

    def read(cell: str) -> str:
        asked.append(cell)
        return cell.upper()

    remembering = Remembering(read)
    for number in range(3 * REMEMBERED):
        assert f"X{number}" == remembering[f"x{number}"]

    assert len(remembering) <= REMEMBERED
    assert None is remembering[""]
    assert 3 * REMEMBERED == len(asked)


def test_a_tag_that_may_not_be_there_spoils_the_cell() -> None:
    """Half a list of tags would hide what the other half says."""
    read = TagReader(",", MappedReader({"ekspert": "expert", "x": ""}, "reject", read_text))

    assert ("expert",) == read("Ekspert, ekspert,,x")
    assert UNMAPPED is read("ekspert, other")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7", 7), (" 7".strip(), 7), ("-3", -3), ("3.0", 3), ("3,00", 3)],
)
def test_whole_numbers_as_spreadsheets_write_them(text: str, expected: int) -> None:
    """A level of 3.0 is level 3."""
    assert expected == read_integer(text)


@pytest.mark.parametrize("text", ["3.5", "III", "1e3", "1 000", "٣", "9" * 10])
def test_what_is_no_whole_number_is_not_guessed(text: str) -> None:
    """A level read wrong makes an expert of somebody, or none."""
    assert "not-a-number" == getattr(read_integer(text), "reason", None)


def test_countries_and_languages_are_codes() -> None:
    """Holidays and notices are found by them."""
    assert "PL" == read_country("pl")
    assert "not-a-country" == getattr(read_country("Polska"), "reason", None)
    assert "pt-br" == read_language("pt_BR")
    assert "not-a-language" == getattr(read_language("polski język"), "reason", None)


def test_exact_codes_come_before_patterns_and_an_undisclosed_one_leaves_no_trace() -> None:
    """A pattern that is too wide must not swallow a code that is listed."""
    codes = ExitCodes(
        {"K1": ExitKind.RESIGNATION},
        [("K.*", ExitKind.MISCONDUCT), ("ill.*", ExitKind.UNDISCLOSED)],
    )

    kinds = [codes.kind(code) for code in ("K1", "k1", "K2", "xK2", "", None, "Ill since May")]
    assert [
        ExitKind.RESIGNATION,
        ExitKind.RESIGNATION,
        ExitKind.MISCONDUCT,
        ExitKind.UNKNOWN,
        ExitKind.UNKNOWN,
        ExitKind.UNKNOWN,
        ExitKind.UNDISCLOSED,
    ] == kinds
    assert ["undisclosed", "K1"] == [codes.redacted(cell) for cell in (' "ill since May"', "K1")]
